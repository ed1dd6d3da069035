#!/bin/sh
# Trains many runs; sets up what is missing.   sh scripts/sweep.sh cifar|audio [flags of the sweep]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/.venv/bin:$PATH"
installed='import importlib.util as u; raise SystemExit(u.find_spec("keras") is None)'
python -c "$installed" 2>/dev/null || sh "$root/scripts/setup.sh"
exec python -m helmholtz.sweep "$@"
