#!/bin/sh
# Trains the first network at every published rate.
#   sh scripts/train-all-cnns.sh [cifar|audio] [flags of the sweep and of train.py]
# Without cifar or audio it is cifar. `sh scripts/sweep.sh -h` says how to list the flags.
set -eu
. "$(dirname "$0")/usage.sh"
case ${1-} in '' | -*) set -- cifar "$@" ;; esac
check_half "$@"
half=$1 && shift
exec sh "$(dirname "$0")/sweep.sh" "$half" --setting 0 "$@"
