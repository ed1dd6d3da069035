#!/bin/sh
# Trains the first network at every published rate.
#   sh scripts/train-all-cnns.sh [cifar|audio] [flags of the sweep and of train.py]
set -eu
case ${1-} in cifar | audio) domain=$1 && shift ;; *) domain=cifar ;; esac
exec sh "$(dirname "$0")/sweep.sh" "$domain" --setting 0 "$@"
