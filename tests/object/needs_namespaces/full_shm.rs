//! What is read through a descriptor where no memory is left.

#![cfg(target_os = "linux")]

use rawshm_tests::with_private_shm;

const PEER: &str = env!("CARGO_BIN_EXE_peer");

#[test]
#[ignore = "needs namespaces"]
fn every_hole_can_be_read_where_no_page_is_left_and_none_is_taken() {
    let script = "$PEER create /holes 1003520 >/dev/null; \
                  $PEER create-reserved /full 65536; \
                  $PEER create-reserved /more 1; \
                  exec $PEER reading read-holes /holes";
    let ended = with_private_shm(PEER, "mode=1777,size=64k", script);
    assert_eq!(
        ended.stdout, "ok\nReserve ENOSPC\n1003520 bytes, 0 and 0\n",
        "{}",
        ended.stderr
    );
    assert_eq!(ended.status, 0);
}
