#!/bin/sh
# Trains the other five networks at one rate, JPEG quality 25 or MP3 at 32 kb/s.
#   sh scripts/train-all-settings.sh [cifar|audio] [flags of the sweep and of train.py]
set -eu
case ${1-} in cifar | audio) domain=$1 && shift ;; *) domain=cifar ;; esac
[ "$domain" = cifar ] && rate='--quality 25' || rate='--bitrate 32'
exec sh "$(dirname "$0")/sweep.sh" "$domain" --setting 1 2 3 4 5 $rate "$@"
