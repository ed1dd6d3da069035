#!/bin/sh
# Trains on the embedded images and sounds, uncompressed and compressed, and shows what that cost.
# Takes about four minutes on two cores; writes to logs/demo/.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh
PATH="$(pwd)/.venv/bin:$PATH"
rm -rf logs/demo
quick="--source sample --log_dir logs/demo --jobs 2"

python -m helmholtz.sweep cifar --quality 0 10 $quick \
    --limit 3000 --num_epoch 4 --batch_size 32 --precision bfloat16
python -m helmholtz.sweep audio --bitrate 0 32 $quick --num_epoch 6 --batch_size 20
python -m helmholtz.report logs/demo --out logs/demo/report
