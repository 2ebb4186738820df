//! Waits that cannot sleep.

use std::time::Duration;

use rawshm::fd::{AsFd as _, AsRawFd as _};
use rawshm::snapshot::{Deadline, Reader};
use rawshm::{Errno, Error, Object, Operation, Size};
use rawshm_tests::rungs::{Refused, where_refused};
use rawshm_tests::{UniqueName, assert_failed};

const NANOSLEEP: Refused = Refused {
    name: "nanosleep",
    call: libc::SYS_nanosleep,
    with: None,
};
const INOTIFY: Refused = Refused {
    name: "inotify_init1",
    call: libc::SYS_inotify_init1,
    with: None,
};

#[test]
fn a_wait_for_a_name_that_can_neither_watch_nor_sleep_is_an_error() {
    let name = UniqueName::new();
    for errno in [libc::ENOSYS, libc::EPERM] {
        let error = where_refused(&[NANOSLEEP, INOTIFY], errno, || {
            let deadline = Deadline::after(Duration::from_secs(2)).expect("a clock");
            Reader::<u64>::wait_for(&name, deadline).map(|reader| reader.is_some())
        });
        let error = error.expect_err("no sleep");
        let expected = Error::new(Operation::Wait, Errno::from_raw_os_error(errno));
        assert_eq!(Error::from(error), expected);
    }
}

#[test]
fn a_wait_for_the_end_of_a_writer_that_can_neither_be_woken_nor_sleep_is_an_error() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(1)).expect("created");
    // A reader's lock keeps the claimant from locking the byte that others sleep on.
    let reader = Object::open(&name).expect("opened");
    // SAFETY: integers only.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_RDLCK.try_into().expect("small");
    lock.l_start = (1 << 62) + 1;
    lock.l_len = 1;
    let fd = reader.as_fd().as_raw_fd();
    // SAFETY: it reads the struct.
    let locked = unsafe { libc::fcntl(fd, libc::F_OFD_SETLK, &raw mut lock) };
    assert_eq!(locked, 0);
    object.claim().expect("claimed");
    for errno in [libc::ENOSYS, libc::EPERM] {
        let waited = where_refused(&[NANOSLEEP], errno, || {
            Object::open(&name)?.wait_for_writer_end()
        });
        assert_failed(waited, Operation::Wait, Errno::from_raw_os_error(errno));
    }
}
