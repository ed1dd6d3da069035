# Sourced by the other scripts: -h shows the comment that a script begins with, its usage.

usage() { sed -n '2,/^[^#]/s/^# //p' "$0"; }
refuse() { # in a sentence
    echo "$1 \`sh $0 -h\` shows the usage." >&2
    exit 2
}
check_half() {
    case ${1-} in
    cifar | audio) ;;
    *) refuse "The first argument has to be cifar or audio, not '${1-}'." ;;
    esac
}

for word in "$@"; do
    case $word in -h | --help) usage && exit ;; esac
done
