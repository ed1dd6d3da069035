#!/bin/sh
# Trains many runs; sets up what is missing.
#   sh scripts/sweep.sh cifar|audio [flags of the sweep and of train.py]
# After `sh scripts/setup.sh`, `.venv/bin/python -m helmholtz.sweep cifar -h` lists those of the
# sweep, and `.venv/bin/python cifar/train.py -h` those of train.py.
set -eu
. "$(dirname "$0")/usage.sh"
check_half "$@"
root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/.venv/bin:$PATH"
if [ -e "$root/.venv" ]; then
    [ -e "$root/.venv/installed.txt" ] || sh "$root/scripts/setup.sh" # the last installation did not end
else # an environment of one's own will do
    installed='import importlib.util as u; raise SystemExit(u.find_spec("keras") is None)'
    python -c "$installed" 2>/dev/null || sh "$root/scripts/setup.sh"
fi
exec python -m helmholtz.sweep "$@"
