#!/usr/bin/env bash
# Runs every operation and every program with all that can go wrong with their calls, of which
# `cargo test` tries a sample. It takes about half an hour. The last line is "N cells, 0 red".
#
# RAWSHM_SEED=N repeats the random faults, RAWSHM_DOUBLE_FAULTS=N says how many there are.
# RAWSHM_BLESS=1 rewrites docs/faults.md and the figure in README.md.
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

# In a /dev/shm of its own: what other processes create would wake readers that wait for a name.
if [[ -z ${RAWSHM_OWN_SHM:-} ]]; then
    export RAWSHM_OWN_SHM=yes
    namespaces=-m
    unshare -m true 2>/dev/null || namespaces=-mr
    exec unshare $namespaces sh -c \
        'mount -t tmpfs -o mode=1777 none /dev/shm && exec tests/faults.sh'
fi

export RAWSHM_FAULTS=all RAWSHM_KILLS=all
export RAWSHM_DOUBLE_FAULTS=${RAWSHM_DOUBLE_FAULTS:-100000}
export RAWSHM_SEED=${RAWSHM_SEED:-$((RANDOM << 15 | RANDOM))}
work=${CARGO_TARGET_DIR:-target}
page=$work/faults.md

# every TEST [FILTER]: all of it, with a rustix that does not assert that close succeeds.
every() {
    cargo --config 'profile.dev.package.rustix.debug-assertions=false' \
        test --quiet --package rawshm-tests --test "$1" \
        -- --include-ignored --nocapture "${@:2}" 2>&1
}

kills() {
    every snapshot_peers kills:: && every complete killed::
}

echo "RAWSHM_SEED=$RAWSHM_SEED RAWSHM_DOUBLE_FAULTS=$RAWSHM_DOUBLE_FAULTS repeats this"
mkdir -p "$work"
status=0
kills >"$work/kills.log" &
every faults | tee "$work/faults.log" || status=1
wait $! || status=1
cat "$work/kills.log" | tee --append "$work/faults.log"
cargo run --quiet --package rawshm-tests --example faults -- \
    "$RAWSHM_SEED" "$work/faults.log" >"$page" || status=1
tail -n 1 "$page"
if [[ $status != 0 ]]; then
    echo "a test has failed: see above"
elif [[ -n ${RAWSHM_BLESS:-} ]]; then
    cp "$page" docs/faults.md
    sed -i -E "s/[0-9,]+ cells, 0 red/$(tail -n 1 "$page")/" README.md
fi
exit $status
