//! Reading through the descriptor.

#![cfg(target_os = "linux")]

use rawshm::bytemuck::{AnyBitPattern, Zeroable};
use rawshm::{Errno, Error, Extent, Object, Operation, ReadError, ReadOnly, ReadWrite, Size};
use rawshm_tests::UniqueName;

/// An object of this size, whose bytes are their offsets, and another descriptor of it.
fn numbered(name: &UniqueName, size: u8) -> (Object<ReadWrite>, Object<ReadOnly>) {
    let object = Object::create(name, Size::Sparse(size.into())).expect("created");
    let mapping = object.map(Extent::Whole).expect("mapped");
    for at in 0..size {
        mapping.store(at.into(), &at).expect("within");
    }
    (object, Object::open(name).expect("opened"))
}

#[test]
fn what_is_read_is_what_a_mapping_has_at_every_offset_and_of_every_size() {
    let name = UniqueName::new();
    let (writer, reader) = numbered(&name, 64);
    let mapping = writer.map(Extent::Whole).expect("mapped");
    for offset in 0..=64_u8 {
        let at = u64::from(offset);
        for len in 0..=usize::from(64 - offset) {
            let (mut read, mut loaded) = ([255_u8; 64], [255_u8; 64]);
            reader.read_into(at, &mut read[..len]).expect("read");
            let loads = mapping.copy_to(offset.into(), &mut loaded[..len]);
            loads.expect("within");
            assert_eq!(read, loaded);
        }
    }
    assert_eq!(reader.read_at(3), Ok([3_u8, 4, 5]));
    assert_eq!(
        reader.read_at(1),
        Ok(u64::from_ne_bytes([1, 2, 3, 4, 5, 6, 7, 8]))
    );
    assert_eq!(
        writer.read_at::<[u8; 0]>(u64::MAX),
        Ok([]),
        "nothing is everywhere"
    );
}

#[test]
fn an_object_that_ends_before_says_how_much_there_is() {
    let name = UniqueName::new();
    let (_, reader) = numbered(&name, 100);
    let end = |offset, len, read| Err(ReadError::End { offset, len, read });
    assert_eq!(
        reader.read_at::<[u8; 9]>(92),
        end(92, 9, 8).map(|()| [0; 9])
    );
    for offset in [
        100,
        101,
        4096,
        1 << 40,
        i64::MAX as u64 - 1,
        1 << 63,
        u64::MAX,
    ] {
        let read = reader.read_at::<u64>(offset);
        assert_eq!(read, end(offset, 8, 0).map(|()| 0), "{offset}");
    }
    let mut into = [[7_u8; 10]; 3];
    assert_eq!(reader.read_into(80, &mut into), end(80, 30, 20));
    assert_eq!(into[1], [90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
    assert_eq!(into[2], [7; 10], "it is unchanged");
}

/// Between its fields, and after the last one, are bytes that have no value.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Padded {
    byte: u8,
    word: u64,
    last: u16,
}

// SAFETY: all of its fields can be zero.
unsafe impl Zeroable for Padded {}

// SAFETY: its fields are integers.
unsafe impl AnyBitPattern for Padded {}

#[test]
fn a_value_with_padding_is_read() {
    let name = UniqueName::new();
    let (_, reader) = numbered(&name, 64);
    let padded = Padded {
        byte: 8,
        word: u64::from_ne_bytes([16, 17, 18, 19, 20, 21, 22, 23]),
        last: u16::from_ne_bytes([24, 25]),
    };
    assert_eq!(reader.read_at(8), Ok(padded));
}

#[test]
fn an_end_is_an_error_in_words_with_the_numbers_and_the_others_keep_theirs() {
    let end = ReadError::End {
        offset: 96,
        len: 24,
        read: 8,
    };
    assert_eq!(end.to_string(), "the object has 8 of 24 bytes at offset 96");
    let error = Error::from(end);
    assert_eq!(
        error.to_string(),
        "cannot read the shared memory object: beyond the end (ENXIO)"
    );
    let failed = Error::new(Operation::Read, Errno::IO);
    assert_eq!(Error::from(ReadError::from(failed)), failed);
    assert_eq!(ReadError::System(failed).to_string(), failed.to_string());
    let source = std::error::Error::source(&ReadError::System(failed)).map(ToString::to_string);
    assert_eq!(source, Some(failed.to_string()));
    assert!(std::error::Error::source(&end).is_none());
}

#[test]
fn holes_read_as_zeros_and_stay_holes() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(4_000_000_000)).expect("created");
    let mut zeros = vec![1_u64; 1 << 17];
    for offset in [0, 5, 1 << 31, 4_000_000_000 - (1 << 20)] {
        object.read_into(offset, &mut zeros).expect("read");
        assert!(zeros.iter().all(|word| *word == 0));
        zeros.fill(1);
    }
    assert_eq!(object.allocated(), Ok(0));
}

#[test]
fn a_read_of_more_than_2_gib_goes_on_to_its_end() {
    let name = UniqueName::new();
    let size = (1_u64 << 31) + 4096;
    let object = Object::create(&name, Size::Sparse(size)).expect("created");
    let mapping = object.map(Extent::Whole).expect("mapped");
    mapping.store(mapping.len() - 8, &8021_u64).expect("within");
    drop(mapping);
    // Memory that is never touched but by the kernel, which copies the one page of zeros.
    let mut all = vec![0_u64; usize::try_from(size / 8).expect("64 bits")];
    object.read_into(0, &mut all).expect("read");
    assert_eq!(all.last(), Some(&8021));
    let end = object.read_into(8, &mut all).expect_err("too many");
    let len = usize::try_from(size).expect("64 bits");
    assert_eq!(
        end,
        ReadError::End {
            offset: 8,
            len,
            read: len - 8
        }
    );
}
