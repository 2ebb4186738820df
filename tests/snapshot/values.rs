//! Snapshots: readers load what writers store, by number; other objects are refused.

use std::thread;
use std::time::Duration;

use rawshm::snapshot::{self, Deadline, Layout, Overrun, Reader, Writer, fingerprint};
use rawshm::{Errno, Error, Extent, Mapping, Operation, Options, Outcome, Size};
use rawshm_tests::UniqueName;
use rawshm_tests::header::{BYTE_ORDER, FINGERPRINT, SLOTS, VALUE_SIZE, VERSION};
use rawshm_tests::watchdog::watchdog;

/// A few milliseconds from now on.
fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(5)).expect("a clock")
}

/// A moment that has passed.
fn passed() -> Deadline {
    Deadline::after(Duration::ZERO).expect("a clock")
}

/// Checks that the error is one of the system.
#[track_caller]
fn assert_refused<T>(result: Result<T, snapshot::Error>, operation: Operation, errno: Errno) {
    let error = result.map(|_| ()).expect_err("it was not refused");
    assert_eq!(error, Error::new(operation, errno).into());
}

#[test]
fn a_reader_loads_the_value_that_the_object_is_born_with() {
    let name = UniqueName::new();
    let writer = Writer::create(&name, 2, &[100_i64, 876, 8021]).expect("created");
    let reader = Reader::<[i64; 3]>::open(&name).expect("opened");
    assert_eq!(reader.load_with_sequence(), Ok((1, [100, 876, 8021])));
    assert_eq!((writer.sequence(), writer.load()), (1, [100, 876, 8021]));
}

#[test]
fn a_reader_loads_the_last_value_and_its_number() {
    let name = UniqueName::new();
    for slots in [2, 4, 8, 1024, 65536] {
        let mut writer = Writer::create(&name, slots, &0_u64).expect("created");
        let reader = Reader::<u64>::open(&name).expect("opened");
        for stored in 1..=20 {
            writer.store(&(stored * 7));
            assert_eq!(reader.load_with_sequence(), Ok((stored + 1, stored * 7)));
            assert_eq!(reader.load(), Ok(stored * 7));
            assert_eq!((writer.sequence(), writer.load()), (stored + 1, stored * 7));
        }
        rawshm::unlink(&name).expect("unlinked");
    }
}

#[test]
fn a_reader_gets_each_value_once_and_only_the_last_of_several() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    let mut reader = Reader::<u32>::open(&name).expect("opened");
    assert_eq!(reader.next(watchdog()), Ok(Some(1)));
    assert_eq!(reader.next(passed()), Ok(None));
    assert_eq!(reader.next(soon()), Ok(None));
    writer.store(&2);
    writer.store(&3);
    // The value is there, so the reader does not sleep.
    assert_eq!(reader.next(watchdog()), Ok(Some(3)));
    assert_eq!(reader.next(soon()), Ok(None));
}

#[test]
fn a_wait_ends_with_its_deadline_or_at_once_if_there_is_another_value() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    let reader = Reader::<u32>::open(&name).expect("opened");
    assert_eq!(reader.wait(1, passed()), Ok(false));
    let deadline = soon();
    assert_eq!(reader.wait(1, deadline), Ok(false));
    assert_eq!(reader.wait(0, watchdog()), Ok(true));
    writer.store(&2);
    assert_eq!(reader.wait(1, watchdog()), Ok(true));
    assert_eq!(reader.wait(1, passed()), Ok(true));
    assert_eq!(reader.wait(2, passed()), Ok(false));
}

#[test]
fn a_deadline_that_the_clock_cannot_represent_is_never() {
    let never = Deadline::after(Duration::MAX).expect("a clock");
    assert_eq!(never, Deadline::NEVER);
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 2, &1_u32).expect("created");
    let reader = Reader::<u32>::open(&name).expect("opened");
    assert_eq!(reader.wait(0, never), Ok(true));
}

#[test]
fn notify_wakes_none_if_none_sleeps() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    writer.store(&2);
    assert_eq!(writer.notify(), Ok(0));
}

#[test]
fn waiting_for_a_reader_ends_with_its_deadline_or_at_once_if_there_is_a_snapshot() {
    let name = UniqueName::new();
    for deadline in [passed(), soon()] {
        assert!(
            Reader::<u32>::wait_for(&name, deadline)
                .expect("waited")
                .is_none()
        );
    }
    let _writer = Writer::create(&name, 2, &1_u32).expect("created");
    for deadline in [passed(), soon(), watchdog()] {
        let reader = Reader::<u32>::wait_for(&name, deadline).expect("waited");
        assert_eq!(reader.expect("there").load(), Ok(1));
    }
}

#[test]
fn waiting_for_a_reader_of_another_type_is_an_error_at_once() {
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 2, &1_u32).expect("created");
    let error = Reader::<u64>::wait_for(&name, watchdog()).expect_err("another type");
    assert!(
        matches!(error, snapshot::Error::ValueSize { .. }),
        "{error}"
    );
}

#[test]
fn the_number_of_slots_is_a_power_of_two_from_2_to_65536() {
    let name = UniqueName::new();
    for found in [0, 1, 3, 6, 65535, 65537, 131_072, 1 << 31, u32::MAX] {
        let expected = snapshot::Error::Slots { found };
        assert_eq!(
            Writer::create(&name, found, &1_u8).expect_err("slots"),
            expected
        );
        let replaced = Writer::replace(&name, found, &1_u8).expect_err("slots");
        let either = Writer::open_or_create(&name, found, &1_u8).expect_err("slots");
        assert_eq!((replaced, either), (expected, expected));
        let opened = Reader::<u8>::open(&name).expect_err("nothing was created");
        assert_eq!(opened, Error::new(Operation::Open, Errno::NOENT).into());
    }
    for slots in [2, 4, 32768, 65536] {
        drop(Writer::create(&name, slots, &1_u8).expect("created"));
        rawshm::unlink(&name).expect("unlinked");
    }
}

/// Stores a few values of a type and loads them. Another type of the same size is refused.
fn round_trip<T: Layout + PartialEq + std::fmt::Debug>(values: [T; 4]) {
    #[derive(Clone, Copy, Debug)]
    #[repr(transparent)]
    struct Other<T>(T);

    // SAFETY: a transparent struct of a zeroable type.
    unsafe impl<T: Layout> rawshm::bytemuck::Zeroable for Other<T> {}
    // SAFETY: a transparent struct of plain data.
    unsafe impl<T: Layout> rawshm::bytemuck::Pod for Other<T> {}
    impl<T: Layout> Layout for Other<T> {
        const FINGERPRINT: u64 = fingerprint("another");
    }

    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &values[0]).expect("created");
    let reader = Reader::<T>::open(&name).expect("opened");
    assert_eq!(reader.load(), Ok(values[0]));
    for value in &values[1..] {
        writer.store(value);
        assert_eq!(reader.load(), Ok(*value));
    }
    drop(writer);
    let found = T::FINGERPRINT;
    let expected = fingerprint("another");
    let other = snapshot::Error::Fingerprint { found, expected };
    assert_eq!(
        Reader::<Other<T>>::open(&name).expect_err("another type"),
        other
    );
    assert_eq!(
        Writer::<Other<T>>::open(&name).expect_err("another type"),
        other
    );
}

#[test]
fn integers_floats_and_arrays_of_them_go_through_as_they_are() {
    round_trip([0_u8, 1, 2, u8::MAX]);
    round_trip([0_u16, 1, 2, u16::MAX]);
    round_trip([0_u32, 1, 2, u32::MAX]);
    round_trip([0_u64, 1, 2, u64::MAX]);
    round_trip([0_u128, 1, 2, u128::MAX]);
    round_trip([0_i8, 1, i8::MIN, i8::MAX]);
    round_trip([0_i16, 1, i16::MIN, i16::MAX]);
    round_trip([0_i32, 1, i32::MIN, i32::MAX]);
    round_trip([0_i64, 1, i64::MIN, i64::MAX]);
    round_trip([0_i128, 1, i128::MIN, i128::MAX]);
    round_trip([0_f32, -0.5, f32::MIN, f32::INFINITY]);
    round_trip([0_f64, -0.5, f64::MIN, f64::INFINITY]);
    round_trip([[0_u8; 1], [1], [2], [3]]);
    round_trip([[0_u8; 63], [1; 63], [2; 63], [3; 63]]);
    round_trip([[0_u8; 64], [1; 64], [2; 64], [3; 64]]);
    round_trip([[0_u16; 33], [1; 33], [2; 33], [3; 33]]);
    round_trip([[[0_i64; 3]; 5], [[1; 3]; 5], [[2; 3]; 5], [[3; 3]; 5]]);
}

#[test]
fn values_of_no_bytes_are_counted() {
    let name = UniqueName::new();
    round_trip([[0_u64; 0]; 4]);
    let mut writer = Writer::create(&name, 2, &[0_u8; 0]).expect("created");
    let reader = Reader::<[u8; 0]>::open(&name).expect("opened");
    writer.store(&[]);
    assert_eq!(reader.load_with_sequence(), Ok((2, [])));
    let size = rawshm::Object::open(&name).expect("opened").size();
    if cfg!(target_os = "linux") {
        assert_eq!(size, Ok(64 + 2 * 64));
    }
}

#[test]
fn values_of_a_mebibyte_go_through_as_they_are() {
    type Large = [u64; 1 << 17];
    // There are a few copies of them on the stack.
    let test = || {
        let name = UniqueName::new();
        let mut value: Box<Large> = vec![1; 1 << 17].try_into().expect("as large");
        let mut writer = Writer::create(&name, 2, &*value).expect("created");
        let reader = Reader::<Large>::open(&name).expect("opened");
        for stored in 2..8 {
            value.fill(stored);
            value[1000] = u64::MAX;
            writer.store(&value);
            let (number, loaded) = reader.load_with_sequence().expect("loaded");
            assert!((number, &loaded) == (stored, &*value));
        }
    };
    let large = thread::Builder::new().stack_size(64 << 20).spawn(test);
    large.expect("a thread").join().expect("the test");
}

#[test]
fn readers_in_threads_load_whole_values_of_their_numbers() {
    const STORES: u64 = 20_000;
    // Not whole vectors, nor whole cache lines.
    type Odd = [u64; 37];
    for slots in [2, 4, 8] {
        let name = UniqueName::new();
        let mut writer = Writer::create(&name, slots, &[1_u64; 37]).expect("created");
        thread::scope(|scope| {
            for _ in 0..3 {
                let reader = Reader::<Odd>::open(&name).expect("opened");
                scope.spawn(move || {
                    let mut last = 0;
                    while last <= STORES {
                        // An overrun returns no value.
                        if let Ok((number, value)) = reader.load_with_sequence() {
                            assert_eq!(value, [number; 37]);
                            assert!(number >= last);
                            last = number;
                        }
                    }
                });
            }
            for stored in 2..=STORES + 1 {
                writer.store(&[stored; 37]);
            }
        });
    }
}

#[test]
fn a_fingerprint_is_fnv_1a_of_the_description() {
    // The test vectors of the hash.
    assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8);
    assert_eq!(u64::FINGERPRINT, fingerprint("u64"));
    // As documented: the elements' fingerprint and their number, as bytes, least first.
    let mut bytes = u8::FINGERPRINT.to_le_bytes().to_vec();
    bytes.extend(5_u64.to_le_bytes());
    let hashed = bytes.iter().fold(fingerprint(""), |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    assert_eq!(<[u8; 5]>::FINGERPRINT, hashed);
}

/// Opens a snapshot of `u32` whose header was changed, as a reader and as a writer, and checks the
/// error and its words.
#[track_caller]
fn changed<T: rawshm::bytemuck::NoUninit>(
    offset: usize,
    to: &T,
    expected: snapshot::Error,
    words: &str,
) {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u32).expect("created"));
    let object = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    object.store(offset, to).expect("within");
    assert_eq!(Reader::<u32>::open(&name).expect_err("another"), expected);
    assert_eq!(Writer::<u32>::open(&name).expect_err("another"), expected);
    let either = Writer::open_or_create(&name, 2, &1_u32).expect_err("another");
    assert_eq!(either, expected);
    assert_eq!(expected.to_string(), words);
    is_no_object(expected);
}

/// An object that is no such snapshot is `EINVAL` of an open.
#[track_caller]
fn is_no_object(error: snapshot::Error) {
    assert_eq!(
        Error::from(error),
        Error::new(Operation::Open, Errno::INVAL)
    );
    #[cfg(feature = "std")]
    {
        let io = std::io::Error::from(error);
        assert_eq!(io.kind(), std::io::ErrorKind::InvalidInput);
        assert_eq!(io.to_string(), error.to_string());
        assert_eq!(io.downcast::<snapshot::Error>().expect("it"), error);
    }
}

#[test]
fn an_object_that_is_no_snapshot_is_foreign() {
    changed(
        0,
        b"notmine!",
        snapshot::Error::Foreign {
            found: *b"notmine!",
        },
        "not a snapshot: it begins with [6e, 6f, 74, 6d, 69, 6e, 65, 21]",
    );
    let name = UniqueName::new();
    let object = Mapping::create(&name, Size::Sparse(4096)).expect("created");
    object.store(0, &[100_i64, 876, 8021]).expect("stored");
    let found = 100_i64.to_ne_bytes();
    let error = Reader::<[i64; 3]>::open(&name).expect_err("columns");
    assert_eq!(error, snapshot::Error::Foreign { found });
}

#[test]
fn a_snapshot_of_the_other_byte_order_is_refused() {
    changed(
        BYTE_ORDER,
        &0x0403_0201_u32,
        snapshot::Error::ByteOrder,
        "a snapshot of another byte order",
    );
}

#[test]
fn a_snapshot_of_another_version_is_refused() {
    for found in [0, 1, 3, u32::MAX] {
        changed(
            VERSION,
            &found,
            snapshot::Error::Version { found, expected: 2 },
            &format!("a snapshot of another version: {found}, not 2"),
        );
    }
}

#[test]
fn a_snapshot_of_another_size_is_refused() {
    changed(
        VALUE_SIZE,
        &8_u64,
        snapshot::Error::ValueSize {
            found: 8,
            expected: 4,
        },
        "a snapshot of another type: 8 bytes, not 4",
    );
}

#[test]
fn a_snapshot_of_another_layout_is_refused() {
    changed(
        FINGERPRINT,
        &0x0123_u64,
        snapshot::Error::Fingerprint {
            found: 0x0123,
            expected: u32::FINGERPRINT,
        },
        &format!(
            "a snapshot of another type: its fingerprint is 0000000000000123, not {:016x}",
            fingerprint("u32")
        ),
    );
}

#[test]
fn a_snapshot_with_an_impossible_number_of_slots_is_refused() {
    for found in [0, 1, 3, 131_072, u32::MAX] {
        changed(
            SLOTS,
            &found,
            snapshot::Error::Slots { found },
            &format!("not a possible number of slots: {found}, not 2, 4, 8 … 65536"),
        );
    }
}

#[test]
fn an_object_that_is_smaller_than_its_header_says_is_refused() {
    // Larger than a page: macOS rounds sizes up to one.
    const SLOTS_THAT_ARE_NOT: u32 = 4096;
    const EXPECTED: u64 = 64 + 64 * 4096;
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u32).expect("created"));
    let object = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    object.store(SLOTS, &SLOTS_THAT_ARE_NOT).expect("within");
    let found = object.len() as u64;
    let expected = snapshot::Error::ObjectSize {
        found,
        expected: EXPECTED,
    };
    assert_eq!(Reader::<u32>::open(&name).expect_err("small"), expected);
    assert_eq!(Writer::<u32>::open(&name).expect_err("small"), expected);
    let words = format!("the object is too small: {found} bytes, not 262208");
    assert_eq!(expected.to_string(), words);
    is_no_object(expected);
}

#[test]
fn what_another_type_is_shows_in_the_words_of_the_error() {
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 2, &1_u64).expect("created");
    let error = Reader::<i64>::open(&name).expect_err("another type");
    let (found, expected) = (fingerprint("u64"), fingerprint("i64"));
    assert_eq!(error, snapshot::Error::Fingerprint { found, expected });
    let error = Reader::<[u64; 2]>::open(&name).expect_err("another size");
    assert_eq!(
        error.to_string(),
        "a snapshot of another type: 8 bytes, not 16"
    );
}

#[test]
fn a_missing_object_is_the_systems_error() {
    let name = UniqueName::new();
    assert_refused(Reader::<u32>::open(&name), Operation::Open, Errno::NOENT);
    assert_refused(Writer::<u32>::open(&name), Operation::Open, Errno::NOENT);
    let error = Reader::<u32>::open(&name).expect_err("missing");
    let system = Error::new(Operation::Open, Errno::NOENT);
    assert_eq!(error.to_string(), system.to_string());
    assert_eq!(Error::from(error), system);
    #[cfg(feature = "std")]
    assert_eq!(
        std::io::Error::from(error).kind(),
        std::io::ErrorKind::NotFound
    );
}

#[test]
fn an_overrun_is_an_error_that_says_to_try_again() {
    let error = snapshot::Error::from(Overrun);
    assert_eq!(error, snapshot::Error::Overrun);
    let again = Error::new(Operation::Access, Errno::AGAIN);
    assert_eq!((Error::from(error), Error::from(Overrun)), (again, again));
    let words = "the writer is too fast";
    assert_eq!(
        (error.to_string().as_str(), Overrun.to_string().as_str()),
        (words, words)
    );
    #[cfg(feature = "std")]
    for io in [std::io::Error::from(error), Overrun.into()] {
        assert_eq!(io.kind(), std::io::ErrorKind::WouldBlock);
        assert_eq!(io.to_string(), words);
    }
}

#[test]
fn a_name_that_is_taken_is_not_created_again() {
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 2, &1_u32).expect("created");
    assert_refused(
        Writer::create(&name, 2, &2_u32),
        Operation::Create,
        Errno::EXIST,
    );
    assert_eq!(Reader::<u32>::open(&name).expect("opened").load(), Ok(1));
}

#[test]
fn the_next_writer_goes_on_with_the_numbers() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    writer.store(&2);
    let mut reader = Reader::<u32>::open(&name).expect("opened");
    assert_eq!(reader.next(watchdog()), Ok(Some(2)));
    drop(writer);
    assert_eq!(reader.load_with_sequence(), Ok((2, 2)));

    let mut writer = Writer::<u32>::open(&name).expect("taken over");
    assert_eq!((writer.sequence(), writer.load()), (2, 2));
    assert_eq!(reader.next(passed()), Ok(None));
    writer.store(&3);
    assert_eq!(writer.sequence(), 3);
    assert_eq!(reader.next(watchdog()), Ok(Some(3)));
    drop(writer);

    let (writer, outcome) = Writer::open_or_create(&name, 4, &9_u32).expect("taken over");
    assert_eq!(outcome, Outcome::Opened);
    assert_eq!((writer.sequence(), writer.load()), (3, 3));
}

#[test]
fn open_or_create_says_that_it_has_created() {
    let name = UniqueName::new();
    let (writer, outcome) = Writer::open_or_create(&name, 4, &9_u32).expect("created");
    assert_eq!(outcome, Outcome::Created);
    assert_eq!((writer.sequence(), writer.load()), (1, 9));
}

#[test]
fn a_retired_snapshot_has_its_last_value_and_then_reports_that_it_is_retired() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    let mut reader = Reader::<u32>::open(&name).expect("opened");
    assert!(!reader.is_retired());
    writer.store(&2);
    writer.retire();
    assert!(reader.is_retired());
    assert_eq!(reader.next(watchdog()), Ok(Some(2)));
    assert_eq!(reader.next(watchdog()), Err(snapshot::Error::Retired));
    assert_eq!(reader.wait(2, watchdog()), Err(snapshot::Error::Retired));
    assert_eq!(reader.load_with_sequence(), Ok((2, 2)));
    // A reader that opens it later sees the same.
    let mut late = Reader::<u32>::open(&name).expect("opened");
    assert_eq!(late.next(watchdog()), Ok(Some(2)));
    assert_eq!(late.next(watchdog()), Err(snapshot::Error::Retired));
    let error = Writer::<u32>::open(&name).expect_err("retired");
    assert_eq!(error, snapshot::Error::Retired);
    assert_eq!(error.to_string(), "the snapshot is retired");
    is_no_object(error);
}

#[test]
fn a_reader_of_an_object_needs_no_name() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    let object = rawshm::Object::open(&name).expect("opened");
    rawshm::unlink(&name).expect("unlinked");
    let reader = Reader::<u32>::of(&object).expect("a reader");
    writer.store(&2);
    assert_eq!(reader.load(), Ok(2));
    let both = rawshm::Object::create(&name, Size::Sparse(16)).expect("created");
    let error = Reader::<u32>::of(&both).expect_err("no header");
    let found = both.size().expect("a size");
    if cfg!(target_os = "linux") {
        assert_eq!(
            error,
            snapshot::Error::ObjectSize {
                found,
                expected: 64
            }
        );
    }
}

#[test]
fn a_writer_can_be_asked_for_in_another_mode() {
    let name = UniqueName::new();
    let options = Options::new().mode(rawshm::Mode::LessUmask(0o1000));
    let error = Writer::create_with(&options, &name, 2, &1_u32).expect_err("no such mode");
    assert_eq!(error, Error::new(Operation::SetMode, Errno::INVAL).into());
}

#[test]
fn a_value_is_loaded_to_where_the_caller_wants_it() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &[1_u64; 1000]).expect("created");
    let reader = Reader::<[u64; 1000]>::open(&name).expect("opened");
    let mut value = Box::new([0; 1000]);
    assert_eq!(reader.load_into(&mut value), Ok(1));
    assert_eq!(*value, [1; 1000]);
    writer.store(&[2; 1000]);
    assert_eq!(reader.load_into(&mut value), Ok(2));
    assert_eq!(*value, [2; 1000]);
}

#[test]
fn a_writer_takes_over_values_that_are_larger_than_the_stack() {
    let name = UniqueName::new();
    // The default stack of a thread in std.
    let first = boxed();
    drop(Writer::create(&name, 2, &*first).expect("created"));
    let writer = Writer::<Large>::open(&name).expect("taken over");
    let mut value = boxed();
    writer.load_into(&mut value);
    assert_eq!((value[0], value[LARGE - 1]), (0, 0));
}

const LARGE: usize = 400_000;

type Large = [u64; LARGE];

fn boxed() -> Box<Large> {
    vec![0_u64; LARGE]
        .into_boxed_slice()
        .try_into()
        .expect("as many")
}

#[test]
fn a_writer_removes_its_name_and_no_others() {
    let name = UniqueName::new();
    let writer = Writer::create(&name, 2, &1_u64).expect("created");
    let nameless = Writer::create(&name, 2, &1_u64);
    assert_refused(nameless, Operation::Create, Errno::EXIST);
    assert_eq!(writer.finish(&name), Ok(true));
    let removed = Writer::create(&name, 2, &1_u64).expect("created");
    rawshm::unlink(&name).expect("unlinked");
    assert_eq!(removed.finish(&name), Ok(false));
    let replaced = Writer::create(&name, 2, &1_u64).expect("created");
    rawshm::unlink(&name).expect("unlinked");
    let other = Writer::create(&name, 2, &2_u64).expect("created");
    assert_eq!(replaced.finish(&name), Ok(cfg!(target_os = "macos")));
    drop(other);
}

#[test]
fn waiting_for_a_snapshot_waits_for_one_that_is_not_retired() {
    let name = UniqueName::new();
    let writer = Writer::create(&name, 2, &1_u64).expect("created");
    writer.retire();
    let soon = Deadline::after(Duration::from_millis(20)).expect("a clock");
    assert!(
        Reader::<u64>::wait_for(&name, soon)
            .expect("nothing")
            .is_none()
    );
    rawshm::unlink(&name).expect("unlinked");
    let writer = Writer::create(&name, 2, &2_u64).expect("created");
    let reader = Reader::<u64>::wait_for(&name, Deadline::NEVER).expect("there");
    assert_eq!(reader.expect("one").load(), Ok(2));
    drop(writer);
}

#[test]
fn what_is_shown_for_debugging_needs_nothing_of_the_type() {
    // Neither shows a value.
    fn shown<T: core::fmt::Debug>(_: &T) {}
    let name = UniqueName::new();
    let writer = Writer::create(&name, 2, &Plain(1)).expect("created");
    let reader = Reader::<Plain>::open(&name).expect("opened");
    shown(&writer);
    shown(&reader);
    assert!(format!("{writer:?}").starts_with("Writer("));
}

/// Without `Debug`.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Plain(u64);

// SAFETY: it is a u64.
unsafe impl rawshm::bytemuck::Zeroable for Plain {}

// SAFETY: it is a u64.
unsafe impl rawshm::bytemuck::Pod for Plain {}

impl Layout for Plain {
    const FINGERPRINT: u64 = fingerprint("plain");
}
