//! A follower reads the snapshots that have a name, one after the other.

use std::time::Duration;

use rawshm::snapshot::{self, Deadline, Follower, Writer};
use rawshm::{Object, Size};
use rawshm_tests::UniqueName;
use rawshm_tests::watchdog::watchdog;

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(20)).expect("a clock")
}

fn passed() -> Deadline {
    Deadline::after(Duration::ZERO).expect("a clock")
}

#[test]
fn it_returns_each_value_once_and_only_the_last_of_several() {
    let name = UniqueName::new();
    let mut follower = Follower::<u64>::new(&name);
    assert!(follower.reader().is_none());
    let mut writer = Writer::create(&name, 2, &1_u64).expect("created");
    assert_eq!(follower.next(watchdog()), Ok(Some(1)));
    assert!(follower.reader().is_some());
    assert_eq!(follower.next(soon()), Ok(None));
    writer.store(&2);
    writer.store(&3);
    assert_eq!(follower.next(passed()), Ok(Some(3)));
    assert_eq!(follower.next(passed()), Ok(None));
}

#[test]
fn it_waits_for_a_snapshot_until_its_deadline() {
    let name = UniqueName::new();
    let mut follower = Follower::<u64>::new(&name);
    assert_eq!(follower.next(passed()), Ok(None));
    assert_eq!(follower.next(soon()), Ok(None));
    let mut value = 0;
    assert_eq!(follower.next_into(&mut value, soon()), Ok(false));
    let _writer = Writer::create(&name, 2, &1_u64).expect("created");
    // There is a value, so that a deadline that has passed does not matter.
    assert_eq!(follower.next(passed()), Ok(Some(1)));
}

#[test]
fn it_copies_values_to_where_the_caller_wants_them() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &[1_u64; 1000]).expect("created");
    let mut follower = Follower::<[u64; 1000]>::new(&name);
    let mut value = Box::new([0; 1000]);
    assert_eq!(follower.next_into(&mut value, watchdog()), Ok(true));
    assert_eq!(*value, [1; 1000]);
    assert_eq!(follower.next_into(&mut value, soon()), Ok(false));
    assert_eq!(*value, [1; 1000], "unchanged");
    writer.store(&[2; 1000]);
    assert_eq!(follower.next_into(&mut value, watchdog()), Ok(true));
    assert_eq!(*value, [2; 1000]);
}

#[test]
fn it_goes_on_with_the_next_writer_of_the_same_snapshot() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u64).expect("created"));
    let mut follower = Follower::<u64>::new(&name);
    assert_eq!(follower.next(watchdog()), Ok(Some(1)));
    let mut writer = Writer::<u64>::open(&name).expect("taken over");
    assert_eq!(follower.next(soon()), Ok(None));
    writer.store(&2);
    assert_eq!(follower.next(watchdog()), Ok(Some(2)));
}

#[test]
fn a_snapshot_of_another_type_is_an_error_and_the_next_one_is_followed_again() {
    let name = UniqueName::new();
    let writer = Writer::create(&name, 2, &1_u64).expect("created");
    let mut follower = Follower::<u64>::new(&name);
    assert_eq!(follower.next(watchdog()), Ok(Some(1)));
    assert_eq!(writer.finish(&name), Ok(true));
    let writer = Writer::create(&name, 2, &[2_u64; 3]).expect("created");
    for _ in 0..2 {
        let error = follower.next(watchdog()).expect_err("another type");
        assert!(
            matches!(error, snapshot::Error::ValueSize { .. }),
            "{error}"
        );
    }
    assert_eq!(writer.finish(&name), Ok(true));
    let _writer = Writer::create(&name, 2, &3_u64).expect("created");
    assert_eq!(follower.next(watchdog()), Ok(Some(3)));
}

#[test]
fn an_object_that_cannot_be_opened_is_an_error() {
    let name = UniqueName::new();
    let _object = Object::create(&name, Size::Sparse(4096)).expect("created");
    let error = Follower::<u64>::new(&name)
        .next(watchdog())
        .expect_err("foreign");
    assert!(matches!(error, snapshot::Error::Foreign { .. }), "{error}");
    let shown = format!("{:?}", Follower::<u64>::new(&name));
    assert!(shown.contains(&name.argument()), "{shown}");
}

#[cfg(target_os = "linux")]
mod on_linux {
    use std::thread;

    use rawshm::snapshot::Reader;
    use rawshm::{Errno, Error, Operation};

    use super::*;

    #[test]
    fn it_goes_on_with_a_snapshot_that_replaces_its_own() {
        let name = UniqueName::new();
        let mut writer = Writer::create(&name, 2, &1_u64).expect("created");
        let mut follower = Follower::<u64>::new(&name);
        assert_eq!(follower.next(watchdog()), Ok(Some(1)));
        writer.store(&2);
        drop(writer);
        let mut writer = Writer::replace(&name, 8, &3_u64).expect("replaced");
        // The last value of the old one, too.
        assert_eq!(follower.next(watchdog()), Ok(Some(2)));
        assert_eq!(follower.next(watchdog()), Ok(Some(3)));
        // Equal numbers and values of another snapshot are new ones.
        writer.store(&3);
        writer.retire();
        assert_eq!(follower.next(watchdog()), Ok(Some(3)));
        assert_eq!(
            follower.next(soon()),
            Ok(None),
            "it is retired, and has its name"
        );
        assert!(follower.reader().is_some_and(Reader::is_retired));
        let (_writer, _) = Writer::open_or_create(&name, 2, &3_u64).expect("created");
        assert_eq!(follower.next(watchdog()), Ok(Some(3)));
    }

    /// Makes something in another thread, while the follower sleeps or is about to.
    fn meanwhile<T: Send>(follower: &mut Follower<'_, u64>, act: impl FnOnce() -> T + Send) -> u64 {
        thread::scope(|scope| {
            let acting = scope.spawn(act);
            let next = follower
                .next(watchdog())
                .expect("a value")
                .expect("in time");
            acting.join().expect("it is made");
            next
        })
    }

    #[test]
    fn it_finds_the_snapshot_that_follows_one_whose_name_was_removed() {
        let name = UniqueName::new();
        let _first = Writer::create(&name, 2, &1_u64).expect("created");
        let mut follower = Follower::<u64>::new(&name);
        assert_eq!(follower.next(watchdog()), Ok(Some(1)));
        let mut second = None;
        let value = meanwhile(&mut follower, || {
            std::fs::remove_file(name.path()).expect("removed");
            second = Some(Writer::create(&name, 2, &2_u64).expect("beside the first"));
        });
        assert_eq!(value, 2);
    }

    #[test]
    fn it_stays_with_a_snapshot_whose_name_was_removed_until_there_is_another() {
        let name = UniqueName::new();
        let mut first = Writer::create(&name, 2, &1_u64).expect("created");
        let mut follower = Follower::<u64>::new(&name);
        assert_eq!(follower.next(watchdog()), Ok(Some(1)));
        std::fs::remove_file(name.path()).expect("removed");
        // Longer than it takes to notice.
        let later = Deadline::after(Duration::from_secs(3)).expect("a clock");
        assert_eq!(follower.next(later), Ok(None));
        first.store(&2);
        assert_eq!(follower.next(watchdog()), Ok(Some(2)));
        // Of another type: an error, until there is one of its own.
        let other = Writer::create(&name, 2, &[0_u64; 3]).expect("created");
        let error = follower.next(watchdog()).expect_err("another type");
        assert!(
            matches!(error, snapshot::Error::ValueSize { .. }),
            "{error}"
        );
        assert_eq!(other.finish(&name), Ok(true));
        let _second = Writer::create(&name, 2, &3_u64).expect("created");
        assert_eq!(follower.next(watchdog()), Ok(Some(3)));
    }

    #[test]
    fn it_sleeps_until_the_next_snapshot_appears() {
        let name = UniqueName::new();
        let mut follower = Follower::<u64>::new(&name);
        let mut writer = None;
        let value = meanwhile(&mut follower, || {
            writer = Some(Writer::create(&name, 2, &1_u64).expect("created"));
        });
        assert_eq!(value, 1);
        let value = meanwhile(&mut follower, || {
            writer
                .take()
                .expect("a writer")
                .finish(&name)
                .expect("removed");
            writer = Some(Writer::create(&name, 2, &2_u64).expect("created"));
        });
        assert_eq!(value, 2);
    }

    #[test]
    fn a_directory_that_is_missing_is_an_error() {
        let folder = rawshm_tests::Folder::new();
        let path = std::ffi::CString::new(folder.to_str().expect("text")).expect("no NUL");
        let directory = rawshm::Directory::open(&path).expect("opened");
        std::fs::remove_dir(&*folder).expect("removed");
        let name = UniqueName::new();
        let options = rawshm::Options::new().directory(&directory);
        let error = Follower::<u64>::with(options, &name).next(watchdog());
        let missing = Error::new(Operation::Directory, Errno::NOENT);
        assert_eq!(error, Err(missing.into()));
    }
}
