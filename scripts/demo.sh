#!/bin/sh
# Answers for the embedded images and sounds how far they can be compressed.
#   sh scripts/demo.sh
# Takes four to fifteen minutes on two cores; writes to logs/demo/. Stopped by Ctrl-C, the same command
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
ask() { python -m "$@" --source sample --jobs 2 --log_dir $logs || { code=$?; [ $code = 5 ] || exit $code; }; }

echo "Images: which JPEG quality may be used, if 2 points of accuracy may be lost?" >&2
ask cifar.answer --budget 6m --tolerance 2points --quality 50 10 \
    --limit 2000 --num_epoch 5 --batch_size 100 --learning_rate 0.2
echo "Sounds: which MP3 bitrate, if 10 points of accuracy may be lost?" >&2
ask audio.answer --budget 10m --tolerance 10points --bitrate 64 8 --num_epoch 16
python -m helmholtz.report $logs --out $logs/report
