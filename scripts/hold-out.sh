#!/bin/sh
# Lays a folder out as train/ and test/, to test on people or things that were not in training.
#   sh scripts/hold-out.sh FOLDER OUT PATTERN...    for example ~/drums ~/by-machine 'Roland*'
# FOLDER has a folder of files for each class. Files whose name matches a PATTERN, quoted, are the test
# split. OUT, which must not exist, gets links to them, and may be given as --source.
set -eu
. "$(dirname "$0")/usage.sh"
[ $# -ge 3 ] || refuse "Give FOLDER, OUT and at least one PATTERN."
[ -d "$1" ] || { echo "$1 is not a folder: give one with a folder of files for each class." >&2; exit 3; }
[ ! -e "$2" ] || { echo "$2 exists: give a folder that does not." >&2; exit 3; }
folder=$(cd "$1" && pwd) out=$2 part=${2%/}.part-$$
trap 'rm -rf "$part"' EXIT # nothing half-made is left
trap 'exit 75' INT TERM
shift 2

find_half() { # sets half for a file's name, without a process of its own
    name=$1 half=train
    shift
    for pattern in "$@"; do
        case $name in $pattern) half=test ;; esac
    done
}

for class in "$folder"/*/; do
    halves=
    for file in "$class"*; do
        [ ! -f "$file" ] || { find_half "${file##*/}" "$@" && halves="$halves $half"; }
    done
    case $halves in
    *test*train* | *train*test*) ;;
    *) echo "$class would have no file to train on, or none to test on: give other patterns." >&2; exit 3 ;;
    esac
done
for file in "$folder"/*/*; do
    [ -f "$file" ] || continue
    find_half "${file##*/}" "$@"
    class=${file%/*}
    to=$part/$half/${class##*/}
    mkdir -p "$to"
    ln -s "$file" "$to"
done
mv "$part" "$out"
