//! Claims as the kernel keeps them, and what a process that may only read can do to them.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;

use rawshm::snapshot::{self, Reader, Writer};
use rawshm::{Errno, Error, Extent, Object, Operation, Rights, Size};
use rawshm_tests::watchdog::{WATCHDOG, watchdog};
use rawshm_tests::{UniqueName, assert_failed};

#[track_caller]
fn assert_refused<T>(result: Result<T, snapshot::Error>, operation: Operation, errno: Errno) {
    let error = result.map(|_| ()).expect_err("it was not refused");
    assert_eq!(error, Error::new(operation, errno).into());
}

#[test]
fn a_second_writer_is_refused_while_the_first_lives() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    assert_refused(Writer::<u32>::open(&name), Operation::Claim, Errno::BUSY);
    // Whatever type it is of.
    assert_refused(Writer::<u64>::open(&name), Operation::Claim, Errno::BUSY);
    let either = Writer::open_or_create(&name, 2, &2_u32);
    assert_refused(either, Operation::Claim, Errno::BUSY);
    let replaced = Writer::replace(&name, 2, &2_u32);
    assert_refused(replaced, Operation::Claim, Errno::BUSY);
    writer.store(&3);
    let reader = Reader::<u32>::open(&name).expect("opened");
    assert_eq!(reader.load_with_sequence(), Ok((2, 3)));
    drop(writer);
    let taken_over = Writer::<u32>::open(&name).expect("taken over");
    assert_refused(Writer::<u32>::open(&name), Operation::Claim, Errno::BUSY);
    drop(taken_over);
}

#[test]
fn a_writer_of_another_type_leaves_no_claim_behind() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u32).expect("created"));
    Writer::<u64>::open(&name).expect_err("another type");
    Writer::<u32>::open(&name).expect("taken over");
}

#[test]
fn a_writer_has_one_descriptor_of_its_object_and_makes_no_other_name() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u32).expect("created"));
    let file = name.path();
    let descriptors = || {
        let open = std::fs::read_dir("/proc/self/fd").expect("a folder");
        let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        targets.filter(|target| *target == file).count()
    };
    let writer = Writer::<u32>::open(&name).expect("taken over");
    assert_eq!((descriptors(), names_of(&name)), (1, vec![name.path()]));
    drop(writer);
    assert_eq!((descriptors(), names_of(&name)), (0, vec![name.path()]));
}

/// The files of a name, temporary ones included.
fn names_of(name: &UniqueName) -> Vec<PathBuf> {
    let leaf = name.argument().trim_start_matches('/').to_owned();
    let files = std::fs::read_dir("/dev/shm").expect("a folder");
    let files = files.map(|entry| entry.expect("an entry").path());
    files
        .filter(|file| file.to_string_lossy().contains(&leaf))
        .collect()
}

#[test]
fn a_claim_is_seen_by_others_and_lasts_as_long_as_its_object() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(4096)).expect("created");
    let other = Object::open_read_write(&name).expect("opened");
    let reader = Object::open(&name).expect("opened");
    assert_eq!(
        (other.writer_alive(), reader.writer_alive()),
        (Ok(false), Ok(false))
    );
    reader.wait_for_writer_end().expect("there is no claim");

    object.claim().expect("claimed");
    object.claim().expect("claimed again");
    assert_eq!(
        (other.writer_alive(), reader.writer_alive()),
        (Ok(true), Ok(true))
    );
    assert_eq!(
        object.writer_alive(),
        Ok(false),
        "its own claim does not count"
    );
    assert_failed(other.claim(), Operation::Claim, Errno::BUSY);

    drop(object.map(Extent::Whole).expect("mapped"));
    assert_eq!(reader.writer_alive(), Ok(true));
    drop(object);
    assert_eq!(reader.writer_alive(), Ok(false));
    other.claim().expect("it is free");
    assert_eq!(reader.writer_alive(), Ok(true));
}

/// Waits in a thread for the end of an object's writer. The thread then sends the object back.
fn wait_for_end<R: Rights + Send + 'static>(object: Object<R>) -> mpsc::Receiver<Object<R>> {
    let (say, ended) = mpsc::channel();
    thread::spawn(move || {
        object.wait_for_writer_end().expect("waited");
        let _ = say.send(object);
    });
    ended
}

/// Checks that the wait ends, that there is no writer then, and that its lock is released.
fn has_ended<R: Rights>(ended: &mpsc::Receiver<Object<R>>, name: &UniqueName) {
    let object = ended.recv_timeout(WATCHDOG).expect("it hangs");
    assert_eq!(object.writer_alive(), Ok(false));
    let other = File::open(name.path()).expect("opened to read");
    assert_eq!(
        lock_in_the_way(&other, libc::F_WRLCK, SLEPT_ON),
        libc::F_UNLCK
    );
}

#[test]
fn waiting_for_the_end_of_a_writer_sleeps_until_then() {
    let name = UniqueName::new();
    let writer = Writer::create(&name, 2, &1_u32).expect("created");
    let ended = wait_for_end(Object::open(&name).expect("opened"));
    assert!(ended.try_recv().is_err(), "the writer lives");
    drop(writer);
    has_ended(&ended, &name);
}

/// The bytes that are locked: see `sys/linux/snapshot/claims.rs`.
const CLAIMED: i64 = 1 << 62;
const SLEPT_ON: i64 = CLAIMED + 1;

/// The kind of lock that keeps this file from locking the byte as asked.
fn lock_in_the_way(file: &File, asked: libc::c_int, byte: i64) -> libc::c_int {
    // SAFETY: a struct of integers.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = asked.try_into().expect("small");
    lock.l_start = byte;
    lock.l_len = 1;
    // SAFETY: an open descriptor and a local struct.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_GETLK, &raw mut lock) };
    assert_eq!(done, 0);
    lock.l_type.into()
}

#[test]
fn a_claimant_that_waits_for_others_does_not_give_up_what_they_sleep_on() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(4096)).expect("created");
    object.claim().expect("claimed");
    object.wait_for_writer_end().expect("there is no other");
    let reader = File::open(name.path()).expect("opened to read");
    for byte in [CLAIMED, SLEPT_ON] {
        let found = lock_in_the_way(&reader, libc::F_RDLCK, byte);
        assert_eq!(found, libc::F_WRLCK);
    }
}

#[test]
fn a_name_is_reaped_only_if_its_writer_has_ended() {
    let name = UniqueName::new();
    assert_failed(snapshot::reap(&name), Operation::Open, Errno::NOENT);
    let writer = Writer::create(&name, 2, &1_u32).expect("created");
    assert_eq!(snapshot::reap(&name), Ok(false));
    assert!(name.path().exists());
    drop(writer);
    assert_eq!(snapshot::reap(&name), Ok(true));
    assert!(!name.path().exists());
}

#[test]
fn a_name_is_unlinked_only_if_it_is_still_this_objects() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(64)).expect("created");
    rawshm::unlink(&name).expect("unlinked");
    assert_eq!(object.unlink(&name), Ok(false));
    let next = Object::create(&name, Size::Sparse(64)).expect("created");
    assert_eq!(object.unlink(&name), Ok(false));
    assert_eq!(object.unlink(&name), Ok(false));
    assert!(name.path().exists());
    let opened = Object::open(&name).expect("opened");
    assert_eq!(opened.unlink(&name), Ok(true));
    assert_eq!(next.is_unlinked(), Ok(true));
}

#[test]
fn a_replaced_snapshot_is_retired_and_its_name_has_the_new_one() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    let mut reader = Reader::<u32>::open(&name).expect("opened");
    writer.store(&2);
    drop(writer);
    let writer = Writer::replace(&name, 8, &[7_u64; 3]).expect("replaced");
    assert_eq!(reader.next(watchdog()), Ok(Some(2)));
    assert_eq!(reader.next(watchdog()), Err(snapshot::Error::Retired));
    let reader = Reader::<[u64; 3]>::open(&name).expect("opened");
    assert_eq!(reader.load_with_sequence(), Ok((1, [7; 3])));
    assert_eq!(writer.sequence(), 1);
    assert_eq!(names_of(&name), [name.path()]);
    let again = Writer::replace(&name, 2, &1_u32);
    assert_refused(again, Operation::Claim, Errno::BUSY);
}

#[test]
fn what_is_not_there_or_no_snapshot_or_retired_can_be_replaced() {
    let name = UniqueName::new();
    let writer = Writer::replace(&name, 2, &1_u32).expect("created");
    writer.retire();
    drop(Writer::replace(&name, 2, &2_u32).expect("replaced"));
    rawshm::unlink(&name).expect("unlinked");
    for size in [0, 10, 4096] {
        let foreign = Object::create(&name, Size::Sparse(size)).expect("created");
        drop(Writer::replace(&name, 2, &3_u32).expect("replaced"));
        assert_eq!(foreign.is_unlinked(), Ok(true));
        let reader = Reader::<u32>::open(&name).expect("opened");
        assert_eq!(reader.load_with_sequence(), Ok((1, 3)));
        rawshm::unlink(&name).expect("unlinked");
    }
}

#[test]
fn an_empty_object_is_too_small_for_a_header() {
    let name = UniqueName::new();
    for found in [0, 1, 63] {
        let object = Object::create(&name, Size::Sparse(found)).expect("created");
        let expected = snapshot::Error::ObjectSize {
            found,
            expected: 64,
        };
        assert_eq!(Reader::<u32>::open(&name).expect_err("small"), expected);
        assert_eq!(Reader::<u32>::of(&object).expect_err("small"), expected);
        assert_eq!(Writer::<u32>::open(&name).expect_err("small"), expected);
        rawshm::unlink(&name).expect("unlinked");
    }
    let object = Object::create(&name, Size::Sparse(64)).expect("created");
    let foreign = snapshot::Error::Foreign { found: [0; 8] };
    assert_eq!(Reader::<u32>::of(&object).expect_err("zeros"), foreign);
}

#[test]
fn an_object_may_be_larger_than_its_header_says_and_smaller_by_no_byte() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u32).expect("created"));
    let object = Object::open_read_write(&name).expect("opened");
    assert_eq!(object.size(), Ok(64 + 2 * 64));
    object.resize(Size::Sparse(10_000)).expect("grown");
    assert_eq!(Reader::<u32>::open(&name).expect("larger").load(), Ok(1));
    object.resize(Size::Sparse(191)).expect("shrunk");
    let error = Reader::<u32>::open(&name).expect_err("smaller");
    let (found, expected) = (191, 192);
    assert_eq!(error, snapshot::Error::ObjectSize { found, expected });
}

#[test]
fn the_memory_of_all_slots_is_reserved() {
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 4, &[0_u64; 1000]).expect("created");
    let object = Object::open(&name).expect("opened");
    let size = 64 + 4 * (64 + 8000_u64).next_multiple_of(64);
    assert_eq!(object.size(), Ok(size));
    assert!(object.allocated().expect("a number") >= size);
}

/// A reader's lock of the whole file, until this is dropped.
struct Obstacle(File);

impl Obstacle {
    fn new(name: &UniqueName) -> Self {
        let file = File::open(name.path()).expect("opened to read");
        let this = Self(file);
        assert!(this.is_granted());
        this
    }

    fn is_granted(&self) -> bool {
        // SAFETY: a struct of integers.
        let mut lock: libc::flock = unsafe { std::mem::zeroed() };
        lock.l_type = libc::F_RDLCK.try_into().expect("small");
        lock.l_whence = libc::SEEK_SET.try_into().expect("small");
        // SAFETY: an open descriptor and a local struct.
        let done = unsafe { libc::fcntl(self.0.as_raw_fd(), libc::F_OFD_SETLK, &raw mut lock) };
        done == 0
    }
}

#[test]
fn a_readers_lock_keeps_a_claim_from_being_made_and_nothing_else() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &[1_u64; 3]).expect("created");
    writer.store(&[2; 3]);
    let mut reader = Reader::<[u64; 3]>::open(&name).expect("opened");
    let object = Object::open_read_write(&name).expect("opened");
    drop(writer);
    let obstacle = Obstacle::new(&name);

    assert_failed(object.claim(), Operation::Claim, Errno::AGAIN);
    assert_eq!(object.writer_alive(), Ok(false), "it is no writer");
    let ended = wait_for_end(Object::open(&name).expect("opened"));
    ended.recv_timeout(WATCHDOG).expect("it hangs");
    let again = |result: Result<(), snapshot::Error>| {
        assert_refused(result, Operation::Claim, Errno::AGAIN);
    };
    again(Writer::<[u64; 3]>::open(&name).map(|_| ()));
    again(Writer::open_or_create(&name, 4, &[9_u64; 3]).map(|_| ()));
    again(Writer::replace(&name, 4, &[9_u64; 3]).map(|_| ()));
    assert_failed(snapshot::reap(&name), Operation::Claim, Errno::AGAIN);

    // Nothing has changed, and nothing was left on the way.
    assert_eq!(names_of(&name), [name.path()]);
    assert_eq!(reader.next(watchdog()), Ok(Some([2; 3])));
    assert!(!reader.is_retired());
    drop(obstacle);
    let writer = Writer::<[u64; 3]>::open(&name).expect("taken over");
    assert_eq!((writer.sequence(), writer.load()), (2, [2; 3]));
    assert_eq!(object.is_unlinked(), Ok(false), "in the same object");
}

#[test]
fn a_readers_lock_is_not_granted_while_a_writer_lives() {
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 4, &1_u64).expect("created");
    let file = File::open(name.path()).expect("opened to read");
    assert!(!Obstacle(file).is_granted());
}

#[test]
fn a_readers_flock_does_nothing() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &1_u64).expect("created");
    let file = File::open(name.path()).expect("opened to read");
    // SAFETY: an open descriptor.
    assert_eq!(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX) }, 0);
    writer.store(&2);
    let object = Object::open(&name).expect("opened");
    assert_eq!(object.writer_alive(), Ok(true));
    drop(writer);
    assert_eq!(object.writer_alive(), Ok(false));
    let writer = Writer::<u64>::open(&name).expect("taken over");
    assert_eq!(writer.sequence(), 2);
    assert_eq!(object.is_unlinked(), Ok(false), "in the same object");
    drop(writer);
    drop(Writer::replace(&name, 4, &3_u64).expect("replaced"));
    assert_eq!(snapshot::reap(&name), Ok(true));
}
