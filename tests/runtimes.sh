#!/usr/bin/env bash
# Finds by trial which calls a container runtime makes between its installation of a filter and the
# first instruction of the program, and writes them into contract/runtimes.toml.
#
#     tests/runtimes.sh [RUNS]      as root on x86_64, with jq, crun and runc
#
# It begins with a filter that allows exit_group only, for a program that calls nothing else. When
# the kernel kills the runtime for a call, it allows that call too, until RUNS runs in a row
# succeed. So many are needed since what a runtime in Go calls depends on its threads.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-1500}
id=rawshm-runtimes-$$
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
    echo "runtimes.sh: $*" >&2
    exit 1
}

for tool in jq crun runc cc; do
    command -v "$tool" >/dev/null || die "$tool is missing"
done
[ "$(id -u)" = 0 ] || die "only root can run these containers"
[ "$(uname -m)" = x86_64 ] || die "the program that it starts is for x86_64"
mkdir -p "$work/rootfs/proc" "$work/rootfs/dev/shm"
echo 'void _start(void) { __asm__("syscall" : : "a"(231), "D"(0)); }' |
    cc -x c - -O1 -static -nostdlib -o "$work/rootfs/program"

# CALL...: from now on, these calls are allowed.
allow() {
    jq '.process.args = ["/program"] | .linux.seccomp = {
        defaultAction: "SCMP_ACT_KILL_PROCESS",
        syscalls: [{names: (["exit_group"] + $ARGS.positional), action: "SCMP_ACT_ALLOW"}]
    }' --args "$@" <examples/container/config.json >"$work/config.json"
}

# RUNTIME: runs the program, and leaves the status in `status`. crun refuses a mixed hierarchy of
# control groups, if it sees it.
run() {
    status=0
    unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"' sh \
        "$1" run --bundle "$work" "$id" >"$work/output" 2>&1 || status=$?
}

# RUNTIME: leaves in `logged` the line of the kernel's log about its last kill.
look() {
    logged=$(dmesg | sed -n "/type=1326 .* comm=\"$1.* sig=31 /p" | tail -n 1)
}

# The name of the call in that line.
culprit() {
    local number
    number=$(sed -E 's/.* syscall=([0-9]+) .*/\1/' <<<"$logged")
    echo '#include <sys/syscall.h>' | cc -E -dM - |
        sed -nE "s/^#define __NR_([a-z0-9_]+) $number$/\1/p"
}

# RUNTIME
trial() {
    local runtime=$1 clean=0 unexplained=0 logged before call others kills
    local allowed=() each=() some=()
    allow
    look "$runtime"
    while ((clean < runs)); do
        run "$runtime"
        clean=$((clean + 1))
        if ((status == 0)); then continue; fi
        clean=0 before=$logged
        look "$runtime"
        if [ "$logged" = "$before" ]; then
            # The kernel does not log every kill, if there are many.
            unexplained=$((unexplained + 1))
            ((unexplained < 100)) || die "$runtime fails: $(cat "$work/output")"
            sleep 1
            continue
        fi
        call=$(culprit)
        echo "$runtime calls $call" >&2
        allowed+=("$call")
        allow "${allowed[@]}"
    done
    for call in "${allowed[@]}"; do
        others=()
        for other in "${allowed[@]}"; do
            if [ "$other" != "$call" ]; then others+=("$other"); fi
        done
        allow "${others[@]}"
        kills=0
        for _ in {1..20}; do
            run "$runtime"
            if ((status != 0)); then kills=$((kills + 1)); fi
        done
        if ((kills == 20)); then each+=("$call"); else some+=("$call"); fi
    done
    echo
    echo "[$runtime]"
    echo "version = \"$("$runtime" --version | awk 'NR == 1 { print $3 }')\""
    echo "date = $(date +%F)"
    echo "runs = $runs"
    echo "in_each = $(array "${each[@]}")"
    echo "in_some = $(array "${some[@]}")"
}

# WORD...: a sorted array, in TOML.
array() {
    jq -cn '$ARGS.positional | sort' --args "$@" | sed 's/,/, /g'
}

{
    echo "# What a container runtime calls after it has installed a filter and before the program's"
    echo "# first instruction: on x86_64, with no_new_privs. By tests/runtimes.sh."
    trial crun
    trial runc
} >"$work/runtimes.toml"
cp "$work/runtimes.toml" contract/runtimes.toml
cat contract/runtimes.toml
