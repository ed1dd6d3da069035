#!/bin/sh
# Makes the results again; the same command goes on where it was stopped.
#   sh scripts/reproduce.sh quick    the embedded sample, two rates and two seeds: ten minutes
#   sh scripts/reproduce.sh paper    the published runs, three seeds: for a machine with a GPU
# Writes to logs/reproduce-quick/ or logs/reproduce-paper/, with the report in it.
set -eu
which=${1-quick}
case $which in quick | paper) ;; *) sed -n '2,5s/^# //p' "$0" >&2 && exit 2 ;; esac
cd "$(dirname "$0")/.."
sh scripts/setup.sh
PATH="$(pwd)/.venv/bin:$PATH"
logs=logs/reproduce-$which
sweep() { python -m helmholtz.sweep "$@" --log_dir "$logs"; }

if [ "$which" = quick ]; then
    quick="--source sample --seed 0 1 --jobs 2 --precision bfloat16"
    sweep cifar $quick --quality 0 10 --limit 4000 --num_epoch 6 --batch_size 32
    sweep audio $quick --bitrate 0 32 --num_epoch 10 --batch_size 20
else
    sweep cifar --setting 0 --seed 0 1 2 --quality 0 1 5 10 15 20 25 50 75 100
    sweep cifar --setting 1 2 3 4 5 --seed 0 1 2 --quality 0 25
    sweep audio --setting 0 --seed 0 1 2 --bitrate 0 8 16 32 64 96 128 160
    sweep audio --setting 1 2 3 4 5 --seed 0 1 2 --bitrate 0 32
fi
python -m helmholtz.report "$logs" --out "$logs/report"
