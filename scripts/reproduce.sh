#!/bin/sh
# Makes the results again; the same command goes on where it was stopped.
#   sh scripts/reproduce.sh sample          the built-in samples, two rates and two seeds: seven minutes
#   sh scripts/reproduce.sh lossless FOLDER results/lossless: lossless CIFAR-10, less than four hours
#   sh scripts/reproduce.sh qualities FOLDER results/qualities: the same at lower qualities, three hours
#   sh scripts/reproduce.sh published FOLDER results/published: the published networks on it, an hour and a half
#   sh scripts/reproduce.sh noise           results/noise: the embedded samples, a quarter of an hour
#   sh scripts/reproduce.sh imagenette FOLDER results/imagenette: photographs of 224 pixels, three hours
#   sh scripts/reproduce.sh images FOLDER   results/images: photographs, less than four hours of two cores
#   sh scripts/reproduce.sh sound FOLDER    results/sound: recordings, somewhat over two hours
#   sh scripts/reproduce.sh drums FOLDER    results/drums: the same recordings, quick, over half an hour
#   sh scripts/reproduce.sh machines FOLDER results/machines: the same, tested on machines never heard
#   sh scripts/reproduce.sh digits FOLDER   results/digits: spoken digits, MP3 and Opus, half an hour
#   sh scripts/reproduce.sh paper           the published runs, three seeds: for a machine with a GPU
# FOLDER has a folder of files for each class, or train/ and test/ of such; for images the archive of
# CIFAR-10 will do too. Writes to logs/reproduce-<which>/, the report in it.
set -eu
. "$(dirname "$0")/usage.sh"
[ $# -gt 0 ] || { usage >&2 && exit 2; }
which=$1
case $which/$# in
sample/1 | noise/1 | paper/1) ;;
lossless/2 | qualities/2 | published/2 | imagenette/2 | images/2 | sound/2 | drums/2 | machines/2 | digits/2) ;;
sample/* | noise/* | paper/*) refuse "$which takes no FOLDER." ;;
lossless/* | qualities/* | published/* | imagenette/* | images/* | sound/* | drums/* | machines/* | digits/*)
    refuse "$which takes one FOLDER." ;;
*)
    refuse "There is no '$which' to reproduce, only sample, noise, lossless, qualities, published, imagenette,\
 images, sound, drums, machines, digits and paper." ;;
esac
trap 'exit 75' INT # once the command that it stops has ended
if [ $# = 2 ]; then
    [ -e "$2" ] || { echo "$2 does not exist: give a folder with a folder of files for each class." >&2; exit 3; }
    data=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
fi
cd "$(dirname "$0")/.."
sh scripts/setup.sh
PATH="$(pwd)/.venv/bin:$PATH"
logs=logs/reproduce-$which
failed=0
sweep() { # a failed run does not stop the others; wrong usage and Ctrl-C do
    python -m helmholtz.sweep "$@" --log_dir "$logs" || { failed=$? && [ $failed = 1 ] || exit $failed; }
}

case $which in
sample)
    with="--source sample --seed 0 1 --jobs 2 --precision bfloat16"
    sweep cifar $with --quality 0 10 --limit 4000 --num_epoch 6 --batch_size 32
    sweep audio $with --bitrate 0 32 --num_epoch 10 --batch_size 20
    ;;
noise)
    with="--source sample --model quick --precision float32 --jobs 2"
    sweep cifar $with --limit 2000 --num_epoch 5 --batch_size 100 --learning_rate 0.2 \
        --seed 0 1 2 3 4 --quality 0 100 75 50 25 10 5 1
    sweep audio $with --num_epoch 10 --seed 0 1 2 --bitrate 0 128 64 32 16 8
    ;;
lossless)
    tested="0 1 5 10 25 50 75 100" with="--seed 0 1 2 --quality 0"
    sweep cifar --source "$data" --model quick --precision float32 $with 100 90 75 50 --test_quality $tested
    sweep cifar --source "$data" --model strong --precision bfloat16 $with
    ;;
qualities)
    tested="0 1 5 10 15 20 25 50 75 100" with="--model quick --precision bfloat16 --seed 0 1 2"
    sweep cifar --source "$data" $with --quality 0 25 20 15 10 5 1 --test_quality $tested
    ;;
published)
    with="--limit 10000 --val 0.2 --num_epoch 20 --precision float32 --jobs 2"
    sweep cifar --source "$data" $with --setting 0 1 2 3 4 5 --seed 0 --quality 0
    ;;
imagenette)
    with="--model quick --precision float32 --batch_size 125 --learning_rate 0.175 --seed 0 1 2"
    small="0 75 50 25 10" full="0 50 25 10 5" larger="0 50 10"
    sweep cifar --source "$data" $with --quality $small --test_quality $small
    sweep cifar --source "$data" $with --full_size --quality $full --test_quality $full
    sweep cifar --source "$data" $with --full_size --codec webp --quality 1 10 25
    sweep cifar --source "$data" $with --full_size --codec avif --quality 10 25 40
    sweep cifar --source "$data" $with --full_size --codec jp2 --quality 23 25 28
    sweep cifar --source "$data" $with --full_size --size 64 --quality $larger --test_quality $larger
    ;;
images)
    with="--limit 10000 --val 0.2 --batch_size 32 --num_epoch 15 --precision bfloat16 --jobs 2"
    sweep cifar --source "$data" $with --setting 0 --seed 0 1 2 --quality 0 1 5 10 25 50
    sweep cifar --source "$data" $with --setting 1 2 3 4 5 --seed 0 --quality 0 25
    ;;
sound)
    with="--mono --dur 2 --num_epoch 30 --precision bfloat16 --jobs 2"
    sweep audio --source "$data" $with --setting 0 --seed 0 1 2 --bitrate 0 8 16 32 64 128
    sweep audio --source "$data" $with --setting 1 2 3 4 5 --seed 0 --bitrate 0 32
    ;;
drums | machines)
    bitrates="0 8 32 64" with="--mono --dur 2 --model quick --precision bfloat16 --codec mp3 --seed 0 1 2"
    sweep audio --source "$data" $with --bitrate $bitrates --test_bitrate $bitrates
    ;;
digits)
    with="--mono --dur 1 --model quick --precision bfloat16 --num_epoch 10 --jobs 2"
    with="$with --seed 0 1 2 --codec mp3 opus"
    sweep audio --source "$data" $with --bitrate 0 8 16 32 --test_bitrate 0 8 16 32
    ;;
paper)
    sweep cifar --setting 0 --seed 0 1 2 --quality 0 1 5 10 15 20 25 50 75 100
    sweep cifar --setting 1 2 3 4 5 --seed 0 1 2 --quality 0 25
    sweep audio --setting 0 --seed 0 1 2 --bitrate 0 8 16 32 64 96 128 160
    sweep audio --setting 1 2 3 4 5 --seed 0 1 2 --bitrate 0 32
    ;;
esac
python -m helmholtz.report "$logs" --predictions --out "$logs/report"
exit $failed
