//! How a snapshot ends, and what a retired one that still has its name is for readers and writers.

use std::time::Duration;

#[cfg(target_os = "linux")]
use rawshm::Outcome;
use rawshm::snapshot::{self, Deadline, Reader, Writer};
use rawshm::{Errno, Error, Operation};
use rawshm_tests::UniqueName;
use rawshm_tests::header::retire_unheard;
use rawshm_tests::watchdog::watchdog;

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(20)).expect("a clock")
}

#[track_caller]
fn assert_refused<T>(result: Result<T, snapshot::Error>, operation: Operation, errno: Errno) {
    let error = result.map(|_| ()).expect_err("it was not refused");
    assert_eq!(error, Error::new(operation, errno).into());
}

/// A snapshot that is retired and has its name: because its writer wanted it so, or because that
/// was killed before it removed the name.
fn retired(name: &UniqueName, interrupted: bool) {
    let mut writer = Writer::create(name, 2, &1_u64).expect("created");
    writer.store(&2);
    if interrupted {
        retire_unheard(name);
    } else {
        writer.retire();
    }
}

#[test]
fn a_retired_snapshot_that_has_its_name_can_be_read_and_is_waited_past() {
    for interrupted in [false, true] {
        let name = UniqueName::new();
        retired(&name, interrupted);
        let mut reader = Reader::<u64>::open(&name).expect("opened");
        assert!(reader.is_retired());
        assert_eq!(reader.next(watchdog()), Ok(Some(2)));
        assert_eq!(reader.next(watchdog()), Err(snapshot::Error::Retired));
        assert_eq!(reader.load_with_sequence(), Ok((2, 2)));
        let found = Reader::<u64>::wait_for(&name, soon()).expect("waited");
        assert!(found.is_none());
        assert_refused(
            Writer::create(&name, 2, &3_u64),
            Operation::Create,
            Errno::EXIST,
        );
        let error = Writer::<u64>::open(&name).expect_err("retired");
        assert_eq!(error, snapshot::Error::Retired);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_next_writer_puts_another_in_the_place_of_a_retired_snapshot() {
    for interrupted in [false, true] {
        let name = UniqueName::new();
        retired(&name, interrupted);
        let old = Reader::<u64>::open(&name).expect("opened");
        let (writer, outcome) = Writer::open_or_create(&name, 4, &3_u64).expect("created");
        assert_eq!((outcome, writer.sequence()), (Outcome::Created, 1));
        assert_eq!(old.is_current(&name), Ok(false));
        let new = Reader::<u64>::wait_for(&name, watchdog())
            .expect("waited")
            .expect("there");
        assert_eq!(new.load_with_sequence(), Ok((1, 3)));
        assert_eq!(writer.finish(&name), Ok(true));

        retired(&name, interrupted);
        // Whatever type it is of.
        let writer = Writer::replace(&name, 4, &[4_u32; 3]).expect("replaced");
        assert_eq!(writer.finish(&name), Ok(true));

        retired(&name, interrupted);
        let other = Writer::open_or_create(&name, 4, &[5_u32; 3]);
        let (writer, outcome) = other.expect("created");
        assert_eq!(outcome, Outcome::Created);
        assert_eq!(writer.finish(&name), Ok(true));

        retired(&name, interrupted);
        assert_eq!(snapshot::reap(&name), Ok(true));
        assert!(!name.path().exists());
    }
}

#[test]
fn a_snapshot_that_is_finished_is_retired_and_has_lost_its_name() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u64).expect("created");
    let mut reader = Reader::<u64>::open(&name).expect("opened");
    writer.store(&2);
    assert_eq!(writer.finish(&name), Ok(true));
    assert_eq!(reader.next(watchdog()), Ok(Some(2)));
    assert_eq!(reader.next(watchdog()), Err(snapshot::Error::Retired));
    assert_refused(Reader::<u64>::open(&name), Operation::Open, Errno::NOENT);
    let writer = Writer::create(&name, 2, &3_u64).expect("the name is free");
    assert!(reader.is_retired());
    assert_eq!(writer.finish(&name), Ok(true));
}

#[cfg(target_os = "linux")]
mod on_linux {
    use std::ffi::CString;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::thread;

    use rawshm::{Directory, Name, Object, Options, Outcome, Size};
    use rawshm_tests::rungs;
    use rawshm_tests::watchdog::{Progress, watched};

    use super::*;

    #[test]
    fn a_finish_removes_no_name_of_another_and_retires_even_so() {
        let name = UniqueName::new();
        let removed = Writer::create(&name, 2, &1_u64).expect("created");
        let reader = Reader::<u64>::open(&name).expect("opened");
        rawshm::unlink(&name).expect("unlinked");
        assert_eq!(removed.finish(&name), Ok(false));
        assert!(reader.is_retired());

        let replaced = Writer::create(&name, 2, &1_u64).expect("created");
        let reader = Reader::<u64>::open(&name).expect("opened");
        rawshm::unlink(&name).expect("unlinked");
        let other = Writer::create(&name, 2, &2_u64).expect("created");
        assert_eq!(replaced.finish(&name), Ok(false));
        assert!(reader.is_retired());
        assert_eq!(other.finish(&name), Ok(true));
    }

    #[test]
    fn a_writer_and_its_readers_can_ask_whether_the_name_is_theirs() {
        let name = UniqueName::new();
        let other_name = UniqueName::new();
        let writer = Writer::create(&name, 2, &1_u64).expect("created");
        let reader = Reader::<u64>::open(&name).expect("opened");
        let is_theirs = |name: &Name| {
            let options = Options::new();
            let asked = [
                writer.has_name(name),
                writer.has_name_with(&options, name),
                reader.is_current(name),
                reader.is_current_with(&options, name),
            ];
            let asked = asked.map(|answer| answer.expect("asked"));
            assert_eq!(asked, [asked[0]; 4]);
            asked[0]
        };
        assert!(is_theirs(&name));
        assert!(!is_theirs(&other_name), "there is none");
        let _other = Writer::create(&other_name, 2, &1_u64).expect("created");
        assert!(!is_theirs(&other_name), "it is another's");
        // As `rm` does.
        std::fs::remove_file(name.path()).expect("removed");
        assert!(!is_theirs(&name));
        let next = Writer::create(&name, 2, &2_u64).expect("beside the first");
        assert!(!is_theirs(&name), "it is the next one's");
        assert_eq!(next.has_name(&name), Ok(true));
        std::fs::rename(other_name.path(), name.path()).expect("renamed");
        assert_eq!(next.has_name(&name), Ok(false));
    }

    #[test]
    fn whether_a_name_in_another_directory_is_theirs_can_be_asked_too() {
        let folder = rawshm_tests::Folder::new();
        let path = CString::new(folder.to_str().expect("text")).expect("no NUL");
        let directory = Directory::open(&path).expect("opened");
        let options = Options::new().directory(&directory);
        let name = UniqueName::new();
        let writer = Writer::create_with(&options, &name, 2, &1_u64).expect("created");
        let reader = Reader::<u64>::open_with(&options, &name).expect("opened");
        assert_eq!(writer.has_name_with(&options, &name), Ok(true));
        assert_eq!(reader.is_current_with(&options, &name), Ok(true));
        assert_eq!(writer.has_name(&name), Ok(false));
        assert_eq!(reader.is_current(&name), Ok(false));
        assert_eq!(writer.finish_with(&options, &name), Ok(true));
        assert_eq!(reader.is_current_with(&options, &name), Ok(false));
    }

    #[test]
    fn what_is_no_snapshot_is_reaped_unless_it_is_claimed() {
        let name = UniqueName::new();
        for size in [0, 10, 64, 4096] {
            let object = Object::create(&name, Size::Sparse(size)).expect("created");
            object.claim().expect("claimed");
            assert_eq!(snapshot::reap(&name), Ok(false));
            drop(object);
            assert_eq!(snapshot::reap(&name), Ok(true));
        }
    }

    /// Truncates an object to this size and back, until the test is over.
    fn truncate(object: &Object<rawshm::ReadWrite>, size: u64, done: &AtomicBool) {
        while !done.load(Relaxed) {
            for size in [size, 4096] {
                object.resize(Size::Sparse(size)).expect("resized");
            }
        }
    }

    /// Repeats what found that the object had been shrunk, and was larger again.
    fn whole<T>(mut end: impl FnMut() -> Result<T, snapshot::Error>) -> Result<T, snapshot::Error> {
        let changed = Error::new(Operation::Inspect, Errno::IO);
        loop {
            match end() {
                Err(snapshot::Error::System(error)) if error == changed => {}
                ended => return ended,
            }
        }
    }

    fn reap_and_replace_while_a_peer_truncates(progress: &Progress) {
        for round in 0..2000 {
            progress.step();
            let name = UniqueName::new();
            drop(Writer::create(&name, 2, &[1_u64; 100]).expect("created"));
            let object = Object::open_read_write(&name).expect("opened");
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| truncate(&object, if round % 2 == 0 { 0 } else { 40 }, &done));
                // A signal would end this process.
                let ended = if round % 4 < 2 {
                    whole(|| snapshot::reap(&name).map_err(Into::into))
                        .map(|reaped| assert!(reaped))
                } else {
                    whole(|| Writer::replace(&name, 2, &2_u64).map(drop))
                };
                done.store(true, Relaxed);
                assert_eq!(ended, Ok(()));
            });
            assert_eq!(object.is_unlinked(), Ok(true));
        }
    }

    #[test]
    fn an_object_that_a_peer_truncates_meanwhile_is_reaped_and_replaced_without_a_signal() {
        watched(reap_and_replace_while_a_peer_truncates);
    }

    #[test]
    fn what_is_done_is_no_error_where_the_kernel_refuses_to_wake_readers() {
        for errno in [Errno::NOSYS, Errno::PERM] {
            let name = UniqueName::new();
            drop(Writer::create(&name, 2, &1_u64).expect("created"));
            rungs::where_futexes_fail(errno.raw_os_error(), || {
                let mut writer = Writer::<u64>::open(&name).expect("taken over");
                writer.store(&2);
                assert_eq!(writer.notify(), Err(Error::new(Operation::Notify, errno)));
                drop(writer);
                let reader = Reader::<u64>::open(&name).expect("opened");
                let writer = Writer::replace(&name, 2, &3_u64).expect("replaced");
                assert!(reader.is_retired());
                assert_eq!(writer.has_name(&name), Ok(true));
                let reader = Reader::<u64>::open(&name).expect("opened");
                let waited = reader.wait(1, soon());
                assert_eq!(waited, Err(Error::new(Operation::Wait, errno).into()));
                // Retired even so.
                writer.retire();
                assert!(reader.is_retired());

                let (writer, outcome) = Writer::open_or_create(&name, 2, &4_u64).expect("created");
                assert_eq!(outcome, Outcome::Created);
                let reader = Reader::<u64>::open(&name).expect("opened");
                assert_eq!(writer.finish(&name), Ok(true));
                assert!(reader.is_retired() && !name.path().exists());

                drop(Writer::create(&name, 2, &5_u64).expect("created"));
                let reader = Reader::<u64>::open(&name).expect("opened");
                assert_eq!(snapshot::reap(&name), Ok(true));
                assert!(reader.is_retired() && !name.path().exists());
            });
        }
    }

    #[test]
    fn a_snapshot_whose_readers_cannot_be_woken_is_neither_reaped_nor_replaced() {
        let refused = rungs::Refused {
            name: "mmap of an object",
            call: libc::SYS_mmap,
            with: Some((3, libc::MAP_SHARED)),
        };
        let name = UniqueName::new();
        drop(Writer::create(&name, 2, &1_u64).expect("created"));
        let reader = Reader::<u64>::open(&name).expect("opened");
        rungs::where_refused(&[refused], libc::ENOMEM, || {
            let error = Error::new(Operation::Inspect, Errno::NOMEM);
            assert_eq!(snapshot::reap(&name), Err(error));
        });
        assert!(!reader.is_retired() && name.path().exists());
        // The first mapping is of the new snapshot, and the second of the old one.
        let mut made = 0;
        let answer = || {
            made += 1;
            if made == 2 {
                rungs::Answer::FailsWith(libc::ENOMEM)
            } else {
                rungs::Answer::Made
            }
        };
        let replaced =
            rungs::where_supervised(libc::SYS_mmap, answer, || Writer::replace(&name, 2, &2_u64));
        assert_refused(replaced, Operation::Create, Errno::NOMEM);
        assert!(!reader.is_retired() && Reader::<u64>::open(&name).expect("there").load() == Ok(1));
    }

    #[test]
    fn a_header_that_is_only_said_to_be_read_or_written_changes_nothing() {
        for call in [libc::SYS_pread64, libc::SYS_pwrite64] {
            let name = UniqueName::new();
            drop(Writer::create(&name, 2, &1_u64).expect("created"));
            let reader = Reader::<u64>::open(&name).expect("opened");
            let faked = || rungs::Answer::Faked;
            let reaped = rungs::where_supervised(call, faked, || snapshot::reap(&name));
            assert_eq!(reaped, Err(Error::new(Operation::Inspect, Errno::IO)));
            assert!(!reader.is_retired());
            let writer = Writer::<u64>::open(&name).expect("as it was");
            assert_eq!(writer.finish(&name), Ok(true));
            assert!(reader.is_retired());
        }
    }

    #[test]
    fn a_snapshot_that_a_peer_shrinks_meanwhile_can_be_reaped() {
        let name = UniqueName::new();
        drop(Writer::create(&name, 2, &1_u64).expect("created"));
        let shrink = || {
            let file = std::fs::File::options().write(true).open(name.path());
            file.expect("an object").set_len(8).expect("shrunk");
            rungs::Answer::Made
        };
        let reaped = rungs::where_supervised(libc::SYS_pread64, shrink, || snapshot::reap(&name));
        assert_eq!(reaped, Ok(true));
    }

    #[test]
    fn readers_of_a_snapshot_that_a_peer_removes_meanwhile_learn_of_its_end() {
        // Right after it has been retired, and before its name is taken away.
        for mapped in [true, false] {
            let name = UniqueName::new();
            drop(Writer::create(&name, 2, &1_u64).expect("created"));
            let reader = Reader::<u64>::open(&name).expect("opened");
            let refused = rungs::Refused {
                name: "mmap of an object",
                call: libc::SYS_mmap,
                with: Some((3, libc::MAP_SHARED)),
            };
            let remove = || {
                let _ = std::fs::remove_file(name.path());
                rungs::Answer::Made
            };
            let reaped = if mapped {
                rungs::where_supervised(libc::SYS_pwrite64, remove, || snapshot::reap(&name))
            } else {
                // It is removed after it has been claimed, and nothing can be mapped.
                rungs::where_supervised(libc::SYS_pread64, remove, || {
                    rungs::where_refused(&[refused], libc::ENOMEM, || snapshot::reap(&name))
                })
            };
            assert_eq!(reaped, Ok(false));
            assert!(reader.is_retired());
        }
    }

    #[test]
    fn readers_of_a_snapshot_that_a_peer_removes_before_it_is_claimed_learn_of_its_end() {
        type Act = fn(&UniqueName) -> Result<Writer<u64>, snapshot::Error>;
        let acts: [Act; 2] = [
            |name| Writer::replace(name, 2, &2),
            |name| Writer::open_or_create(name, 2, &2).map(|(writer, _)| writer),
        ];
        for act in acts {
            let name = UniqueName::new();
            drop(Writer::create(&name, 2, &1_u64).expect("created"));
            let reader = Reader::<u64>::open(&name).expect("opened");
            let mut is_removed = false;
            let remove = || {
                if !std::mem::replace(&mut is_removed, true) {
                    std::fs::remove_file(name.path()).expect("there");
                }
                rungs::Answer::Made
            };
            let made = rungs::where_supervised(libc::SYS_fcntl, remove, || act(&name));
            assert_eq!(made.expect("another one").load(), 2);
            assert!(reader.is_retired());
        }
    }

    /// A peer moves the object when `act` is about to look whether it has the name.
    fn keeps_its_state_when_it_is_moved(act: impl FnOnce(&UniqueName) + Send) {
        let (name, other) = (UniqueName::new(), UniqueName::new());
        drop(Writer::create(&name, 2, &1_u64).expect("created"));
        let mut is_moved = false;
        let answer = || {
            if !is_moved {
                std::fs::rename(name.path(), other.path()).expect("moved");
                is_moved = true;
            }
            rungs::Answer::Made
        };
        rungs::where_supervised(libc::SYS_newfstatat, answer, || act(&name));
        let reader = Reader::<u64>::open(&other).expect("opened");
        assert!(!reader.is_retired());
    }

    #[test]
    fn an_object_that_a_peer_moves_meanwhile_is_not_ended() {
        keeps_its_state_when_it_is_moved(|name| {
            assert_eq!(snapshot::reap(name), Ok(false));
        });
        keeps_its_state_when_it_is_moved(|name| {
            drop(Writer::replace(name, 2, &2_u64).expect("created"));
        });
    }
}
