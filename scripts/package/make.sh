#!/bin/sh
# make.sh: the archives that make package puts into build/package, from what is built: a tarball, a .deb, a .rpm where rpmbuild is, and their
# checksums. Two runs give the same bytes: times are SOURCE_DATE_EPOCH (by default the commit's), names are sorted, owners are root, and no path of
# the machine gets in.
set -eu
cd "$(dirname "$0")/../.."
umask 022
export LC_ALL=C TZ=UTC

version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct 2> /dev/null || stat -c %Y CHANGELOG.md)}"
export SOURCE_DATE_EPOCH
machine=$(uname -m)
case $machine in
x86_64) debian=amd64 ;;
aarch64) debian=arm64 ;;
*) echo "no packages for $machine" >&2; exit 1 ;;
esac
output=build/package
rm -rf "$output"
mkdir -p "$output"
# Not below the checkout: rpmbuild takes no path with blanks.
work=$(mktemp -d "${TMPDIR:-/tmp}/tsoci-package.XXXXXX")
trap 'rm -rf "$work"' EXIT

# stage DIRECTORY PREFIX: what `make install` installs there, and the words that go with it.
stage() {
    make --no-print-directory -s install "DESTDIR=$1" "PREFIX=$2" > /dev/null
    docs=$1$2/share/doc/tsoci
    install -d "$docs"
    install -m 0644 CHANGELOG.md docs/install.md "$docs"
    node --import tsx scripts/notices.ts > "$docs/copyright"
    chmod 0644 "$docs/copyright"
}

# settle DIRECTORY: no time and no mode of this run stays.
settle() {
    find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

tarball() {
    name=tsoci-$version-linux-$machine
    stage "$work/tar/$name" ''
    settle "$work/tar"
    tar --create --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
        --directory "$work/tar" "$name" | gzip --no-name --best > "$output/$name.tar.gz"
}

# The newest symbol version of the C library that what is not static asks for.
libc() {
    readelf --version-info "$1" | grep -o 'GLIBC_[0-9.]*' | sed 's/GLIBC_//' | sort -V | tail -n 1
}

deb() {
    root=$work/deb
    stage "$root" /usr
    gzip --no-name --best "$root"/usr/share/man/man8/*.8 "$root/usr/share/doc/tsoci/CHANGELOG.md"
    mv "$root/usr/share/doc/tsoci/CHANGELOG.md.gz" "$root/usr/share/doc/tsoci/changelog.gz"
    # Where Debian's zsh looks for what packages bring.
    install -d "$root/usr/share/zsh/vendor-completions"
    mv "$root/usr/share/zsh/site-functions/_tsoci" "$root/usr/share/zsh/vendor-completions"
    rmdir "$root/usr/share/zsh/site-functions"
    # In KiB, each file rounded up: what du says depends on the filesystem.
    size=$(find "$root" -type f -printf '%s\n' | awk '{ sum += int(($1 + 1023) / 1024) } END { print sum }')
    install -d "$root/DEBIAN"
    sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$debian/" -e "s/@SIZE@/$size/" \
        -e "s/@LIBC@/$(libc "$root/usr/libexec/tsoci/tsoci-library")/" scripts/package/control > "$root/DEBIAN/control"
    (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) > "$root/DEBIAN/md5sums"
    settle "$root"
    dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" "$output/tsoci_${version}_$debian.deb" > /dev/null
}

rpm() {
    root=$work/rpm
    stage "$root" /usr
    gzip --no-name --best "$root"/usr/share/man/man8/*.8
    settle "$root"
    (cd "$root" && find . -type f -o -type l) | sed 's/^\.//' | sort > "$work/files"
    rpmbuild --quiet -bb --target "$machine" --define "_topdir $work/rpmbuild" --define "staged $root" --define "paths $work/files" \
        --define "package_version $version" --define "_rpmdir $work" --define '_buildhost localhost' scripts/package/tsoci.spec > /dev/null
    cp "$work/$machine/tsoci-$version-1.$machine.rpm" "$output"
}

tarball
if command -v dpkg-deb > /dev/null; then deb; else echo 'no .deb: there is no dpkg-deb (Debian: dpkg)'; fi
if command -v rpmbuild > /dev/null; then rpm; else echo 'no .rpm: there is no rpmbuild (Debian: rpm)'; fi
(cd "$output" && sha256sum -- * > SHA256SUMS.new && mv SHA256SUMS.new SHA256SUMS)
cat "$output/SHA256SUMS"
