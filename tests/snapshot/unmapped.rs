//! Readers without a mapping.

#![cfg(target_os = "linux")]

use rawshm::snapshot::{Error, Reader, UnmappedReader, Writer};
use rawshm::{Extent, Mapping, Object, Size};
use rawshm_tests::UniqueName;
use rawshm_tests::header::{LAST, slot, stamp};
use rawshm_tests::values::{fill, filled};

fn created(name: &UniqueName, slots: u32) -> (Writer<[u64; 16]>, UnmappedReader<[u64; 16]>) {
    let writer = Writer::create(name, slots, &value(1)).expect("created");
    (writer, UnmappedReader::open(name).expect("opened"))
}

fn value(number: u64) -> [u64; 16] {
    let mut words = [0; 16];
    fill(&mut words, number, 7);
    words
}

#[test]
fn it_sees_what_a_mapped_reader_sees() {
    let name = UniqueName::new();
    let (mut writer, mut unmapped) = created(&name, 4);
    let mapped = Reader::<[u64; 16]>::open(&name).expect("opened");
    // Past a carry into the second and into the third byte of the stamp.
    for number in 1..40_000 {
        if number % 997 == 0 || number < 600 {
            let seen = mapped.load_with_sequence().expect("no overrun");
            assert_eq!(unmapped.load_with_sequence(), Ok(seen));
            assert_eq!(unmapped.load(), Ok(value(number)));
            let mut late = UnmappedReader::open(&name).expect("opened");
            assert_eq!(late.load_with_sequence(), Ok((number, value(number))));
        }
        writer.store(&value(number + 1));
    }
    assert_eq!(unmapped.is_retired(), Ok(false));
    writer.finish(&name).expect("finished");
    assert_eq!(unmapped.is_retired(), Ok(true));
    assert_eq!(unmapped.load_with_sequence(), Ok((40_000, value(40_000))));
    assert_eq!(unmapped.object().is_unlinked(), Ok(true));
}

#[test]
fn it_refuses_what_a_mapped_reader_refuses() {
    let name = UniqueName::new();
    let (_writer, unmapped) = created(&name, 4);
    drop(unmapped);
    let mapping = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    let object = || Object::open(&name).expect("opened");
    for byte in 0..64 {
        let old: u8 = mapping.load(byte).expect("within");
        for change in 0..8 {
            mapping.store(byte, &(old ^ 1 << change)).expect("within");
            let mapped = Reader::<[u64; 16]>::of(&object()).map(drop);
            let unmapped = UnmappedReader::<[u64; 16]>::of(object()).map(drop);
            assert_eq!(unmapped, mapped, "bit {change} of byte {byte}");
        }
        mapping.store(byte, &old).expect("within");
    }
    let small = UniqueName::new();
    for size in [0, 1, 63] {
        let object = Object::create(&small, Size::Sparse(size)).expect("created");
        let opened = UnmappedReader::<u64>::open(&small).map(drop);
        let expected = Error::ObjectSize {
            found: size,
            expected: 64,
        };
        assert_eq!(opened, Err(expected));
        object.unlink(&small).expect("unlinked");
    }
}

#[test]
fn a_shrunk_object_is_an_error_and_says_where_it_ends() {
    let name = UniqueName::new();
    let (writer, mut reader) = created(&name, 4);
    drop(writer);
    let object = Object::open_read_write(&name).expect("opened");
    let whole = object.size().expect("a size");
    let first = u64::try_from(slot(1, 4, 128)).expect("small");
    for size in [0, 47, 64, first, first + 4, first + 64, first + 100] {
        object.resize(Size::Sparse(size)).expect("resized");
        let found = match size {
            // Nothing of the number, or a part.
            0 => 40,
            47 => 47,
            // Nothing of the value, or a part.
            _ => size.max(first + 64),
        };
        let expected = Error::ObjectSize {
            found,
            expected: whole,
        };
        assert_eq!(reader.load(), Err(expected), "{size}");
        assert_eq!(reader.is_retired().is_err(), size < 48);
        let words = "the object is too small";
        assert!(expected.to_string().starts_with(words));
        object.resize(Size::Sparse(whole)).expect("resized");
        let mapping = object.map(Extent::Whole).expect("mapped");
        // What was cut off is there again, but as zeros.
        mapping.store(LAST, &stamp(1)).expect("within");
        assert_eq!(reader.is_retired(), Ok(false));
    }
    // The value is lost, and its stamp with it.
    assert_eq!(reader.load(), Err(Error::Overrun));
}

#[test]
fn a_value_that_is_being_written_for_ever_leaves_the_one_before() {
    let name = UniqueName::new();
    let (mut writer, mut reader) = created(&name, 2);
    writer.store(&value(2));
    drop(writer);
    let mapping = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    // As a writer that was killed leaves it.
    let next = slot(3, 2, 128);
    mapping.store(next, &(stamp(3) | 1)).expect("within");
    mapping.store(next + 64, &[u64::MAX; 7]).expect("within");
    assert_eq!(reader.load_with_sequence(), Ok((2, value(2))));
    // One that was whole and not published is not the last one yet.
    mapping.store(next, &stamp(3)).expect("within");
    assert_eq!(reader.load_with_sequence(), Ok((2, value(2))));
    drop(Writer::<[u64; 16]>::open(&name).expect("taken over"));
    assert_eq!(reader.load_with_sequence().map(|(number, _)| number), Ok(3));
}

#[test]
fn it_does_not_go_back_if_the_header_does_and_goes_on_when_it_is_right_again() {
    let name = UniqueName::new();
    let (mut writer, mut reader) = created(&name, 4);
    writer.store(&value(2));
    assert_eq!(reader.load_with_sequence(), Ok((2, value(2))));
    let mapping = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    for hostile in [
        0,
        1,
        stamp(1),
        stamp(1) | 1,
        stamp(3),
        stamp(1 << 40),
        u64::MAX,
    ] {
        mapping.store(LAST, &hostile).expect("within");
        assert_eq!(reader.load(), Err(Error::Overrun), "{hostile}");
        mapping.store(LAST, &stamp(2)).expect("within");
        assert_eq!(reader.load_with_sequence(), Ok((2, value(2))));
    }
    // A header of zeros is that of no value.
    let mut late = UnmappedReader::<[u64; 16]>::open(&name).expect("opened");
    mapping.store(LAST, &0_u64).expect("within");
    mapping.store(slot(0, 4, 128), &0_u64).expect("within");
    assert_eq!(late.load(), Err(Error::Overrun));
}

#[test]
fn values_are_whole_beside_a_writer_at_full_rate() {
    let name = UniqueName::new();
    let (mut writer, mut reader) = created(&name, 4);
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(std::sync::atomic::Ordering::Relaxed) {
                let next = writer.sequence() + 1;
                writer.store(&value(next));
            }
        });
        let (mut last, mut values) = (0, 0);
        for _ in 0..200_000 {
            if let Ok((number, value)) = reader.load_with_sequence() {
                assert_eq!(filled(&value), Some(number), "torn");
                assert!(number >= last, "{number} after {last}");
                values += u64::from(number > last);
                last = number;
            }
        }
        ended.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(values > 10, "{values}");
    });
}
