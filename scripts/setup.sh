#!/bin/sh
# Makes the virtual environment .venv of this checkout, or brings it up to date.
#   sh scripts/setup.sh [extra ...]       extras: codecs, dev, mutants, ray; those that are there stay
#   sh scripts/setup.sh --cuda [extra ...]     for GPUs, on a machine that has none, such as a login node
#   sh scripts/setup.sh --lowest [extra ...]   the lowest versions that requirements.txt admits
#   sh scripts/setup.sh --locked          the versions and hashes of requirements.lock alone, on the CPU
# PYTHON=python3.12 sh scripts/setup.sh takes that Python in place of python3.
set -eu
. "$(dirname "$0")/usage.sh"
way=''
case ${1-} in --cuda | --locked | --lowest) way=${1#--} && shift ;; esac
[ "$way" != locked ] || [ $# = 0 ] || refuse "--locked takes no extra."
for extra in "$@"; do
    case $extra in codecs | dev | mutants | ray) ;; *) refuse "There is no extra '$extra', only codecs, dev, mutants and ray." ;; esac
done
cd "$(dirname "$0")/.."
python=${PYTHON:-python3} place=$(pwd -P)
fits='import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 14))'

# What is there stays, unless something else is asked for: .venv/way and .venv/extras say it.
there() { cat ".venv/$1" 2>/dev/null || true; }
case $(there way) in locked) [ "$way$*" ] || way=locked ;; cuda) way=${way:-cuda} ;; esac
extras=''
[ "$way" = locked ] || extras=$(printf '%s\n' "$@" $(there extras) | sort -u | tr -s '\n' ',' | sed 's/^,//; s/,$//')

if [ "$way" = cuda ] || { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q GPU; }; then
    build='tensorflow[and-cuda]'
elif [ "$(uname -sm)" = 'Linux x86_64' ]; then
    build=tensorflow-cpu # which there is for no other
else
    build=tensorflow
fi
wanted=$(sed -e "s/^tensorflow>=/$build>=/" -e "s/^-e \.\$/-e .${extras:+[$extras]}/" requirements.txt)
[ "$way" != lowest ] || wanted=$(echo "$wanted" | sed 's/>=/==/')
[ "$way" != locked ] || wanted=$(cat requirements.lock)
stamp() { echo "$place" && echo "$wanted" && cat pyproject.toml; }
done_before() { stamp | cmp -s - .venv/installed.txt && .venv/bin/python -c "$fits" 2>/dev/null; }
! done_before || exit 0
"$python" -c "$fits" 2>/dev/null || {
    echo "$python is not Python 3.11 to 3.13: install one, and name it, as in PYTHON=python3.12 sh $0." >&2
    exit 4
}

# One at a time: the lock on this file is held by this shell and what it starts, until they end.
exec 9<>scripts/setup.sh
"$python" -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Waiting for another setup.sh of this checkout ...", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError:
    pass  # of a file system without locks
'
! done_before || exit 0
echo "Installing into $place/.venv (a few minutes the first time) ..."
# An interrupted start leaves a .venv without pip, and a copied checkout one that leads elsewhere.
usable() {
    case $(there place) in '' | "$place") ;; *) return 1 ;; esac
    .venv/bin/python -c "$fits" && .venv/bin/python -m pip --version
}
usable >/dev/null 2>&1 || "$python" -m venv --clear .venv
rm -f .venv/installed.txt
echo "$place" >.venv/place
install() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
if [ "$way" = locked ]; then # the checkout itself has no hash: it is built with what the lock has brought
    install --require-hashes -r requirements.lock
    install --no-deps --no-build-isolation -e .
else
    echo "$wanted" >.venv/requirements.txt
    install -r .venv/requirements.txt
fi
echo "$way" >.venv/way
echo "$extras" | tr ',' '\n' >.venv/extras
stamp >.venv/installed.txt
