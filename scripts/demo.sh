#!/bin/sh
# Trains on the embedded images and sounds, uncompressed and compressed, and answers what that costs.
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
quick="--source sample --model quick --seed 0 1 2 --log_dir $logs --jobs 2"

python -m helmholtz.sweep cifar --quality 0 50 10 $quick \
    --limit 2000 --num_epoch 5 --batch_size 100 --learning_rate 0.2
python -m helmholtz.sweep audio --bitrate 0 64 16 $quick --num_epoch 8
python -m helmholtz.report $logs --out $logs/report
