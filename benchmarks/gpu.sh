#!/bin/sh
# What needs a GPU, in the order of its worth: about half an hour of one; the same command goes on.
#   sh benchmarks/gpu.sh IMAGES SOUNDS [flags of train.py]
# IMAGES and SOUNDS are folders as --source takes them: lossless CIFAR-10, drum sounds. Runs with the
# python that is active, on JAX unless KERAS_BACKEND names another backend; its tables and the report
# are in logs/gpu/. No GPU was measured so far: which steps half an hour covers is a guess.
set -eu
. "$(dirname "$0")/../scripts/usage.sh"
[ $# -ge 2 ] || refuse "It takes two folders, of images and of sounds."
for folder in "$1" "$2"; do
    [ -d "$folder" ] || { echo "$folder is not a folder." >&2; exit 3; }
done
images=$(cd "$1" && pwd) sounds=$(cd "$2" && pwd)
shift 2
cd "$(dirname "$0")/.."
export KERAS_BACKEND="${KERAS_BACKEND:-jax}" PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
logs=logs/gpu rates='0 1 5 10 25 50 75 100'
sees='from helmholtz.training.device import gpu; raise SystemExit(gpu() is None)'
python -c "$sees" || { echo "$KERAS_BACKEND sees no GPU here: install its build for GPUs." >&2; exit 4; }
mkdir -p $logs
trap 'exit 75' INT
failed=0
sweep() { # a failed run does not stop the others
    half=$1 source=$2
    shift 2
    python -m helmholtz.sweep "$half" --source "$source" --log_dir $logs "$@" ||
        { failed=$? && [ $failed = 1 ] || exit $failed; }
}

if [ ! -s $logs/speed.md ]; then # items a second of every network and precision
    python benchmarks/train.py --runs 1 >$logs/speed.part && mv $logs/speed.part $logs/speed.md || failed=1
fi
for seed in 0 1 2; do
    sweep cifar "$images" --model quick --seed $seed --quality $rates --test_quality $rates "$@"
done
sweep cifar "$images" --model strong --seed 0 1 2 --quality 0 75 50 25 --test_quality $rates "$@"
sweep cifar "$images" --model quick --seed 3 4 --quality $rates --test_quality $rates "$@"
sweep audio "$sounds" --mono --dur 2 --model quick --codec mp3 opus --seed 0 1 2 3 4 \
    --bitrate 0 8 16 32 64 128 "$@"
sweep cifar "$images" --setting 0 1 2 3 4 5 --seed 0 --quality 0 25 --num_epoch 20 "$@"
sweep cifar "$images" --model strong --seed 0 1 2 --quality 10 5 --test_quality $rates "$@"
python -m helmholtz.report $logs --predictions --out $logs/report
exit $failed
