#!/bin/sh
# Runs every benchmark and prints their tables; about forty minutes on two cores.
#   sh benchmarks/run.sh [--quick] > mine.md
# precision.py and sound_codecs.py stand apart: real data is for their flags to name, and the first
# trains for an hour.
set -eu
cd "$(dirname "$0")"
PATH="$(cd .. && pwd)/.venv/bin:$PATH"
for name in prepare_images prepare_sound train startup growth; do
    printf '\n## python benchmarks/%s.py %s\n\n' "$name" "$*"
    python "$name.py" "$@" 2>/dev/null
done
