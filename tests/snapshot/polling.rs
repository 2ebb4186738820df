//! Readers that poll: which value they get, how they look before they sleep, and parts of values.

use std::time::Duration;

use rawshm::snapshot::{self, Deadline, Follower, Reader, Writer};
use rawshm::{Errno, Error, Operation};
use rawshm_tests::UniqueName;
use rawshm_tests::watchdog::watchdog;

#[test]
fn a_poll_returns_each_value_once_and_the_last_one_of_several() {
    for slots in [2, 4, 8] {
        let name = UniqueName::new();
        let mut writer = Writer::create(&name, slots, &1_u64).expect("created");
        let mut reader = Reader::<u64>::open(&name).expect("opened");
        assert_eq!(reader.try_next(), Ok(Some(1)));
        assert_eq!(reader.try_next(), Ok(None));
        for stored in 1..20 {
            for _ in 0..stored {
                writer.store(&(writer.sequence() + 1));
            }
            assert_eq!(reader.try_next(), Ok(Some(writer.sequence())), "{stored}");
            assert_eq!(reader.try_next(), Ok(None));
            assert_eq!(reader.load(), Ok(writer.sequence()));
        }
        let mut late = Reader::<u64>::open(&name).expect("opened");
        assert_eq!(late.try_next(), Ok(Some(writer.sequence())));
        writer.store(&0);
        writer.retire();
        assert_eq!(reader.try_next(), Ok(Some(0)));
        assert_eq!(reader.try_next(), Ok(None));
        assert!(reader.is_retired());
    }
}

#[test]
fn a_reader_that_spins_gets_the_same_as_one_that_does_not() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u64).expect("created");
    let mut reader = Reader::<u64>::open(&name).expect("opened").spinning(100);
    assert_eq!(reader.next(watchdog()), Ok(Some(1)));
    let soon = Deadline::after(Duration::from_millis(5)).expect("a clock");
    assert_eq!(reader.next(soon), Ok(None));
    let stored = std::thread::spawn(move || {
        for value in 2..=500 {
            writer.store(&value);
            writer.notify().expect("notified");
        }
        writer.retire();
    });
    let mut last = 1;
    loop {
        match reader.next(watchdog()) {
            Ok(value) => {
                let value = value.expect("in time");
                assert!(value > last);
                last = value;
            }
            Err(error) => break assert_eq!(error, snapshot::Error::Retired),
        }
    }
    assert_eq!(last, 500);
    stored.join().expect("the writer");
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_spins_for_long_enough_does_not_sleep() {
    use std::sync::mpsc;

    use rawshm_tests::rungs;
    use rawshm_tests::watchdog::until;

    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u64).expect("created");
    let (go, gone) = mpsc::channel();
    // Outside of the filter: to wait for the end of a thread takes a futex that it refuses.
    let stored = std::thread::spawn(move || {
        for value in 2..4 {
            gone.recv().expect("a reader");
            std::thread::sleep(Duration::from_millis(20));
            writer.store(&value);
        }
        gone.recv().expect("a reader");
        writer.retire();
    });
    rungs::where_futexes_fail(libc::ENOSYS, || {
        let mut reader = Reader::<u64>::open(&name).expect("opened");
        assert_eq!(reader.next(watchdog()), Ok(Some(1)));
        let error = Error::new(Operation::Wait, Errno::NOSYS);
        assert_eq!(reader.next(watchdog()), Err(error.into()));
        let mut reader = reader.spinning(u32::MAX);
        let number = reader.load_with_sequence().expect("a value").0;
        go.send(()).expect("a writer");
        assert_eq!(reader.next(watchdog()), Ok(Some(2)));
        go.send(()).expect("a writer");
        assert_eq!(reader.wait(number + 1, watchdog()), Ok(true));
        assert_eq!(reader.load(), Ok(3));
        go.send(()).expect("a writer");
        until("the end", || reader.is_retired());
        // The end is seen before the spin.
        assert_eq!(reader.next(watchdog()), Ok(Some(3)));
        assert_eq!(reader.next(watchdog()), Err(snapshot::Error::Retired));
    });
    stored.join().expect("the writer");
}

#[test]
fn a_follower_that_spins_goes_on_with_the_next_snapshot() {
    let name = UniqueName::new();
    let mut follower = Follower::<u64>::new(&name).spinning(100);
    for value in 1..4_u64 {
        let writer = Writer::create(&name, 2, &value).expect("created");
        assert_eq!(follower.next(watchdog()), Ok(Some(value)));
        assert_eq!(writer.finish(&name), Ok(true));
    }
}

#[test]
fn a_part_of_a_value_is_loaded_with_its_number() {
    let name = UniqueName::new();
    let first: [u8; 100] = std::array::from_fn(|byte| u8::try_from(byte).expect("small"));
    let mut writer = Writer::create(&name, 2, &first).expect("created");
    let mut reader = Reader::<[u8; 100]>::open(&name).expect("opened");
    for offset in 0..=100 {
        for len in 0..=100 - offset {
            let mut part = vec![0xee; len];
            assert_eq!(reader.load_part(offset, &mut part), Ok(1));
            assert_eq!(part, first[offset..offset + len]);
        }
    }
    for (offset, len) in [(0, 101), (100, 1), (101, 0), (usize::MAX, 1), (50, 51)] {
        let mut part = vec![0xee; len];
        let error = reader.load_part(offset, &mut part).expect_err("outside");
        assert_eq!(error, Error::new(Operation::Access, Errno::FAULT).into());
        assert!(part.iter().all(|byte| *byte == 0xee));
    }
    writer.store(&[7; 100]);
    assert_eq!(reader.next(watchdog()), Ok(Some([7; 100])));
    let mut part = [0; 3];
    assert_eq!((reader.load_part(97, &mut part), part), (Ok(2), [7; 3]));
}
