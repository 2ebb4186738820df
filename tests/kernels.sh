#!/usr/bin/env bash
# Runs every operation and every program on kernels of Debian's archive, each in an emulated machine
# of its own, and compares their system calls with the contract; goes through what changes a whole
# machine there; and runs examples/boot.
#
# RAWSHM_BLESS=1 rewrites docs/kernels.md and the transcript in examples/boot/README.md.
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# The version, Debian's name of the architecture, the flavour of the kernel, the target of the
# programs; and with which settings the machine goes through what is planted, if at all.
KERNELS=(
    "5.10 amd64   cloud-amd64 x86_64    usual-settings"
    "6.1  amd64   cloud-amd64 x86_64    usual-settings"
    "6.12 amd64   cloud-amd64 x86_64    all-settings"
    "6.18 amd64   cloud-amd64 x86_64    usual-settings"
    "7    amd64   cloud-amd64 x86_64    usual-settings"
    "6.12 amd64   cloud-amd64 i686      usual-settings"
    "6.12 arm64   cloud-arm64 aarch64"
    "6.12 armhf   armmp       armv7"
    "6.12 riscv64 riscv64     riscv64gc"
)
# Which releases of Debian have them.
SUITES=(bullseye bookworm trixie trixie-backports)
PROGRAMS=(writer reader creator publish watch)

WORK=$PWD/target/kernels
LOGS=$WORK/logs
. tests/checks.sh

# --- The archive

# Asks only for the indexes of these kernels, and leaves the machine's own lists alone.
the_archive_can_be_read() {
    local site suite archive=$WORK/archive
    mkdir -p "$archive"/{lists,cache}/partial
    site=$(debian_site)
    if [[ -z $site && $(id -u) == 0 ]]; then
        apt-get update
        site=$(debian_site)
    fi
    [[ -n $site ]] || skip "none of apt's sources is Debian"
    for suite in "${SUITES[@]}"; do
        echo "deb [arch=amd64] $site $suite main"
    done >"$archive/sources"
    echo "deb [arch=arm64,armhf,riscv64] $site trixie main" >>"$archive/sources"
    : >"$archive/status"
    cat >"$archive/apt.conf" <<CONF
Dir::Etc::sourcelist "$archive/sources";
Dir::Etc::sourceparts "-";
Dir::State "$archive";
Dir::State::status "$archive/status";
Dir::Cache "$archive/cache";
APT::Architectures { "amd64"; "arm64"; "armhf"; "riscv64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF
    # A release that cannot be read is not the end of the others.
    archive apt-get update || true
    archive apt-cache pkgnames linux- >"$archive/names"
    grep -q '^linux-image-' "$archive/names" || skip "Debian's archive cannot be read"
}

debian_site() {
    apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' |
        grep -v -- '-security$' | head -n 1
}

archive() { APT_CONFIG=$WORK/archive/apt.conf "$@"; }

# the_archive_has VERSION ARCHITECTURE FLAVOUR: the newest kernel of the version, unpacked.
the_archive_has() {
    local version=$1 architecture=$2 flavour=$3 release package folder
    folder=$WORK/$version-$architecture
    [[ -s $WORK/archive/names ]] || skip "Debian's archive was not read"
    release=$(sed -nE "s/^linux-image-(${version/./\\.}\.[^-]*(-[0-9]+)?-$flavour)$/\1/p" \
        "$WORK/archive/names" | sort --version-sort | tail -n 1)
    [[ -n $release ]] || { echo "Debian's archive has no kernel $version any more"; exit $GONE; }
    # In new ones linux-image-… only depends on the package with the kernel.
    package=linux-binary-$release
    grep -qxF "$package" "$WORK/archive/names" || package=linux-image-$release
    [[ $(cat "$folder/package" 2>/dev/null) == "$package" ]] && return
    rm -rf "$folder"
    mkdir -p "$folder"
    (cd "$folder" && archive apt-get download "$package:$architecture") ||
        skip "$package cannot be downloaded"
    dpkg-deb --fsys-tarfile "$folder"/*.deb | tar -xO --wildcards '*/vmlinu*' >"$folder/kernel"
    rm "$folder"/*.deb
    echo "$package" >"$folder/package"
}

# --- Machines

machine() {
    case $1 in
        amd64) echo x86_64 ;;
        arm64) echo aarch64 ;;
        armhf) echo arm ;;
        riscv64) echo riscv64 ;;
    esac
}

# the_programs_are_built_for TARGET: into a folder with nothing else in it.
the_programs_are_built_for() {
    local target=$1-unknown-linux-gnu built=target/static folder=$WORK/programs-$1
    if [[ $1 == x86_64 ]]; then
        cargo build --package rawshm-static --package rawshm-guest --bins --profile static
    else
        if [[ $1 == armv7 ]]; then target+=eabihf; fi
        use_the_compiler_for_other_targets
        [[ -d $SYSROOT/lib/rustlib/$target ]] || skip "tests/targets.sh compiles core for $1"
        configure "$target" '' "$LLD"
        cargo build --package rawshm-static --package rawshm-guest --bins --profile static \
            --target "$target"
        built=$CARGO_TARGET_DIR/$target/static
    fi
    rm -rf "$folder"
    mkdir -p "$folder"/{dev/shm,proc}
    cp "${PROGRAMS[@]/#/$built/}" "$folder/"
    cp "$built/operations" "$folder/init"
}

# tools_are_there MACHINE
tools_are_there() {
    local tool
    for tool in cpio "qemu-system-$1"; do
        command -v "$tool" || skip "$tool is not installed"
    done
}

# log VERSION ARCHITECTURE TARGET
log() { echo "$WORK/$1-$2-$3.log"; }

# boot VERSION ARCHITECTURE TARGET [SETTINGS]
boot() {
    local folder=$WORK/$1-$2 programs=$WORK/programs-$3
    RAWSHM_BOOT_SECONDS=600 examples/boot/boot.sh "$(machine "$2")" "$folder/kernel" "$programs" \
        ${4:+"$4"} >"$(log "$@")" 2>&1
}

# every_operation_runs_on VERSION ARCHITECTURE TARGET [SETTINGS]
every_operation_runs_on() {
    local log
    log=$(log "$@")
    [[ -x $WORK/programs-$3/init ]] || skip "its programs were not built"
    tools_are_there "$(machine "$2")"
    [[ -e $log ]] || boot "$@" || true
    grep -q '^== ' "$log" ||
        skip "$(<"$WORK/$1-$2/package") does not boot: $(tail -n 1 "$log")"
    grep "^== cells ${4:+planted }" "$log"
    compare "$log" >"$WORK/page"
}

# compare LOG...
compare() { cargo run --quiet --package rawshm-tests --example kernels -- "$@"; }

# --- What is compared

a_machine_with_nothing_else_says_what_its_page_says() {
    local kernel=$WORK/6.12-amd64/kernel page=examples/boot/README.md said=$WORK/transcript
    [[ -s $kernel ]] || skip "its kernel was not downloaded"
    tools_are_there x86_64
    examples/boot/run.sh "$kernel" >"$said"
    if [[ -n ${RAWSHM_BLESS:-} ]]; then
        sed -i -e '/^```text$/,/^```$/{//!d' -e '}' -e "/^\`\`\`text\$/r $said" "$page"
    fi
    # The size depends on the compiler.
    diff <(sed -n '/^```text$/,/^```$/{//!p}' "$page" | sed 's/[0-9]* bytes$/N bytes/') \
        <(sed 's/[0-9]* bytes$/N bytes/' "$said")
    (($(sed -n 's/^initramfs: \(.*\) bytes$/\1/p' "$said") <= 64 * 1024))
}

the_page_is_printed() {
    ((${#logs[@]})) || skip "no kernel has run"
    compare "${logs[@]}" >"$WORK/kernels.md"
    [[ -z ${RAWSHM_BLESS:-} ]] || cp "$WORK/kernels.md" docs/kernels.md
}

# --- All of it

packages_are_installed() {
    install qemu-system-x86 qemu-system-arm qemu-system-misc cpio ||
        skip "apt-get cannot install qemu-system-x86, -arm, -misc and cpio"
}

rm -rf "$WORK"/*.log "$WORK/kernels.md" "$WORK"/programs-*
check packages_are_installed
check the_archive_can_be_read
for target in x86_64 i686 aarch64 armv7 riscv64gc; do check the_programs_are_built_for $target; done
for kernel in "${KERNELS[@]}"; do
    read -r version architecture flavour target settings <<<"$kernel"
    check the_archive_has "$version" "$architecture" "$flavour"
    [[ -s $WORK/$version-$architecture/kernel ]] || continue
    if [[ $settings == all-settings ]]; then
        # It takes longer than any other: it runs beside them.
        boot "$version" "$architecture" "$target" "$settings" &
        longest=("$version" "$architecture" "$target" "$settings")
    else
        check every_operation_runs_on "$version" "$architecture" "$target" \
            ${settings:+"$settings"}
    fi
done
wait
[[ -z ${longest:-} ]] || check every_operation_runs_on "${longest[@]}"
logs=()
for kernel in "${KERNELS[@]}"; do
    read -r version architecture _ target _ <<<"$kernel"
    log=$(log "$version" "$architecture" "$target")
    if [[ -s $log ]]; then logs+=("$log"); fi
done
check a_machine_with_nothing_else_says_what_its_page_says
check the_page_is_printed
if [[ -s $WORK/kernels.md ]]; then sed -n 's/^- \(.*: [0-9]\)/checked: \1/p' "$WORK/kernels.md"; fi
counted
