#!/bin/sh
# Makes sure that programs are there: need.sh [--list REASON] PROGRAM[=PACKAGE]...
# Missing ones are installed with apt when that is possible; otherwise, and with TSOCI_INSTALL=no, they are named, and the status is 1.
# With --list nothing is installed: one line says what is missing and for what it is wanted, and the status is 0.
# A word like lib:libseccomp.so.2=libseccomp2 asks for a shared library.
set -u

reason=
if [ "${1-}" = --list ]; then
    reason=$2
    shift 2
fi

have() {
    case $1 in
    lib:*) ldconfig -p 2>/dev/null | grep -q "^[[:space:]]*${1#lib:} " ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=
packages=
for word in "$@"; do
    program=${word%%=*}
    have "$program" && continue
    missing="$missing $program"
    packages="$packages ${word#*=}"
done
[ -z "$missing" ] && exit 0
if [ -n "$reason" ]; then
    echo "wanted for $reason:$missing (Debian packages:$packages)"
    exit 0
fi

if [ "${TSOCI_INSTALL:-yes}" = no ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing:$missing (Debian packages:$packages)" >&2
    exit 1
fi
echo "installing$packages (for$missing; TSOCI_INSTALL=no forbids it)"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
apt-get install -y -q --no-install-recommends $packages >/dev/null 2>&1 && exit 0
echo "refreshing the package lists"
apt-get update -q >/dev/null 2>&1
# shellcheck disable=SC2086
if ! output=$(apt-get install -y -q --no-install-recommends $packages 2>&1); then
    echo "$output" | tail -n 5 >&2
    echo "could not install$packages (for$missing)" >&2
    exit 1
fi
