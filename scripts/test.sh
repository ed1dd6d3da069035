#!/bin/sh
# Runs the tests; sets up what they need the first time.   sh scripts/test.sh [pytest flags]
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh dev
exec .venv/bin/python -m pytest "$@"
