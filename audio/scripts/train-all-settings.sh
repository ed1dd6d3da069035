#!/bin/sh
# Trains the other five networks at one rate; flags are handed on.
exec sh "$(dirname "$0")/../../scripts/train-all-settings.sh" audio "$@"
