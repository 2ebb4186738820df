#!/usr/bin/env bash
# Runs every test, after installing what is missing, and ends with what they have checked, and with
# a line that counts them.
#
# A test whose need cannot be met is skipped; with CI set that is a failure. RAWSHM_QUICK=1 leaves
# out the other targets and the other kernels.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

# What tests need beyond cargo, a C compiler and the kernel: the NAME of the module needs_NAME that
# they are in, the Debian packages that have it, and a command that succeeds if the need is met.
needs=(
    "strace         strace       strace -o /dev/null true"
    "musl_gcc       musl-tools   command -v musl-gcc"
    "cxx            g++          command -v g++"
    "clang          clang        command -v clang"
    "pkg_config     pkg-config   command -v pkg-config"
    "lld            lld          command -v ld.lld"
    "mold           mold         command -v mold"
    "spin         spin         command -v spin"
    "clippy         rust-clippy  cargo clippy --version"
    "go             golang-go    command -v go"
    "python3        python3      command -v python3"
    "postgres       postgresql   command -v pg_ctlcluster"
    "bwrap          bubblewrap   bwrap --unshare-all --ro-bind / / true"
    "oci_runtimes   crun,runc,jq command -v crun && command -v runc && command -v jq"
    "podman         podman       command -v podman"
    "namespaces     util-linux   unshare -m true || unshare -mr true"
    "root           util-linux   [ $(id -u) = 0 ] && unshare -m true"
    "half_a_minute  coreutils    true"
)
# The crate is built alone with each of these. All tests run with the first, and those of the
# library with the last, too.
feature_sets=("" std derive snapshot std,snapshot std,derive,snapshot)

passed=0 failed=0 skipped=0 unmet='' skips=()
log=$(mktemp) checked=$(mktemp)
trap 'rm -f "$log" "$checked"' EXIT

# PACKAGE,...
install() {
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then return 1; fi
    if [ -z "${updated:-}" ]; then apt-get update -qq >/dev/null && updated=yes; fi
    # Tests start a database server of their own: none is to run by itself.
    local cluster=/etc/postgresql-common/createcluster.d/rawshm.conf
    if [ "$1" = postgresql ]; then
        mkdir -p "${cluster%/*}" && echo 'create_main_cluster = false' >"$cluster"
    fi
    local packages=()
    IFS=, read -ra packages <<<"$1"
    DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    rm -f "$cluster"
}

# NAME WHY
skip() {
    echo "skipped $1: $2"
    skipped=$((skipped + 1))
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

# STATUS: adds up the closing lines of libtest, or of a script that counts likewise, in the log, and
# keeps the lines that say what was checked.
count() {
    local p f s
    read -r p f s < <(sed -nE 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; .*/\1 \2 0/p
        s/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$log" |
        awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
    # Something failed before anything could be counted.
    if [ "$1" != 0 ] && [ "$f" = 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    sed -n 's/.*checked: //p' "$log" >>"$checked"
}

# OPTIONS OF CARGO... -- ARGUMENT...: every test that they choose but those whose needs are not met,
# which are counted by name.
tests() {
    local name options=()
    echo "== cargo test $*"
    while [ "$1" != -- ]; do options+=("$1") && shift; done
    shift
    timeout 3600 cargo test --no-fail-fast "${options[@]}" \
        -- --include-ignored "${skips[@]}" "$@" 2>&1 | tee "$log" | grep -vE '^\s*$'
    count "${PIPESTATUS[0]}"
    if [ -z "$unmet" ]; then return; fi
    while read -r name; do skip "$name" "its need is not met"; done < <(
        cargo test --quiet "${options[@]}" -- --ignored --list "$@" 2>/dev/null |
            sed -n 's/: test$//p' | grep -F "$unmet")
}

# ARGUMENT...
clippy() { check "clippy $*" cargo clippy --quiet "$@" -- -D warnings; }

for need in "${needs[@]}"; do
    read -r name package probe <<<"$need"
    met() { eval "$probe" >/dev/null 2>&1; }
    if met || { install "$package" && met; }; then continue; fi
    echo "missing $name, which $package has: what is in a module needs_$name is skipped"
    skips+=(--skip "needs_$name::")
    unmet+=${unmet:+$'\n'}needs_$name::
done

echo "== checks"
if cargo fmt --version >/dev/null 2>&1; then
    check "formatting" cargo fmt --all --check
else
    skip "formatting" "this toolchain has no rustfmt"
fi
if cargo clippy --version >/dev/null 2>&1; then
    clippy --package rawshm
    clippy --package rawshm --all-features --all-targets
    clippy --package rawshm-tests --all-targets
    clippy --package rawshm-benches
    clippy --package rawshm-start --all-targets
    clippy --package rawshm-static --bins
    clippy --package rawshm-boot --lib --bins
    clippy --package rawshm-guest --bins
    clippy --package rawshm-capi
else
    skip "clippy" "this toolchain has no clippy"
fi
check "documentation" \
    env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --package rawshm --all-features
# Badges need a nightly feature, which this compiler has, too.
check "documentation as docs.rs builds it" \
    env RUSTC_BOOTSTRAP=1 RUSTDOCFLAGS="-D warnings --cfg docsrs" cargo doc --quiet --no-deps \
    --package rawshm --all-features --target-dir "${CARGO_TARGET_DIR:-target}/docsrs"
check "examples of the start package" cargo test --quiet --package rawshm-start
check "documentation of the start package" \
    env RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --package rawshm-start
# It is built, too: nothing in it is from outside.
check "the start package holds what it needs" \
    cargo package --quiet --allow-dirty --package rawshm-start
for features in "${feature_sets[@]}"; do
    check "the crate alone builds with '$features'" \
        cargo build --quiet --package rawshm --no-default-features --features "$features"
done

tests --features "${feature_sets[0]}" --
# Programs, models, and the peers in a storm call the library as it is with any features, and what
# takes long would find nothing new.
tests --features "${feature_sets[-1]}" --lib --test bytes --test object --test complete \
    --test refusals --test snapshot --test traces -- \
    --skip needs_half_a_minute:: --skip after_any_instruction
tests --features "${feature_sets[-1]}" --doc --

# Miri does not come from the registries that packages come from: without it, nothing is counted.
if cargo miri --version >/dev/null 2>&1; then
    for seed in 0 1 2 3 4 5 6 7; do
        check "bytes and snapshots under Miri, seed $seed" \
            env MIRIFLAGS="-Zmiri-seed=$seed -Zmiri-strict-provenance" \
            cargo miri test --package rawshm-tests --test bytes --test seqlock_threads
    done
else
    echo "note    Miri is not installed: rustup toolchain install nightly --component miri,"
    echo "        then rustup run nightly tests/run.sh"
fi

if [ -z "${RAWSHM_QUICK:-}" ]; then
    echo "== other targets"
    timeout 3600 tests/targets.sh 2>&1 | tee "$log"
    count "${PIPESTATUS[0]}"
    echo "== other kernels"
    timeout 3600 tests/kernels.sh 2>&1 | tee "$log"
    count "${PIPESTATUS[0]}"
else
    skip "other targets" "RAWSHM_QUICK is set"
    skip "other kernels" "RAWSHM_QUICK is set"
fi

echo "== checked"
awk '!seen[$0]++' "$checked"
if [ -n "${CI:-}" ]; then failed=$((failed + skipped)); fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
