#!/bin/sh
# Lays the files of the Free Spoken Digit Dataset out as train/ and test/ with a folder for each digit.
#   sh scripts/spoken-digits.sh RECORDINGS OUT            tests on index 0 to 4, as published
#   sh scripts/spoken-digits.sh RECORDINGS OUT SPEAKER    tests on a speaker that training never heard
# RECORDINGS holds <digit>_<speaker>_<index>.wav. OUT, which must not exist, gets links to them.
set -eu
. "$(dirname "$0")/usage.sh"
case $# in 2 | 3) ;; *) refuse "Give RECORDINGS and OUT, and no more than a SPEAKER." ;; esac
first=0_${3:-jackson}_0.wav
[ -e "$1/$first" ] || { echo "$1 holds no $first: give the folder of recordings." >&2; exit 3; }
[ ! -e "$2" ] || { echo "$2 exists: give a folder that does not." >&2; exit 3; }
recordings=$(cd "$1" && pwd) part=${2%/}.part-$$
trap 'rm -rf "$part"' EXIT # nothing half-made is left
trap 'exit 75' INT TERM
tested="*_[0-4].wav"
[ $# = 2 ] || tested="*_$3_*"
for file in "$recordings"/[0-9]_*_*.wav; do
    name=${file##*/}
    case $name in $tested) half=test ;; *) half=train ;; esac
    mkdir -p "$part/$half/${name%%_*}"
    ln -s "$file" "$part/$half/${name%%_*}/$name"
done
mv "$part" "$2"
