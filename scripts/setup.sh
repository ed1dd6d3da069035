#!/bin/sh
# Makes the virtual environment .venv of this checkout, or brings it up to date.
#   sh scripts/setup.sh [extra ...]       extras: codecs, dev, mutants, ray
#   sh scripts/setup.sh --lowest [extra ...]   the lowest versions that requirements.txt admits
#   sh scripts/setup.sh --locked          the versions and hashes of requirements.lock alone, on the CPU
set -eu
. "$(dirname "$0")/usage.sh"
locked='' lowest=''
case ${1-} in --locked) locked=yes && shift ;; --lowest) lowest=yes && shift ;; esac
[ -z "$locked" ] || [ $# = 0 ] || refuse "--locked takes no extra."
for extra in "$@"; do
    case $extra in codecs | dev | mutants | ray) ;; *) refuse "There is no extra '$extra', only codecs, dev, mutants and ray." ;; esac
done
cd "$(dirname "$0")/.."

if command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q GPU; then
    build='tensorflow[and-cuda]'
elif [ "$(uname -s)" = Linux ]; then
    build=tensorflow-cpu
else
    build=tensorflow
fi
extras=$(echo "$*" | tr ' ' ',')
wanted=$(sed -e "s/^tensorflow>=/$build>=/" -e "s/^-e \.\$/-e .${extras:+[$extras]}/" requirements.txt)
[ -z "$lowest" ] || wanted=$(echo "$wanted" | sed 's/>=/==/')

# One at a time: the lock on this file is held by this shell and what it starts, until they end.
exec 9<>scripts/setup.sh
${PYTHON:-python3} -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Waiting for another setup.sh of this checkout ...", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError:
    pass  # of a file system without locks
'
# An interrupted start leaves a .venv without pip.
.venv/bin/python -m pip --version >/dev/null 2>&1 || ${PYTHON:-python3} -m venv --clear .venv
install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
if [ "$locked" ]; then # the checkout itself has no hash: it is built with what the lock has brought
    install --require-hashes -r requirements.lock
    install --no-deps --no-build-isolation -e .
    exit
fi
stamp=.venv/installed${extras:+-$extras}.txt
if ! { echo "$wanted"; cat pyproject.toml; } | cmp -s - "$stamp"; then
    echo "Installing into $(pwd)/.venv (a few minutes the first time) ..."
    echo "$wanted" >.venv/requirements.txt
    install -r .venv/requirements.txt
    { echo "$wanted"; cat pyproject.toml; } >"$stamp"
fi
