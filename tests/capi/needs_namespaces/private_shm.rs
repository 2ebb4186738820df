//! What the C drop-in returns if `/dev/shm` is full, read-only, closed or missing.

#![cfg(target_os = "linux")]

use rawshm_tests::capi::{self, Linkage};
use rawshm_tests::with_private_shm;

/// Checks a claim in a private `/dev/shm`, after the script `before`, with each linkage.
#[track_caller]
fn holds(options: &str, before: &str, claim: &str) {
    for linkage in Linkage::ALL {
        let program = capi::program("tests/c/private_shm.c", linkage);
        let program = program.to_str().expect("text");
        let script = format!("{before} exec \"$PEER\" {claim} /x");
        let ended = with_private_shm(program, options, &script);
        let found = (ended.status, ended.stderr.as_str(), ended.stdout.as_str());
        assert_eq!(found, (0, "", ""), "{claim}, {linkage:?}");
    }
}

#[test]
#[ignore = "needs namespaces"]
fn shm_open_shall_fail_with_enospc_if_there_is_no_space_for_a_new_object() {
    holds("mode=1777,nr_inodes=1", "", "no_inode_is_left");
}

#[test]
#[ignore = "needs namespaces"]
fn lack_of_memory_is_no_error_of_shm_open_but_of_posix_fallocate() {
    holds("mode=1777,size=64k", "", "no_memory_is_left");
}

#[test]
#[ignore = "needs namespaces"]
fn in_a_read_only_directory_objects_can_be_opened_to_read_and_no_more() {
    let before = "echo >/dev/shm/there && mount -o remount,ro none /dev/shm &&";
    holds("mode=1777", before, "the_directory_is_read_only");
}

#[test]
#[ignore = "needs namespaces"]
fn without_a_directory_everything_is_enoent() {
    let before = "umount /dev/shm && mount -t tmpfs none /dev &&";
    holds("mode=1777", before, "the_directory_is_missing");
}

mod needs_root {
    use super::*;

    #[test]
    #[ignore = "needs namespaces and root"]
    fn both_shall_fail_with_eacces_if_the_directory_denies_it() {
        let before = "echo >/dev/shm/there && chmod 644 /dev/shm/there &&";
        holds("mode=755", before, "the_directory_denies_it");
    }

    #[test]
    #[ignore = "needs namespaces and root"]
    fn a_device_is_einval() {
        let before = "mknod /dev/shm/null c 1 3 && mknod /dev/shm/driverless c 250 250 &&";
        holds("mode=1777,dev", before, "a_device_is_no_object");
    }
}
