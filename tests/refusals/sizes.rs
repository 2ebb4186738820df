//! Sizes that cannot be had, of objects that a peer resizes meanwhile.

use std::process::Command;

use rawshm::{Errno, Error, Object, Operation, Size};
use rawshm_tests::rungs::{Answer, where_supervised};
use rawshm_tests::{Ended, UniqueName, assert_failed, is_alone, left_in_shm, run, static_program};

const MIB: u64 = 1 << 20;
/// Larger than the smallest step of a reservation.
const RESERVED: Size = Size::Reserved(16 * MIB);

/// Has another process set the size.
fn peer_resizes(name: &UniqueName, size: u64) {
    let ended = run(Command::new("truncate")
        .args(["-s", &size.to_string()])
        .arg(name.path()));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
}

/// Reserves memory where each `fallocate` has the next of these answers; a peer may set the size
/// before the last.
fn reserve(name: &UniqueName, answers: &[Answer], size_of_peer: Option<u64>) -> Result<(), Error> {
    let mut answers = answers.iter();
    where_supervised(
        libc::SYS_fallocate,
        || {
            let answer = answers.next().expect("no more calls");
            if let Some(size) = size_of_peer.filter(|_| answers.as_slice().is_empty()) {
                peer_resizes(name, size);
            }
            *answer
        },
        || Object::open_read_write(name)?.resize(RESERVED),
    )
}

#[test]
fn a_reservation_that_fails_leaves_the_size_as_it_was_or_as_a_peer_has_set_it() {
    use Answer::{FailsWith, Made};
    let interrupted = FailsWith(libc::EINTR);
    for size_of_peer in [None, Some(32 * MIB), Some(MIB), Some(0)] {
        for answers in [
            &[FailsWith(libc::ENOSPC)][..],
            &[interrupted, FailsWith(libc::ENOSPC)],
            &[interrupted, Made, FailsWith(libc::ENOSPC)],
            &[
                interrupted,
                interrupted,
                Made,
                Made,
                FailsWith(libc::ENOSPC),
            ],
        ] {
            let name = UniqueName::new();
            let object = Object::create(&name, Size::Sparse(4096)).expect("created");
            let reserved = reserve(&name, answers, size_of_peer);
            assert_failed(reserved, Operation::Reserve, Errno::NOSPC);
            assert_eq!(
                object.size(),
                Ok(size_of_peer.unwrap_or(4096)),
                "{answers:?}"
            );
        }
    }
}

#[test]
fn a_reservation_in_steps_is_of_the_whole_and_keeps_a_larger_size() {
    use Answer::{FailsWith, Made};
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(4096)).expect("created");
    let answers = [FailsWith(libc::EINTR), Made, Made];
    reserve(&name, &answers, Some(32 * MIB)).expect("reserved");
    let status = object.status().expect("a status");
    assert_eq!(status.size(), 32 * MIB);
    assert_eq!(status.allocated(), Ok(16 * MIB));
}

#[test]
fn a_file_system_without_fallocate_is_an_error_in_words() {
    let name = UniqueName::new();
    let made = where_supervised(
        libc::SYS_fallocate,
        || Answer::FailsWith(libc::EOPNOTSUPP),
        || {
            let object = Object::create(&name, RESERVED).map(drop);
            let snapshot = rawshm::snapshot::Writer::create(&name, 2, &0_u64).map(drop);
            (object, snapshot.map_err(Error::from))
        },
    );
    for made in [made.0, made.1] {
        let error = made.expect_err("no memory is reserved");
        let message = "cannot reserve the shared memory object: not supported (EOPNOTSUPP)";
        assert_eq!(error.to_string(), message);
    }
    assert!(!name.path().exists());
}

/// Runs a program where no file may be larger than a MiB.
fn limited(program: &str, name: &UniqueName, first: &str) -> Ended {
    let program = static_program(program);
    let (program, name) = (program.display(), name.argument());
    let script = format!("{first} ulimit -f 1024; exec {program} -n {name} -s 2000000");
    run(Command::new("sh").args(["-c", &script]))
}

#[test]
fn a_signal_for_a_file_that_is_too_large_leaves_an_empty_object_or_none() {
    for (program, left) in [("writer", 1), ("creator", 0)] {
        let name = UniqueName::new();
        let killed = limited(program, &name, "");
        assert_eq!(killed.status, 128 + libc::SIGXFSZ);
        assert_eq!(left_in_shm(&name).len(), left);
        if left == 1 {
            assert_eq!(Object::open(&name).expect("there").size(), Ok(0));
        }
        // Where it is ignored, there is an error instead.
        let name = UniqueName::new();
        let failed = limited(program, &name, "trap '' XFSZ;");
        let (argument, words) = (name.argument(), "file too large (EFBIG)");
        let message = format!("{program}: cannot resize {argument}: {words}\n");
        assert_eq!((failed.status, failed.stderr), (1, message));
        assert!(left_in_shm(&name).is_empty());
    }
}

#[test]
fn a_signal_for_a_file_that_is_too_large_leaves_the_old_size() {
    if !is_alone(a_signal_for_a_file_that_is_too_large_leaves_the_old_size) {
        return;
    }
    let limit = libc::rlimit {
        rlim_cur: MIB,
        rlim_max: MIB,
    };
    // SAFETY: it reads the struct.
    let done = unsafe { libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit) };
    assert_eq!(done, 0);
    for size in [Size::Sparse(2 * MIB), RESERVED] {
        let name = UniqueName::new();
        let object = Object::create(&name, Size::Sparse(4096)).expect("created");
        // SAFETY: the child makes system calls, and ends.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let _ = object.resize(size);
            // SAFETY: it ends the process.
            unsafe { libc::_exit(0) };
        }
        let mut status = 0;
        // SAFETY: it writes the status.
        let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(ended, child);
        assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGXFSZ);
        let now = object.status().expect("a status");
        assert_eq!((now.size(), now.allocated()), (4096, Ok(0)));
    }
}
