# Sourced by the other scripts: -h shows the comment that a script begins with, its usage.
unset CDPATH # with which cd prints where it goes

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
requeued() { # runs a command of an array task, and queues the task again where it was cut short
    "$@" &
    trap 'kill -TERM $!' TERM
    wait $!
    code=$?
    while kill -0 $! 2>/dev/null; do # the signal ended wait before the command had ended
        wait $!
        code=$?
    done
    [ $code -ne 75 ] || scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
    exit $code
}

for word in "$@"; do
    case $word in -h | --help) usage && exit ;; esac
done
