#!/bin/sh
# Reads the runs under logs/, or under the folders given, and writes logs/report/index.html.
#   sh scripts/report.sh [folder ...] [flags of the report]
# After `sh scripts/setup.sh`, `.venv/bin/python -m helmholtz.report -h` lists the flags.
set -eu
. "$(dirname "$0")/usage.sh"
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/scripts/setup.sh"
exec "$root/.venv/bin/python" -m helmholtz.report "$@"
