#!/bin/sh
# Runs the tests, two files at a time; sets up what they need the first time.
#   sh scripts/test.sh [flags and files for pytest]
set -eu
. "$(dirname "$0")/usage.sh"
cd "$(dirname "$0")/.."
sh scripts/setup.sh dev
exec .venv/bin/python -m pytest --numprocesses=2 --dist=loadfile "$@" # many tests wait for processes
