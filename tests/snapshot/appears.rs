//! Waiting for a snapshot where it appears in another way than by its name.

#![cfg(target_os = "linux")]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use rawshm::snapshot::{Deadline, Reader, Writer};
use rawshm::{Errno, Object, Size};
use rawshm_tests::watchdog::watchdog;
use rawshm_tests::{UniqueName, rungs};

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(20)).expect("a clock")
}

#[test]
fn an_object_of_no_bytes_is_waited_past_until_its_creator_has_filled_it() {
    let (name, other) = (UniqueName::new(), UniqueName::new());
    // As a creator in another language makes it: sized and filled under its name.
    let object = Object::create(&name, Size::Sparse(0)).expect("created");
    assert!(
        Reader::<u64>::wait_for(&name, soon())
            .expect("waited")
            .is_none()
    );
    drop(Writer::create(&other, 2, &7_u64).expect("created"));
    let contents = std::fs::read(other.path()).expect("its bytes");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| Reader::<u64>::wait_for(&name, watchdog()));
        let mut file = OpenOptions::new()
            .write(true)
            .open(name.path())
            .expect("opened");
        file.write_all(&contents).expect("written");
        let reader = waiting.join().expect("waited").expect("a snapshot");
        assert_eq!(reader.expect("in time").load(), Ok(7));
    });
    assert_eq!(object.is_unlinked(), Ok(false), "in the same object");
}

#[test]
fn a_snapshot_is_found_where_inotify_is_refused() {
    for errno in [Errno::MFILE, Errno::NOSYS, Errno::PERM] {
        let name = UniqueName::new();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let wait = || Reader::<u64>::wait_for(&name, watchdog());
                rungs::where_nothing_is_watched(errno.raw_os_error(), wait)
            });
            let _writer = Writer::create(&name, 2, &7_u64).expect("created");
            let reader = waiting.join().expect("waited").expect("a snapshot");
            assert_eq!(reader.expect("in time").load(), Ok(7));
        });
        // And is not waited for longer than is asked.
        let wait = || Reader::<u32>::wait_for(&UniqueName::new(), soon());
        let none = rungs::where_nothing_is_watched(errno.raw_os_error(), wait);
        assert!(none.expect("waited").is_none());
    }
}
