#!/bin/sh
# Makes sure that programs are there: need.sh PROGRAM[=PACKAGE]...
# Missing ones are installed with apt when that is possible; otherwise they are named, and the status is 1.
# A word like lib:libseccomp.so.2=libseccomp2 asks for a shared library.
set -u

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

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing:$missing (Debian packages:$packages)" >&2
    exit 1
fi
echo "installing$packages"
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
