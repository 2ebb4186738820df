#!/bin/sh
# Builds the C drop-in and installs it below PREFIX: headers, archive, shared library and pkg-config
# file.
#
#     examples/capi/install.sh PREFIX
#
# DESTDIR is put before every path that is written to, for those who make packages. CC and AR are
# the C compiler and the archiver, for another target together with CARGO_BUILD_TARGET.
set -eu
umask 022

fail() {
    echo "install.sh: $*" >&2
    exit 1
}

case $#:${1:-} in
1:/*) prefix=${1%/} ;;
*)
    echo "usage: install.sh PREFIX (an absolute path)" >&2
    exit 2
    ;;
esac
case $prefix in
*[[:space:]]*) fail "pkg-config cannot name a folder with a space: $prefix" ;;
esac
to=${DESTDIR:-}$prefix
cc=${CC:-cc}
ar=${AR:-ar}
# Another number would mean that programs have to be linked again.
soname=librawshm_capi.so.0

[ "$(uname -s)" = Linux ] || fail "only for Linux; elsewhere, use what cargo capi builds"
for tool in cargo "${cc%% *}" "${ar%% *}" install; do
    command -v "$tool" >/dev/null || fail "$tool is not installed, or not in PATH"
done
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$here/../../Cargo.toml")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
built=$(cd "$here/../.." && cargo capi --message-format json-render-diagnostics) ||
    fail "cargo capi has failed"
archive=$(echo "$built" | sed -n 's|.*"\(/[^"]*/librawshm_capi\.a\)".*|\1|p')

# Nearly all of cargo's archive is the compiler's arithmetic, which the functions do not use. This
# takes only what they need.
set --
for function in rawshm_open rawshm_unlink shm_open shm_unlink; do
    set -- "$@" "-Wl,-u,$function"
    echo ".hidden $function"
done >"$work/hidden.s"
echo '.section .note.GNU-stack,"",%progbits' >>"$work/hidden.s"
$cc -r -nostdlib -Wl,--strip-debug "$@" -o "$work/whole.o" "$archive" ||
    fail "$cc cannot link the archive"
$cc -shared -nostdlib "-Wl,-soname,$soname" -Wl,--gc-sections -Wl,-s \
    -o "$work/$soname" "$work/whole.o" || fail "$cc cannot link the shared library"
# In the archive they are hidden: a shared library that links it does not export them.
$cc -c -o "$work/hidden.o" "$work/hidden.s" || fail "$cc cannot assemble"
$cc -r -nostdlib -o "$work/rawshm_capi.o" "$work/whole.o" "$work/hidden.o" ||
    fail "$cc cannot link the archive"
$ar rcs "$work/librawshm_capi.a" "$work/rawshm_capi.o" || fail "$ar has failed"

cat >"$work/rawshm.pc" <<END
prefix=$prefix
includedir=\${prefix}/include
libdir=\${prefix}/lib

Name: rawshm
Description: shm_open and shm_unlink without librt
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -lrawshm_capi
END

mkdir -p "$to/include" && mkdir -p "$to/lib/pkgconfig" || exit 1
# install replaces a file. Writing into a library that a program has mapped would crash it.
install -m 644 "$here/rawshm.h" "$here/rawshm_snapshot.h" "$to/include"
install -m 644 "$work/librawshm_capi.a" "$to/lib"
install -m 755 "$work/$soname" "$to/lib"
ln -sf $soname "$to/lib/librawshm_capi.so"
install -m 644 "$work/rawshm.pc" "$to/lib/pkgconfig"
echo "rawshm $version is installed in $to"
