#!/bin/sh
# All measurements, side by side with the peers, in one run: benches/run.sh [--quick]
# Prints the tables, and writes them into benches/results/, with JSON and SVG plots. README.md
# explains them.
set -eu
cd "$(dirname "$0")/.."

quick=
case "$#,${1-}" in
0,) ;;
1,--quick) quick=--quick ;;
*) echo "usage: benches/run.sh [--quick]" >&2; exit 2 ;;
esac

say() { echo "benches/run.sh: $*" >&2; }

# has COMMAND PACKAGE: installs the Debian package if it can.
has() {
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing $2"
        apt-get update >/dev/null 2>&1 || true
        apt-get install -y --no-install-recommends "$2" >/dev/null 2>&1 || true
        command -v "$1" >/dev/null && return
    fi
    return 1
}

# need COMMAND PACKAGE WHAT: without it, WHAT is left out.
need() {
    has "$1" "$2" || left_out "for lack of $1 (Debian package $2): $3"
}

# left_out TEXT: here, and in the results.
left_out() {
    say "left out, $1"
    echo "$1" >>"$programs/left-out"
}

# If the kernel permits, this run has a private /dev/shm, where the writer and the reader can run
# with their default name. Otherwise all names are unique.
own_shm() { # COMMAND...
    if [ "$(id -u)" = 0 ]; then namespace=-m; else namespace=-mr; fi
    unshare "$namespace" sh -c 'mount -t tmpfs none /dev/shm && exec "$@"' sh "$@"
}
name=my_shm
own=own_shm
if ! own_shm true 2>/dev/null; then
    say "no private /dev/shm here: the writer and the reader run with -n NAME"
    name=rawshm-bench-$$
    own=
fi
export RAWSHM_BENCH_RUN=$$
trap 'rm -rf "/dev/shm/rawshm-bench-$$" /dev/shm/rawshm-bench-$$-* /tmp/rawshm-bench-$$-*' EXIT
trap 'exit 1' INT TERM HUP

target=${CARGO_TARGET_DIR:-target}
programs=$target/benches
results=benches/results
rm -rf "$programs"
mkdir -p "$programs" "$results"

need strace strace "every number of system calls"
need musl-gcc musl-tools "the musl static programs"

say "building"
cargo --quiet static
cp "$target/static/writer" "$target/static/reader" "$programs"

measure=$target/release/measure
cargo build --quiet --release --package rawshm-benches --bin measure
# iceoryx2 needs a newer Rust than the crate, and libclang. It is built in a package of its own.
has clang clang || true
if cargo build --quiet --release --manifest-path benches/peers/iceoryx2/Cargo.toml \
    --target-dir "$target/iceoryx2"; then
    measure=$target/iceoryx2/release/measure-iceoryx2
else
    left_out "since it does not build here: iceoryx2"
fi
peers="--bin std_libc --bin memmap2 --bin shared_memory"
# shellcheck disable=SC2086
cargo build --quiet --profile static --package rawshm-benches $peers
cp "$target/static/std_libc" "$target/static/memmap2" "$target/static/shared_memory" "$programs"
host=$(rustc -vV | sed -n 's/^host: //p')
if cargo build --quiet --profile static --package rawshm-benches --bin std_libc --target "$host" \
    --config 'build.rustflags=["-Ctarget-feature=+crt-static"]'; then
    cp "$target/$host/static/std_libc" "$programs/std_libc-static"
else
    left_out "since std does not link statically here: the static Rust program"
fi

# c COMPILER SOURCE EXECUTABLE FLAGS...: if it does not compile, says so and leaves it out.
c() {
    compiler=$1 source=$2 executable=$3
    shift 3
    command -v "$compiler" >/dev/null || return 0
    "$compiler" -Wall -Wextra -s "-DNAME=\"$name\"" -o "$programs/$executable" "$@" \
        "benches/peers/$source" ||
        left_out "since it does not compile: $executable"
}
bare="-Os -static -nostdlib -ffreestanding -fno-pie -no-pie -fno-asynchronous-unwind-tables
    -fcf-protection=none -fno-stack-protector -Wl,--build-id=none,-n,-znorelro"
tuned="-Os -ffunction-sections -fno-asynchronous-unwind-tables
    -Wl,--build-id=none,-znoseparate-code,-znorelro,--gc-sections"
# shellcheck disable=SC2086
{
    c gcc bare.c bare-nothing $bare -DNOTHING
    for role in writer reader; do
        is=-D$(echo $role | tr a-z A-Z)
        c gcc bare.c bare-$role $bare "$is"
        c gcc bare.c bare-thorough-$role $bare "$is" -DTHOROUGH
        c gcc libc.c glibc-$role -O2 "$is"
        c gcc libc.c glibc-static-$role -O2 -static "$is"
        c musl-gcc libc.c musl-$role -O2 -static "$is"
        c musl-gcc libc.c musl-tuned-$role $tuned -static "$is"
    done
}
gcc -O1 -o "$programs/steps" tests/c/steps.c

# Zig, from PyPI, and the kernel's nolibc, from its sources. Both are large, and fetched once.
if ! [ -d "$target/ziglang" ] && command -v python3 >/dev/null; then
    say "fetching Zig (PyPI's ziglang, 80 MB)"
    python3 -m pip install --quiet --target "$target/ziglang" ziglang >/dev/null 2>&1 ||
        rm -rf "$target/ziglang"
fi
# zig ROLE: the program in this role.
zig() {
    if [ "$1" = reader ]; then reads=true; else reads=false; fi
    options=$programs/$1-options.zig
    printf 'pub const name = "%s";\npub const reads = %s;\n' "$name" $reads >"$options"
    PYTHONPATH=$target/ziglang python3 -m ziglang build-exe -OReleaseSmall \
        -target "$(uname -m)-linux-none" -fstrip -fsingle-threaded --dep options \
        -Mroot=benches/peers/zig.zig "-Moptions=$options" "-femit-bin=$programs/zig-$1"
}
if ! { [ -d "$target/ziglang" ] && zig writer && zig reader; }; then
    left_out "since it cannot be had here (PyPI's ziglang): Zig"
fi

nolibc=$target/nolibc/linux-source-6.1/tools/include/nolibc
if ! [ -d "$nolibc" ] && command -v apt-get >/dev/null; then
    say "fetching the kernel's nolibc (Debian's linux-source-6.1, 140 MB)"
    mkdir -p "$target/nolibc"
    (
        cd "$target/nolibc"
        apt-get download linux-source-6.1 >/dev/null 2>&1 || exit 0
        dpkg-deb --fsys-tarfile linux-source-6.1_*.deb |
            tar -xO ./usr/src/linux-source-6.1.tar.xz |
            tar -xJ linux-source-6.1/tools/include/nolibc
        rm -f linux-source-6.1_*.deb
    ) || true
fi
if [ -d "$nolibc" ]; then
    for role in writer reader; do
        is=-D$(echo $role | tr a-z A-Z)
        # shellcheck disable=SC2086
        c gcc nolibc.c nolibc-$role -isystem "$nolibc" $bare "$is"
    done
else
    left_out "since it cannot be had here (Debian's linux-source-6.1): the kernel's nolibc"
fi

processor=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo "another C library")
machine="$(nproc) × ${processor:-$(uname -m)}, Linux $(uname -r), $libc"
machine="$machine, $(rustc -V), gcc $(gcc -dumpfullversion)"

say "measuring"
# shellcheck disable=SC2086
$own "$measure" $quick --name "$name" "$programs" "$results" "$machine"
say "written to $results"
