//! Complete objects in a `/dev/shm` of their own: other users, no memory, a missing or read-only
//! directory.

#![cfg(target_os = "linux")]

use rawshm_tests::rungs::{Rung, on, on_each_rung};
use rawshm_tests::{OTHER, public_copies, with_private_shm};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// Runs a script in a private `/dev/shm` on each rung, and compares its output line by line.
fn check(options: &str, script: &str, expected: &[&str]) {
    on_each_rung(|rung| {
        let ended = with_private_shm(PEER, options, script);
        assert_eq!(ended.stderr, "", "{rung:?}: {script}");
        let lines: Vec<&str> = ended.stdout.lines().collect();
        assert_eq!(lines, expected, "{rung:?}: {script}");
    });
}

#[test]
#[ignore = "needs namespaces"]
fn without_the_memory_that_is_to_be_reserved_nothing_is_left_and_the_old_object_stays() {
    check(
        "mode=1777,size=64k",
        "$PEER create-complete /x reserved size=65537; $PEER replace /x reserved size=65537; \
         $PEER open-or-create-complete /x reserved size=65537; ls -A /dev/shm; \
         $PEER create-complete /x reserved size=40960 value=1; \
         $PEER replace /x reserved size=40960; \
         $PEER open-or-create-complete /x; ls -A /dev/shm; $PEER unlink /x; \
         $PEER create-complete /x reserved size=65536",
        &[
            "Reserve ENOSPC",
            "Reserve ENOSPC",
            "Reserve ENOSPC",
            "created 1",
            "Reserve ENOSPC",
            "opened 1",
            "x",
            "ok",
            "created 0",
        ],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn out_of_inodes_is_an_error_at_creation() {
    check(
        "mode=1777,nr_inodes=2",
        "$PEER create-complete /x; $PEER create-complete /y; $PEER replace /x; ls -A /dev/shm",
        &["created 0", "Create ENOSPC", "Create ENOSPC", "x"],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn a_missing_and_a_read_only_directory_have_errors_of_their_own() {
    let missing = "Directory ENOENT";
    check(
        "mode=1777",
        "umount /dev/shm && mount -t tmpfs none /dev || exit; $PEER create-complete /x; \
         $PEER replace /x; $PEER open-or-create-complete /x; $CREATOR 2>&1",
        &[
            missing,
            missing,
            missing,
            "creator: cannot find /dev/shm: no such file or directory (ENOENT)",
        ],
    );
    check(
        "mode=1777",
        "$PEER create-complete /x value=1; mount -o remount,ro none /dev/shm || exit; \
         $PEER create-complete /y; $PEER replace /x; $PEER open-or-create-complete /y; \
         $PEER open /x",
        &[
            "created 1",
            "Create EROFS",
            "Create EROFS",
            "Create EROFS",
            "ok",
        ],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn the_umask_applies_unless_the_mode_is_asked_for_exactly() {
    check(
        "mode=1777",
        "umask 027; $PEER create-complete /x mode=666; $PEER create-complete /y exact=666; \
         $PEER replace /z mode=666; $CREATOR -m 666 -n /c; stat -c %a /dev/shm/[xyzc]",
        &[
            "created 0",
            "created 0",
            "replaced 0",
            "640",
            "640",
            "666",
            "640",
        ],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn limits_of_the_process_are_errors_that_leave_nothing() {
    check(
        "mode=1777",
        "trap '' XFSZ; \
         (ulimit -f 1; $PEER create-complete /x size=4096; $PEER replace /x size=4096); \
         (ulimit -v 1000000; $CREATOR 2>&1; $CREATOR -r 2>&1); ls -A /dev/shm",
        &[
            "Resize EFBIG",
            "Resize EFBIG",
            "creator: cannot map /my_shm: cannot allocate memory (ENOMEM)",
            "creator: cannot map /my_shm: cannot allocate memory (ENOMEM)",
        ],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn without_proc_objects_are_complete_too() {
    check(
        "mode=1777",
        "mount -t tmpfs none /proc || exit; $CREATOR; $READER; $CREATOR -r 1 2 3; $READER; \
         ls -A /dev/shm",
        &["&{100 876 8021}", "&{1 2 3}", "my_shm"],
    );
}

mod needs_root {
    use super::*;

    #[test]
    #[ignore = "needs namespaces and root"]
    fn another_users_object_is_not_replaced_and_nothing_is_left() {
        let copies = public_copies(PEER);
        let other = format!("{OTHER} {}", copies.display());
        check(
            "mode=1777",
            &format!(
                "$PEER create-complete /x exact=666 value=1; {other}/peer replace /x value=2; \
                 {other}/peer create-complete /x; {other}/peer open-or-create-complete /x; \
                 {other}/peer create-complete /y value=3; $PEER replace /y value=4; \
                 ls -A /dev/shm; \
                 {other}/creator -r -n /x; {other}/creator -r -n /z && $READER -n /z"
            )
            .replace("-n /x;", "-n /x 2>&1;"),
            &[
                "created 1",
                "Create EACCES",
                "Create EEXIST",
                "opened 1",
                "created 3",
                "replaced 4",
                "x",
                "y",
                "creator: cannot create /x: permission denied (EACCES)",
                "&{100 876 8021}",
            ],
        );
    }

    #[test]
    #[ignore = "needs namespaces and root"]
    fn temporary_names_of_other_users_are_skipped() {
        let copies = public_copies(PEER);
        let other = format!("{OTHER} {}", copies.display());
        check(
            "mode=1777",
            &format!(
                "umask 077; echo left >/dev/shm/.x.rawshm-000; {other}/peer replace /x value=1; \
                 ls -A /dev/shm; $PEER replace /x value=2; ls -A /dev/shm"
            ),
            &["replaced 1", ".x.rawshm-000", "x", "replaced 2", "x"],
        );
    }

    #[test]
    #[ignore = "needs namespaces and root"]
    fn an_initialiser_may_become_another_user_and_without_proc_the_first_error_is_reported() {
        // A process may link a file of another user that it may read and write.
        let script =
            "$PEER create-complete /x exact=666 value=1 user=65534; $PEER load /x; ls -A /dev/shm";
        let without_proc = "mount -t tmpfs none /proc || exit; \
                            $PEER create-complete /x exact=666 user=65534; \
                            $PEER replace /x exact=666 user=65534; ls -A /dev/shm";
        for (rung, script, expected) in [
            (Rung::ByDescriptor, script, "created 1\n[1, 0, 0]\nx\n"),
            (Rung::ByProc, script, "created 1\n[1, 0, 0]\nx\n"),
            (
                Rung::ByDescriptor,
                without_proc,
                "Create ENOENT\nCreate ENOENT\n",
            ),
        ] {
            let ended = on(rung, || with_private_shm(PEER, "mode=1777", script));
            let found = (ended.stdout.as_str(), ended.stderr.as_str());
            assert_eq!(found, (expected, ""), "{rung:?}: {script}");
        }
    }

    #[test]
    #[ignore = "needs namespaces and root"]
    fn after_becoming_another_user_an_initialiser_cannot_replace_in_a_sticky_directory() {
        check(
            "mode=1777",
            "$PEER create-complete /x value=1; \
             $PEER replace /x exact=666 user=65534 value=2; ls -A /dev/shm; \
             $PEER load /x; $PEER replace /x value=3; ls -A /dev/shm",
            &[
                "created 1",
                "Create EACCES",
                ".x.rawshm-000",
                "x",
                "[1, 0, 0]",
                "replaced 3",
                "x",
            ],
        );
    }
}
