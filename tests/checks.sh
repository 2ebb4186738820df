# What scripts of checks share: counting, Debian packages, and compilers for other targets. A script
# sources it in the repository's folder, and says where its LOGS go.

TOOLS=$PWD/target/toolchains
# The status of a check that cannot be made here, and of one that cannot be made anywhere any more.
SKIP=77 GONE=78

passed=0 failed=0 skipped=0

# check CLAIM [ARGUMENT...]: the claim is a function, which fails with its first command that fails.
check() {
    local status start=$SECONDS claim="$*" log
    log=$LOGS/${claim//[ \/]/-}
    mkdir -p "$LOGS"
    # Bash ignores -e inside the condition of an `if` or a `||`, so there is none around this.
    (set -e; "$@") >"$log" 2>&1 </dev/null
    status=$?
    if ((status == 0)); then
        echo "ok $claim ($((SECONDS - start)) s)"
        passed=$((passed + 1))
    elif ((status == GONE)); then
        echo "gone $claim: $(tail -n 1 "$log")"
    elif ((status == SKIP)) && [[ -z ${CI:-} ]]; then
        echo "skipped $claim: $(tail -n 1 "$log")"
        skipped=$((skipped + 1))
    else
        sed 's/^/    /' "$log"
        echo "FAILED $claim"
        failed=$((failed + 1))
    fi
}

skip() {
    echo "$*"
    exit $SKIP
}

# Ends the script.
counted() {
    echo "$passed passed, $failed failed, $skipped skipped"
    ((failed == 0))
    exit
}

# install PACKAGE...
install() {
    local package sudo='' missing=()
    for package; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package") == installed ]] ||
            missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    [[ $(id -u) == 0 ]] || sudo=sudo
    $sudo apt-get update
    $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${missing[@]}"
}

# Uses Debian's compiler from now on, which compiles for the targets that tests/targets.sh has
# compiled the standard library for.
use_the_compiler_for_other_targets() {
    LLD=$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-lld
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET CARGO_BUILD_RUSTFLAGS
    unset RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER
    SYSROOT=$TOOLS/sysroot-$(dpkg-query -W -f '${Version}' rustc-web || true)
    export RUSTC=/usr/bin/rustc CARGO_TARGET_DIR=$TOOLS/build
}

# configure TARGET [FLAGS [LINKER]]: flags and linker of the host's own target would also apply to
# build scripts.
configure() {
    local name=${1^^}
    name=CARGO_TARGET_${name//-/_}
    export "${name}_RUSTFLAGS=--sysroot=$SYSROOT ${2:-}"
    [[ -z ${3:-} ]] || export "${name}_LINKER=$3"
}
