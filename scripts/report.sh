#!/bin/sh
# Reads the runs under logs/, or under the folders given, and writes logs/report/index.html.
root=$(cd "$(dirname "$0")/.." && pwd) && sh "$root/scripts/setup.sh" &&
    exec "$root/.venv/bin/python" -m helmholtz.report "$@"
