#!/bin/sh
# Trains the first network at every published rate.
#   sh scripts/train-all-cnns.sh [cifar|audio] [flags of the sweep and of train.py]
set -eu
PATH="$(cd "$(dirname "$0")/.." && pwd)/.venv/bin:$PATH"
case ${1-} in cifar | audio) domain=$1 && shift ;; *) domain=cifar ;; esac
exec python -m helmholtz.sweep "$domain" --setting 0 "$@"
