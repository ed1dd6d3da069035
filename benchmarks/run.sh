#!/bin/sh
# Runs every benchmark and writes RESULTS.md beside this file; about forty minutes on two cores.
#   sh benchmarks/run.sh [--quick]
# precision.py stands apart: it trains for an hour, and real data is for its flags to name.
set -eu
cd "$(dirname "$0")"
PATH="$(cd .. && pwd)/.venv/bin:$PATH"
{
    echo "# What was measured"
    echo
    echo "Every table is what the script named above it printed. Machines differ: read the ratios."
    for name in prepare_images prepare_sound train startup growth; do
        printf '\n## python benchmarks/%s.py %s\n\n' "$name" "$*"
        python "$name.py" "$@" 2>/dev/null
    done
} >RESULTS.tmp
mv RESULTS.tmp RESULTS.md
