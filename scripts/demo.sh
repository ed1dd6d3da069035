#!/bin/sh
# Trains on the embedded images and sounds, uncompressed and compressed, and shows what that cost.
#   sh scripts/demo.sh
# Takes about four minutes on two cores; writes to logs/demo/. Stopped by Ctrl-C, the same command
# goes on where it was stopped; once finished, it starts anew.
set -eu
. "$(dirname "$0")/usage.sh"
[ $# = 0 ] || refuse "demo.sh takes no arguments."
trap 'exit 75' INT # once the command that it stops has ended
cd "$(dirname "$0")/.."
sh scripts/setup.sh
PATH="$(pwd)/.venv/bin:$PATH"
logs=logs/demo
[ ! -e $logs/report/index.html ] || rm -rf $logs
quick="--source sample --log_dir $logs --jobs 2"

python -m helmholtz.sweep cifar --quality 0 10 $quick \
    --limit 3000 --num_epoch 4 --batch_size 32 --precision bfloat16
python -m helmholtz.sweep audio --bitrate 0 32 $quick --num_epoch 6 --batch_size 20
python -m helmholtz.report $logs --out $logs/report
