#!/bin/sh
# Trains the other five networks at one rate, JPEG quality 25 or MP3 at 32 kb/s.
#   sh scripts/train-all-settings.sh [cifar|audio] [flags of the sweep and of train.py]
# Without cifar or audio it is cifar. `sh scripts/sweep.sh -h` says how to list the flags.
set -eu
. "$(dirname "$0")/usage.sh"
case ${1-} in '' | -*) set -- cifar "$@" ;; esac
check_half "$@"
half=$1 && shift
[ "$half" = cifar ] && rate='--quality 25' || rate='--bitrate 32'
exec sh "$(dirname "$0")/sweep.sh" "$half" --setting 1 2 3 4 5 $rate "$@"
