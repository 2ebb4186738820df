#!/usr/bin/env bash
# Boots a Linux kernel with a folder as its only file system, and prints what the machine prints.
#
#     boot.sh MACHINE KERNEL FOLDER [ARGUMENT]...
#
# The folder has a static executable `init` for the machine: x86_64, aarch64, arm or riscv64. The
# arguments are for it.
set -euo pipefail

(($# >= 3)) || { echo "usage: boot.sh MACHINE KERNEL FOLDER [ARGUMENT]..." >&2; exit 2; }
machine=$1 kernel=$2 folder=$3
shift 3

case $machine in
    x86_64) options=(-cpu max) console=ttyS0 ;;
    aarch64) options=(-machine virt -cpu max,pauth-impdef=on) console=ttyAMA0 ;;
    arm) options=(-machine virt -cpu max) console=ttyAMA0 ;;
    riscv64) options=(-machine virt) console=ttyS0 ;;
    *) echo "boot.sh: unknown machine $machine" >&2; exit 1 ;;
esac
for tool in cpio "qemu-system-$machine"; do
    command -v "$tool" >/dev/null || { echo "boot.sh: $tool is not installed" >&2; exit 1; }
done

[ -r "$kernel" ] || { echo "boot.sh: $kernel cannot be read" >&2; exit 1; }

image=$(mktemp)
trap 'rm -f "$image"' EXIT
(cd "$folder" && find . | sort | cpio --create --format newc --owner 0:0 --quiet) >"$image"
echo "initramfs: $(stat --format %s "$image") bytes"

# Only a panic is worth a line of the kernel's own.
settings="console=$console loglevel=1 printk.time=0 panic=-1 -- $*"
# Without KVM, which may be there and fail.
timeout "${RAWSHM_BOOT_SECONDS:-120}" "qemu-system-$machine" -accel tcg "${options[@]}" -m 256 \
    -display none -monitor none -nic none -serial stdio -no-reboot \
    -kernel "$kernel" -initrd "$image" -append "$settings" </dev/null |
    tr -d '\r'
