#!/usr/bin/env bash
# Runs a publisher and a watcher on a machine that has a Linux kernel and nothing else.
#
#     run.sh [KERNEL]
#
# The kernel is a file such as /boot/vmlinuz; without one, it is Debian's for virtual machines.
set -euo pipefail
cd "$(dirname "$0")/../.."

kernel=$(realpath -m "${1:-/dev/null}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# = 0 ]; then
    kernel=$work/kernel
    newest=linux-image-cloud-$(dpkg --print-architecture)
    package=$(apt-cache depends --important "$newest" | sed -n 's/.*Depends: //p')
    (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package")
    dpkg-deb --fsys-tarfile "$work"/*.deb | tar -xO --wildcards '*/vmlinu*' >"$kernel"
fi

cargo static --quiet
cargo build --quiet --package rawshm-boot --profile static
mkdir -p "$work/root/dev/shm"
cp target/static/{init,publish,watch} "$work/root"
examples/boot/boot.sh "$(uname -m)" "$kernel" "$work/root"
