#!/bin/sh
# Runs the benchmarks that need no data of yours and prints their tables; about forty minutes on two
# cores. The others say in their first lines what they need.
#   sh benchmarks/run.sh [--quick] > mine.md
set -eu
cd "$(dirname "$0")"
PATH="$(cd .. && pwd)/.venv/bin:$PATH"
for name in prepare_images prepare_sound train startup growth; do
    printf '\n## python benchmarks/%s.py %s\n\n' "$name" "$*"
    python "$name.py" "$@"
done
