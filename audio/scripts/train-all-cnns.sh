#!/bin/sh
# Trains the first network at every published rate; flags are handed on.
exec sh "$(dirname "$0")/../../scripts/train-all-cnns.sh" audio "$@"
