#!/usr/bin/env bash
# Runs every test, after installing what they need where it is missing, and ends with a line that counts them.
#
# A test whose tool cannot be had, or whose privileges are missing, is counted as skipped; with CI set that is a failure.
# RAWSHM_QUICK=1 leaves out the other targets.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

passed=0
failed=0
skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# COMMAND PACKAGE: sees to it that there is such a command; fails if it cannot be had.
need() {
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "$1 is missing; Debian has it in $2" >&2
        return 1
    fi
    if [ -z "${updated:-}" ]; then
        apt-get update -qq >/dev/null && updated=yes
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
    command -v "$1" >/dev/null
}

# NAME COMMAND...: one check that passes or fails; shows what it printed only if it fails.
check() {
    local name=$1
    shift
    if timeout 3600 "$@" >"$log" 2>&1; then
        echo "ok      $name"
        passed=$((passed + 1))
    else
        cat "$log"
        echo "FAILED  $name"
        failed=$((failed + 1))
    fi
}

# NAME COUNT WHY
skip() {
    echo "skipped $1: $3"
    skipped=$((skipped + $2))
}

# Adds up the closing lines of libtest, or of a script that counts likewise, in the log.
count() {
    local status=$1 sums
    sums=$(sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; .*/\1 \2 0/p
                    s/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$log" |
        awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
    read -r p f s <<<"$sums"
    # Something failed before anything could be counted.
    if [ "$status" != 0 ] && [ "$f" = 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# ARGUMENT...: runs cargo test with these, and counts each test.
tests() {
    echo "== cargo test $*"
    timeout 3600 cargo test --no-fail-fast "$@" 2>&1 | tee "$log" | grep -vE '^(\s|$)|\.\.\. ignored'
    count "${PIPESTATUS[0]}"
}

# TEST WHY ARGUMENT...: counts the ignored tests of this file as skipped.
skip_ignored() {
    local test=$1 why=$2
    shift 2
    skip "$test $*" "$(cargo test --quiet --test "$test" -- --ignored --list "$@" 2>/dev/null | grep -c ': test$')" "$why"
}

may_unshare() { unshare -m true 2>/dev/null || unshare -mr true 2>/dev/null; }
may_trace() { strace -o /dev/null true 2>/dev/null; }

need cc gcc
need strace strace
need unshare util-linux
need musl-gcc musl-tools
need bwrap bubblewrap
need go golang-go
need python3 python3
# Without a server that runs by itself: the tests start one of their own.
if [ "$(id -u)" = 0 ] && ! command -v pg_ctlcluster >/dev/null; then
    mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.d/rawshm.conf
fi
need pg_ctlcluster postgresql
[ "$(id -u)" != 0 ] || rm -f /etc/postgresql-common/createcluster.d/rawshm.conf

echo "== checks"
if cargo fmt --version >/dev/null 2>&1; then
    check "formatting" cargo fmt --all --check
else
    skip "formatting" 1 "this toolchain has no rustfmt"
fi
# NAME ARGUMENT...
clippy() {
    local name=$1
    shift
    if cargo clippy --version >/dev/null 2>&1; then
        check "clippy, $name" cargo clippy --quiet "$@" -- -D warnings
    else
        skip "clippy, $name" 1 "this toolchain has no clippy"
    fi
}
clippy "without features"
clippy "with all features" --package rawshm --all-features --all-targets
clippy "tests" --package rawshm-tests --all-targets
clippy "measurements" --package rawshm-benches
clippy "static executables" --package rawshm-static --bins
clippy "C drop-in" --package rawshm-capi
check "documentation" env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --package rawshm --all-features
check "the library alone builds with each feature" sh -c '
    for features in "" std derive std,derive; do
        cargo build --quiet --package rawshm --no-default-features --features "$features" || exit 1
    done'
check "the package holds what it needs" cargo package --quiet --allow-dirty --no-verify --package rawshm

tests
tests --package rawshm --package rawshm-tests --features rawshm/std,rawshm/derive,rawshm-tests/std

tests --test complete_races -- --ignored
# Miri does not come from the registries that packages come from: where it is missing nothing is counted. What it does not
# know, it is told to leave out.
if cargo miri --version >/dev/null 2>&1; then
    for seed in 0 1 2 3 4 5 6 7; do
        MIRIFLAGS="-Zmiri-seed=$seed -Zmiri-strict-provenance" \
            check "copies, atomics and snapshots under Miri, seed $seed" cargo miri test --package rawshm-tests \
            --test copies --test copies_on_a_model --test copy_forms --test shared_bytes --test seqlock_threads
    done
else
    echo "note    Miri is not installed, so nothing ran under it: rustup toolchain install nightly --component miri,"
    echo "        then rustup run nightly tests/run.sh"
fi

if may_trace; then
    tests --test traces --test traces_complete -- --ignored
else
    skip_ignored traces "strace is missing, or may not trace"
    skip_ignored traces_complete "strace is missing, or may not trace"
fi
if command -v musl-gcc >/dev/null; then
    tests --test c_peers -- --ignored
else
    skip_ignored c_peers "musl-gcc is missing"
fi
# TOOL FILTER FILE: the ignored tests of the C drop-in whose names hold the filter, if there is the tool.
with_tool() {
    if command -v "$1" >/dev/null; then
        tests --test "$3" -- --ignored "$2"
    else
        skip_ignored "$3" "$1 is missing" "$2"
    fi
}
for file in capi_open capi_unlink capi_programs capi_preload; do with_tool musl-gcc musl "$file"; done
with_tool go go_ capi_programs
with_tool python3 interpreter capi_preload
for filter in shm_open_is interrupts; do
    if may_trace; then
        tests --test capi_programs -- --ignored "$filter"
    else
        skip_ignored capi_programs "strace is missing, or may not trace" "$filter"
    fi
done
if [ "$(id -u)" != 0 ]; then
    skip_ignored snapshots_on_linux "not root" as_root
    skip_ignored capi_unlink "not root" as_root
    skip_ignored capi_preload "not root" as_root
else
    tests --test snapshots_on_linux -- --ignored as_root
    tests --test capi_unlink -- --ignored as_root
    if ! unshare -m true 2>/dev/null; then
        skip_ignored capi_preload "root without its rights" as_root
    else
        with_tool pg_ctlcluster database capi_preload
    fi
fi
if ! may_unshare; then
    skip_ignored capi_private_shm "neither root nor user namespaces"
    for file in private_shm complete_private_shm killed; do
        skip_ignored "$file" "neither root nor user namespaces"
    done
else
    left_out=()
    if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
        left_out+=(--skip as_root)
        skip_ignored private_shm "not root, or root without its rights" as_root
        skip_ignored capi_private_shm "not root, or root without its rights" as_root
        skip_ignored complete_private_shm "not root, or root without its rights" as_root
    fi
    tests --test capi_private_shm --test complete_private_shm --test killed -- --ignored "${left_out[@]}"
    if ! command -v bwrap >/dev/null; then
        left_out+=(--skip in_a_container)
        skip_ignored private_shm "bubblewrap is missing" in_a_container
    fi
    tests --test private_shm -- --ignored "${left_out[@]}"
fi

# Snapshots and liveness: what needs a tracer, root or namespaces. Each test's name or reason says which.
root_with_rights() { [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; }
# FILTER FILE CONDITION WHY: the ignored tests whose names hold the filter, or none of them.
snapshots_if() {
    if $3; then
        tests --test "$2" -- --ignored "$1"
    else
        skip_ignored "$2" "$4" "$1"
    fi
}
may_trace_and_unshare() { may_trace && may_unshare; }
root_may_trace() { root_with_rights && may_trace; }
have_bwrap() { command -v bwrap >/dev/null; }
snapshots_if after_any_instruction snapshot_kills may_unshare "neither root nor user namespaces"
snapshots_if without_inotify snapshot_waiting may_trace "strace is missing, or may not trace"
snapshots_if a_missing_directory snapshot_waiting may_unshare "neither root nor user namespaces"
snapshots_if as_root_a_reader snapshot_users root_may_trace "not root, or strace is missing"
snapshots_if as_root_another snapshot_users root_with_rights "not root, or root without its rights"
snapshots_if pid_namespaces snapshot_users may_unshare "neither root nor user namespaces"
snapshots_if in_containers snapshot_users have_bwrap "bubblewrap is missing"
snapshots_if waiting_for_a_name snapshot_traces may_trace_and_unshare "strace is missing or may not trace, or no namespaces"
snapshots_if makes_one snapshot_traces may_trace "strace is missing, or may not trace"
snapshots_if opening_and_replacing snapshot_traces may_trace "strace is missing, or may not trace"
snapshots_if to_load_and_to_store snapshot_traces may_trace "strace is missing, or may not trace"
snapshots_if claims_make snapshot_traces may_trace "strace is missing, or may not trace"

if [ -z "${RAWSHM_QUICK:-}" ]; then
    echo "== other targets"
    timeout 3600 tests/targets.sh 2>&1 | tee "$log"
    count "${PIPESTATUS[0]}"
else
    skip "other targets" 1 "RAWSHM_QUICK is set"
fi

if [ -n "${CI:-}" ]; then
    failed=$((failed + skipped))
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
