#!/usr/bin/env bash
# Builds, checks and runs rawshm for targets other than the host's own, on an x86_64 Debian 12
# machine.
#
# It does not use rustup's targets. Debian packages a compiler with the sources of its standard
# library, which this compiles once per target. The result, in target/toolchains/, is what
# `rustup target add` would install.

set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

PACKAGES=(--package rawshm --package rawshm-capi --package rawshm-start --package rawshm-static
    --package rawshm-tests)
# The tests of the library, without those of the host's executables.
LIBRARY_TESTS=(--test bytes --test object --test complete --test snapshot --test seqlock_threads)

declare -A EMULATOR=(
    [aarch64-unknown-linux-gnu]=qemu-aarch64
    [armv7-unknown-linux-gnueabihf]=qemu-arm
    [i686-unknown-linux-gnu]=qemu-i386
    [riscv64gc-unknown-linux-gnu]=qemu-riscv64
)
WITHOUT_RAW_BACKEND=s390x-unknown-linux-gnu # where rustix goes through libc
APPLE=(aarch64-apple-darwin x86_64-apple-darwin)
MUSL=x86_64-unknown-linux-musl

LOGS=$PWD/target/toolchains/logs
OBJECT=/rawshm-targets-$$
. tests/checks.sh

# --- Tools

install_packages() {
    local pip=()
    python3 -m pip --version || pip=(python3-pip)
    install "${pip[@]}" rustc-web rust-web-src rust-web-clippy musl-tools qemu-user llvm binutils \
        strace
}

# unpack_packages FOLDER PACKAGE[=VERSION]...: unpacks Debian packages without installing them.
unpack_packages() {
    local folder=$1 package
    shift
    rm -rf "$folder"
    mkdir -p "$folder/packages"
    (cd "$folder/packages" && apt-get download -o APT::Sandbox::User=root "$@")
    for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder"; done
    rm -r "$folder/packages"
}

# standard_library OPTIMISATION CRATES TARGET...: compiles the crates for the targets, into what is
# rustc's --sysroot here.
standard_library() {
    local optimisation=$1 crates=$2 target work=$TOOLS/standard-library targets=() folder
    shift 2
    for target; do [[ -d $SYSROOT/lib/rustlib/$target ]] || targets+=(--target "$target"); done
    ((${#targets[@]})) || return 0
    rm -rf "$work"
    mkdir -p "$work/src"
    echo '#![no_std]' >"$work/src/lib.rs"
    printf '[package]\nname = "nothing"\n[workspace]\n' >"$work/Cargo.toml"
    # panic_abort must be compiled to abort and all others to unwind, which no profile can express.
    cat >"$work/rustc" <<'SH'
#!/bin/sh
case " $* " in *" --crate-name panic_abort "*) set -- "$@" -Cpanic=abort ;; esac
exec "$@"
SH
    chmod +x "$work/rustc"
    # LTO needs the bitcode.
    (cd "$work" && RUSTC_BOOTSTRAP=1 RUSTC_WRAPPER=$work/rustc RUSTFLAGS=-Cembed-bitcode=yes \
        CARGO_TARGET_DIR=$work CARGO_PROFILE_RELEASE_OPT_LEVEL=$optimisation \
        cargo build --release -Zbuild-std="$crates" "${targets[@]}")
    for target; do
        [[ -d $work/$target ]] || continue
        rm "$work/$target/release/deps/libnothing"*
        folder=$SYSROOT/lib/rustlib/$target
        rm -rf "${CARGO_TARGET_DIR:?}/$target"
        mkdir -p "$(dirname "$folder")" "$work/done/lib"
        mv "$work/$target"/release/deps/*.rlib "$work/done/lib/"
        mv "$work/done" "$folder"
    done
    rm -r "$work"
}

core_compiles_for_linux() {
    # Without optimisation, core calls an unwinder, which the libc-free executables do not have.
    standard_library 3 core "${!EMULATOR[@]}" $WITHOUT_RAW_BACKEND
}

std_compiles_for_apple_and_musl() {
    # With optimisation this takes twice as long.
    standard_library 0 std,panic_unwind,panic_abort,test "${APPLE[@]}" $MUSL
}

# Puts Debian's musl, and an unwinder that needs no glibc, where rustc's own musl target has them.
musl_start_files() {
    local folder=$SYSROOT/lib/rustlib/$MUSL/lib/self-contained file
    [[ -d $folder ]] && return
    unpack_packages "$TOOLS/libunwind" libunwind-14-dev
    rm -rf "$folder.new"
    mkdir "$folder.new"
    for file in crt1.o rcrt1.o crti.o crtn.o libc.a; do
        cp "/usr/lib/x86_64-linux-musl/$file" "$folder.new/"
    done
    for file in crtbegin.o crtbeginS.o crtend.o crtendS.o; do
        cp "$(gcc -print-file-name="$file")" "$folder.new/"
    done
    cp "$TOOLS/libunwind/usr/lib/llvm-14/lib/libunwind.a" "$folder.new/"
    # A function of glibc that libunwind calls before it aborts.
    echo 'int __fprintf_chk() { __builtin_trap(); }' |
        gcc -w -Os -c -x c -o "$folder.new/checked.o" -
    ar r "$folder.new/libunwind.a" "$folder.new/checked.o"
    mv "$folder.new" "$folder"
}

# The names that macOS's libraries export, which is all that a linker needs.
apple_library_names() {
    local folder=$SDKROOT/usr/lib library
    [[ -d $folder ]] && return
    rm -rf "$TOOLS/ziglang" "$SDKROOT"
    python3 -m pip download --no-deps --dest "$TOOLS/ziglang" ziglang==0.17.1
    mkdir -p "$SDKROOT/new"
    python3 -c '
import sys, zipfile
sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))' \
        "$TOOLS"/ziglang/*.whl ziglang/lib/libc/darwin/libSystem.tbd |
        sed 's/arm64e\.x1-/arm64-/g' >"$SDKROOT/new/libSystem.tbd"
    rm -r "$TOOLS/ziglang"
    for library in c m pthread dl; do ln -s libSystem.tbd "$SDKROOT/new/lib$library.tbd"; done
    cat >"$SDKROOT/new/libiconv.tbd" <<'TBD'
--- !tapi-tbd
tbd-version: 4
targets: [ x86_64-macos, arm64-macos ]
install-name: '/usr/lib/libiconv.2.dylib'
exports:
  - targets: [ x86_64-macos, arm64-macos ]
    symbols: [ _iconv, _iconv_open, _iconv_close ]
...
TBD
    mkdir "$SDKROOT/usr"
    mv "$SDKROOT/new" "$folder"
}

version_of_the_oldest_rust() {
    apt-cache madison rustc-web | awk -v rust="$MSRV." 'index($3, rust) == 1 { print $3; exit }'
}

oldest_rust_packages() {
    local version
    version=$(version_of_the_oldest_rust)
    if [[ -z $version ]]; then
        apt-get update # The packages may be installed, and the lists missing.
        version=$(version_of_the_oldest_rust)
    fi
    [[ -n $version ]] || skip "Debian here has no Rust $MSRV"
    [[ -d $TOOLS/rust-$version ]] && return
    unpack_packages "$TOOLS/rust.new" \
        {rustc-web,cargo-web,libstd-rust-web-dev,libstd-rust-web-"$MSRV"}="$version" \
        libllvm19 libpcre3 libhttp-parser2.9
    mv "$TOOLS/rust.new" "$TOOLS/rust-$version"
}

# --- Claims

# The oldest compiler with the oldest cargo, which must read the manifests as well.
the_oldest_rust() {
    local root
    root=$(echo "$TOOLS/rust-$MSRV."*)
    [[ -d $root ]] || skip "Debian here has no Rust $MSRV"
    LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu \
        PATH=$root/usr/bin:$PATH RUSTC=$root/usr/bin/rustc \
        CARGO_TARGET_DIR=$CARGO_TARGET_DIR/oldest "$root/usr/bin/cargo" "$@"
}

the_oldest_rust_checks_the_library() {
    local features
    the_oldest_rust --version | grep " $MSRV\\."
    for features in '' std derive snapshot std,derive,snapshot; do
        the_oldest_rust check --locked --lib --features "$features"
    done
}

the_oldest_rust_builds_the_static_executables() {
    the_oldest_rust static --locked
    reader_prints_what_the_others_wrote "$CARGO_TARGET_DIR/oldest/static"
}

the_oldest_rust_builds_the_drop_in() {
    the_oldest_rust capi --locked
    [[ -e $CARGO_TARGET_DIR/oldest/static/librawshm_capi.a ]]
    [[ -e $CARGO_TARGET_DIR/oldest/static/librawshm_capi.so ]]
}

everything_compiles() {
    cargo check "${PACKAGES[@]}" --all-targets --target "$1"
    cargo check --package rawshm --all-targets --all-features --target "$1"
}

clippy_is_content() {
    # Not rustup's cargo-clippy, whose compiler could not read Debian's standard library.
    /usr/bin/cargo-clippy clippy "${PACKAGES[@]}" --all-targets --target "$1" -- -D warnings
    /usr/bin/cargo-clippy clippy --package rawshm --all-targets --all-features --target "$1" \
        -- -D warnings
}

# In addition to what std itself imports.
the_executables_link_and_import_only() {
    local target=$1 program imports
    shift
    # Debian's rustc has no tool that strips another platform's executables.
    CARGO_PROFILE_STATIC_STRIP=false cargo static --target "$target"
    {
        llvm-nm --no-llvm-bc --undefined-only --just-symbol-name \
            "$SYSROOT/lib/rustlib/$target"/lib/*.rlib || true
    } | grep '^_' | sort -u >"$TOOLS/imports-of-std" # It reports errors for the metadata in them.
    for program in writer reader creator; do
        imports=$(llvm-nm --undefined-only --just-symbol-name \
            "$CARGO_TARGET_DIR/$target/static/$program" | grep '^_' | sort -u)
        printf '%s imports:\n%s\n' "$program" "$imports"
        diff <(comm -23 - "$TOOLS/imports-of-std" <<<"$imports") <(printf '_%s\n' "$@")
    done
}

the_tests_link() {
    cargo test --package rawshm-tests --tests --no-run --target "$1"
}

# reader_prints_what_the_others_wrote FOLDER [EMULATOR]
reader_prints_what_the_others_wrote() {
    reader_prints_what_it_wrote "$1" "${2:-}" writer
    reader_prints_what_it_wrote "$1" "${2:-}" creator
    reader_prints_what_it_wrote "$1" "${2:-}" creator -r
}

# watch_prints_what_publish_stores FOLDER [EMULATOR [FOLDER_OF_PUBLISH]]: it waits for the first
# publish, and the second one takes over; nothing is left at the end.
watch_prints_what_publish_stores() {
    local folder=$1 emulator=${2:-} watcher publish=${3:-$1}/publish
    timeout 60 $emulator "$folder/watch" -n "$OBJECT" -c 1 >"$TOOLS/watched" &
    watcher=$!
    echo hello | $emulator "$publish" -n "$OBJECT"
    wait $watcher
    [[ $(<"$TOOLS/watched") == hello ]]
    timeout 60 $emulator "$folder/watch" -n "$OBJECT" >"$TOOLS/watched" &
    watcher=$!
    # It sees the last value, whether it starts before or after it.
    echo bye | $emulator "$publish" -n "$OBJECT"
    until grep -q bye "$TOOLS/watched"; do kill -0 $watcher; done
    $emulator "$publish" -n "$OBJECT" -u </dev/null
    wait $watcher
    [[ ! -e /dev/shm$OBJECT ]]
}

# reader_prints_what_it_wrote FOLDER EMULATOR PROGRAM [ARGUMENT...]
reader_prints_what_it_wrote() {
    local output program=$1/$3 emulator=$2 folder=$1
    shift 3
    $emulator "$program" -n "$OBJECT" -s 4096 "$@"
    output=$($emulator "$folder/reader" -n "$OBJECT" -u)
    echo "$output"
    [[ $output == '&{100 876 8021}' ]]
    [[ ! -e /dev/shm$OBJECT ]]
}

# Neither an interpreter, nor a shared library, nor memory that is both writable and executable.
is_static() {
    local headers
    headers=$(readelf --program-headers --dynamic --wide "$1")
    echo "$headers"
    [[ ! $headers =~ INTERP|NEEDED|RWE ]]
    grep 'GNU_STACK .* RW ' <<<"$headers"
}

the_static_executables_run_for() {
    local target=$1 folder=$CARGO_TARGET_DIR/$1/static program
    cargo static --target "$target"
    for program in writer reader creator publish watch; do
        is_static "$folder/$program"
        [[ $(readelf --dynamic "$folder/$program") == *'no dynamic section'* ]]
    done
    reader_prints_what_the_others_wrote "$folder" "${EMULATOR[$target]:-}"
    watch_prints_what_publish_stores "$folder" "${EMULATOR[$target]:-}"
}

the_debug_executables_run_for() {
    cargo build --package rawshm-static --bins --target "$1"
    reader_prints_what_the_others_wrote "$CARGO_TARGET_DIR/$1/debug" "${EMULATOR[$1]}"
    watch_prints_what_publish_stores "$CARGO_TARGET_DIR/$1/debug" "${EMULATOR[$1]}"
}

# own FOLDER: copies the example of a user's own executables.
own() {
    cp -r examples/own/. Cargo.lock "$1"
    printf '[patch.crates-io]\nrawshm.path = "%s"\nrawshm-start.path = "%s/start"\n' \
        "$PWD" "$PWD" >>"$1/Cargo.toml"
}

own_programs_compile() {
    local copy
    copy=$(mktemp -d)
    # Expanded here: the variable is gone by then.
    trap "rm -rf '$copy'" EXIT
    own "$copy"
    cargo check --manifest-path "$copy/Cargo.toml" --all-targets --target "$1"
}

own_executables_run_for() {
    local target=$1 emulator=${EMULATOR[$1]:-} copy folder program said
    copy=$(mktemp -d)
    trap "rm -rf '$copy'" EXIT
    own "$copy"
    for folder in debug release; do
        cargo build --manifest-path "$copy/Cargo.toml" --target "$target" \
            --profile "${folder/debug/dev}"
        folder=$CARGO_TARGET_DIR/$target/$folder
        for program in bare words; do is_static "$folder/$program"; done
        $emulator "$folder/words" "$OBJECT"
        said=$($emulator "$folder/words" "$OBJECT" 2>&1) && exit 1
        [[ $said == "words: cannot create $OBJECT: file exists (EEXIST)" ]]
        rm "/dev/shm$OBJECT"
    done
}

# Each reads the snapshots of the other, takes them over and goes on, and every value is whole. The
# one of 32 bits reads stamps in halves. The host's kernel runs it itself.
processes_of_32_and_64_bits_share_snapshots_for() {
    local narrow=$CARGO_TARGET_DIR/$1/static wide=$CARGO_TARGET_DIR/static watch publish watcher
    cargo static
    cargo static --target "$1"
    watch_prints_what_publish_stores "$narrow" '' "$wide"
    watch_prints_what_publish_stores "$wide" '' "$narrow"
    # Each line says its number three times. The upper half of the stamps changes on the way.
    for watch in "$narrow" "$wide"; do
        echo 0 0 0 | "$wide/publish" -n "$OBJECT"
        almost_2_31_values_were_stored
        timeout 60 "$watch/watch" -n "$OBJECT" >"$TOOLS/watched" &
        watcher=$!
        for publish in "$wide" "$narrow" "$wide"; do
            seq 50000 | awk '{ print $1, $1, $1 }' | "$publish/publish" -n "$OBJECT"
        done
        "$narrow/publish" -n "$OBJECT" -u </dev/null
        wait $watcher
        # In order, except where the second and the third begin.
        awk '$1 != $2 || $2 != $3 || NF != 3 { exit 1 } $1 < last { fell++ } { last = $1 }
            END { if (fell > 2 || NR < 100 || last != 50000) exit 1 }' "$TOOLS/watched"
    done
}

# Changes the stamps of a snapshot with one value, of little-endian machines: in the header, and in
# the second slot of 320 bytes.
almost_2_31_values_were_stored() {
    local place
    for place in 40 $((64 + 320)); do
        # Twice 2^31 - 31,231.
        printf '\002\014\377\377\0\0\0\0' |
            dd of="/dev/shm$OBJECT" bs=1 seek=$place conv=notrunc status=none
    done
}

# Targets without 64-bit atomics have readers, and no writers.
the_library_compiles_for() {
    RUSTC_BOOTSTRAP=1 cargo check --package rawshm --features snapshot \
        -Zbuild-std=core --target "$1"
}

# A pointer can be moved by an isize at most, and a 32-bit process can map more than that.
nothing_larger_than_an_isize_is_mapped_for() {
    local folder=$CARGO_TARGET_DIR/$1/static emulator=${EMULATOR[$1]} program output
    cargo static --target "$1"
    for program in writer creator; do
        output=$($emulator "$folder/$program" -n "$OBJECT" -s 2147483648 2>&1) && exit 1
        [[ $output == "$program: cannot map $OBJECT: cannot allocate memory (ENOMEM)" ]]
        [[ ! -e /dev/shm$OBJECT ]]
        $emulator "$folder/$program" -n "$OBJECT" -s 2000000000
        $emulator "$folder/reader" -n "$OBJECT" -u
    done
}

# Where the calls with 64-bit times are refused, by an old kernel or a filter, older ones serve. The
# host's kernel runs these executables itself.
the_newer_calls_may_be_refused_for() {
    local folder=$CARGO_TARGET_DIR/$1/static call errno emulator output
    cargo static --target "$1"
    for call in clock_gettime64 futex_time64 ppoll_time64 clock_nanosleep_time64 statx renameat2; do
        for errno in ENOSYS EPERM; do
            echo "$call $errno"
            emulator="strace -qq -o $TOOLS/refused -e inject=$call:error=$errno"
            reader_prints_what_the_others_wrote "$folder" "$emulator"
            watch_prints_what_publish_stores "$folder" "$emulator"
            # A finite deadline, which passes.
            output=$(timeout 60 $emulator "$folder/watch" -n "$OBJECT" -t 1 2>&1) && exit 1
            [[ $output == 'watch: no new value in '* ]]
        done
    done
}

# Runs the host's tests on executables for musl: the same lines, errors and system calls.
the_static_executables_for_musl_do_what_the_hosts_do() {
    env -u RUSTC -u CARGO_TARGET_DIR RAWSHM_STATIC="$CARGO_TARGET_DIR/$MUSL/static" \
        cargo test --package rawshm-tests --test programs --test traces -- --include-ignored \
            --skip c_peers:: --skip elf:: --skip elsewhere:: --skip own:: --skip unoptimised
}

a_std_program_is_static_and_calls_no_shm_open() {
    local program=$CARGO_TARGET_DIR/$MUSL/release/examples/columns
    CARGO_PROFILE_RELEASE_STRIP=false \
        cargo build --package rawshm --example columns --features std --release --target $MUSL
    is_static "$program"
    "$program" write "$OBJECT" 100 876 8021
    "$program" read "$OBJECT"
    "$program" unlink "$OBJECT"
    nm "$program" | grep -w malloc
    ! nm "$program" | grep -wE 'shm_open|shm_unlink'
}

the_tests_pass_on_musl() {
    cargo test --package rawshm-tests "${LIBRARY_TESTS[@]}" --target $MUSL
}

# Without AVX, copies have another form.
copies_are_right_without_avx() {
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUNNER='qemu-x86_64 -cpu Nehalem' \
        cargo test --package rawshm-tests --test bytes --target $MUSL copy_forms::
}

# A program without std, because these targets have only core here.
copies_are_right_for() {
    local target=$1 program=$TOOLS/copies-$1
    "$RUSTC" --edition 2024 --target "$target" --sysroot "$SYSROOT" \
        -Clinker="$LLD" -Clinker-flavor=ld.lld -Cpanic=abort -Crelocation-model=static \
        -Ctarget-feature=+crt-static -Copt-level=2 \
        -o "$program" tests/alone/copies.rs
    "${EMULATOR[$target]}" "$program"
}

# These targets have only core here, so that any use of alloc or std fails.
the_library_needs_nothing_but_core() {
    cargo build --package rawshm --lib --target "$1"
    cargo build --package rawshm --lib --target "$1" --release
}

# Links only what a program takes from the archive: there is no C compiler for the target.
the_drop_in_asks_for_the_place_of_errno_and_string_functions() {
    local target=$1 object=$TOOLS/drop-in-$1.o asked_for
    local own='__errno_location|mem(cpy|move|set|cmp)|bcmp|strlen'
    cargo rustc --package rawshm-capi --lib --profile static --crate-type staticlib \
        --target "$target"
    "$LLD" -flavor gnu -r -u shm_open -u shm_unlink -u rawshm_open -u rawshm_unlink -o "$object" \
        "$CARGO_TARGET_DIR/$target/static/librawshm_capi.a"
    diff <(llvm-nm --defined-only --extern-only --just-symbol-name "$object" | grep -v '^rustix_') \
        <(printf '%s\n' rawshm_open rawshm_unlink shm_open shm_unlink)
    asked_for=$(llvm-nm --undefined-only --just-symbol-name "$object" | sed 's/^ *U //')
    echo "$asked_for"
    grep -qx __errno_location <<<"$asked_for"
    # In addition, what compilers need for 32-bit code.
    ! grep -vxE "$own|__aeabi_unwind_cpp_pr[01]|_GLOBAL_OFFSET_TABLE_" <<<"$asked_for"
}

# On Apple, shm_open is libSystem's function, which the crate itself calls.
the_drop_in_for_apple_has_the_pair_without_errno() {
    local target=$1 library=$CARGO_TARGET_DIR/$1/static/librawshm_capi.dylib
    CARGO_PROFILE_STATIC_STRIP=false cargo capi --target "$target"
    diff <(llvm-nm --defined-only --extern-only --just-symbol-name "$library") \
        <(printf '%s\n' _rawshm_open _rawshm_unlink)
    diff <(llvm-nm --undefined-only --just-symbol-name "$library") \
        <(printf '%s\n' ___error _close _fstat _shm_open _shm_unlink dyld_stub_binder)
}

# --- All of it

[[ $(uname -m) == x86_64 ]] || { echo "FAILED: these checks know only x86_64 hosts"; exit 1; }
trap 'rm -f "/dev/shm$OBJECT"' EXIT

MSRV=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)

check install_packages
use_the_compiler_for_other_targets
export SDKROOT=$TOOLS/apple
for target in "${!EMULATOR[@]}" $WITHOUT_RAW_BACKEND; do configure "$target" '' "$LLD"; done
for target in "${APPLE[@]}"; do configure "$target" '-Clinker-flavor=ld64.lld' "$LLD"; done
configure $MUSL

check oldest_rust_packages
check apple_library_names
check core_compiles_for_linux
check std_compiles_for_apple_and_musl
check musl_start_files

check the_oldest_rust_checks_the_library
check the_oldest_rust_builds_the_static_executables
check the_oldest_rust_builds_the_drop_in
for target in "${APPLE[@]}"; do
    check everything_compiles "$target"
    check own_programs_compile "$target"
    check clippy_is_content "$target"
done
check the_executables_link_and_import_only "${APPLE[0]}" shm_open shm_unlink
check the_tests_link "${APPLE[0]}"
check the_drop_in_for_apple_has_the_pair_without_errno "${APPLE[0]}"
check the_static_executables_run_for $MUSL
check the_static_executables_for_musl_do_what_the_hosts_do
check own_executables_run_for $MUSL
check a_std_program_is_static_and_calls_no_shm_open
check the_tests_pass_on_musl
check copies_are_right_without_avx
for target in "${!EMULATOR[@]}"; do
    check the_static_executables_run_for "$target"
    check the_debug_executables_run_for "$target"
    check own_executables_run_for "$target"
    check copies_are_right_for "$target"
    check the_drop_in_asks_for_the_place_of_errno_and_string_functions "$target"
done
check the_drop_in_asks_for_the_place_of_errno_and_string_functions $MUSL
for target in i686-unknown-linux-gnu armv7-unknown-linux-gnueabihf; do
    check nothing_larger_than_an_isize_is_mapped_for "$target"
done
check the_newer_calls_may_be_refused_for i686-unknown-linux-gnu
check processes_of_32_and_64_bits_share_snapshots_for i686-unknown-linux-gnu
check the_library_compiles_for armv5te-unknown-linux-gnueabi
for target in riscv64gc-unknown-linux-gnu $WITHOUT_RAW_BACKEND; do
    check the_library_needs_nothing_but_core "$target"
done

counted
