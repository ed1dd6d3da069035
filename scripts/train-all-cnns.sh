#!/bin/sh
# Trains the first network at every published rate.
#   sh scripts/train-all-cnns.sh [cifar|audio] [flags of the sweep and of train.py]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
PATH="$root/.venv/bin:$PATH"
installed='import importlib.util as u; raise SystemExit(u.find_spec("keras") is None)'
python -c "$installed" 2>/dev/null || sh "$root/scripts/setup.sh"
case ${1-} in cifar | audio) domain=$1 && shift ;; *) domain=cifar ;; esac
exec python -m helmholtz.sweep "$domain" --setting 0 "$@"
