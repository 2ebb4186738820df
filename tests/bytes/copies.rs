//! Copies of all sizes, fills and comparisons access the right bytes, and no others.

use std::cmp::Ordering;

use crate::guarded::Guarded;
use crate::{pattern, slice};
use rawshm::{AccessError, Extent, Mapping, Size};
use rawshm_tests::UniqueName;

/// Lengths at which copies change their form, on one processor or another.
const TURNS: [usize; 6] = [64, 128, 256, 512, 22 << 10, 256 << 10];

/// Copies of this length and more bypass the caches.
const LARGE: usize = 16 << 20;

const UNTOUCHED: u8 = 0xee;

/// A copy from the first slice into the second one of the same length.
type Copy = fn(&mut [u8], &mut [u8]);

const COPIES: [(&str, Copy); 3] = [
    ("out", |from, to| {
        slice(from).copy_to(0, to).expect("within");
    }),
    ("in", |from, to| {
        slice(to).copy_from(0, from).expect("within");
    }),
    ("between", |from, to| {
        slice(to).copy_from_shared(0, &slice(from)).expect("within");
    }),
];

/// Copies between places in larger buffers, and checks the whole target.
fn check(source: &mut [u8], from: usize, target: &mut [u8], to: usize, len: usize) {
    for (name, copy) in COPIES {
        let around = to.saturating_sub(64)..(to + len + 64).min(target.len());
        target[around.clone()].fill(UNTOUCHED);
        copy(&mut source[from..from + len], &mut target[to..to + len]);
        let what = || format!("{name}, {len} bytes from {from} to {to}");
        assert!(
            target[to..to + len] == source[from..from + len],
            "{}",
            what()
        );
        let untouched = |bytes: &[u8]| bytes.iter().all(|byte| *byte == UNTOUCHED);
        assert!(untouched(&target[around.start..to]), "before: {}", what());
        assert!(
            untouched(&target[to + len..around.end]),
            "after: {}",
            what()
        );
    }
}

#[test]
fn every_small_length_is_copied_at_every_alignment_and_nothing_around_it() {
    let (lengths, alignments) = if cfg!(miri) { (40, 9) } else { (300, 65) };
    let mut source = pattern(512);
    let mut target = vec![0; 640];
    for len in 0..=lengths {
        for from in 0..alignments {
            // All alignments of one side and some of the other: they use the same code.
            for to in [64, 65, 67, 71, 72, 79, 80, 95, 96, 127] {
                check(&mut source, from, &mut target, to, len);
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "millions of bytes")]
fn lengths_around_every_turn_are_copied() {
    let mut source = pattern(LARGE + 256);
    let mut target = vec![0; LARGE + 256];
    for turn in TURNS {
        for len in turn - 33..=turn + 33 {
            for (from, to) in [(0, 64), (1, 67), (31, 64), (64, 65)] {
                check(&mut source, from, &mut target, to, len);
            }
        }
    }
    for len in [LARGE - 1, LARGE, LARGE + 1, LARGE + 31] {
        for (from, to) in [(0, 64), (1, 67)] {
            check(&mut source, from, &mut target, to, len);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "it maps memory")]
fn nothing_beside_the_bytes_is_read_or_written() {
    let longest = LARGE + 1;
    let (mut source, mut target) = (Guarded::new(longest), Guarded::new(longest));
    source.last(longest).copy_from_slice(&pattern(longest));
    let turns = TURNS.iter().flat_map(|turn| [turn - 1, *turn, turn + 1]);
    let lengths = (0..=300).chain(turns).chain([3 << 20, longest]);
    for len in lengths {
        for (name, copy) in COPIES {
            let from = source.last(len);
            copy(from, target.last(len));
            assert!(*from == *target.last(len), "{name}, the last {len}");
            copy(from, target.first(len));
            assert!(*from == *target.first(len), "{name}, to the first {len}");
            let from = source.first(len);
            copy(from, target.last(len));
            assert!(*from == *target.last(len), "{name}, from the first {len}");
        }
        let mut bytes = slice(target.last(len));
        bytes.fill(0, len, 5_u8).expect("within");
        let fives = vec![5_u8; len];
        assert_eq!(bytes.compare(0, &fives), Ok(Ordering::Equal));
        bytes = slice(target.first(len));
        bytes.fill(0, len, 5_u8).expect("within");
        assert_eq!(bytes.compare(0, &fives), Ok(Ordering::Equal));
    }
}

#[test]
#[cfg_attr(miri, ignore = "it maps objects")]
fn what_is_mapped_to_be_read_is_copied_from() {
    let name = UniqueName::new();
    let writer = Mapping::create(
        &name,
        Size::Sparse((LARGE + 4096).try_into().expect("small")),
    );
    let writer = writer.expect("created");
    let expected = pattern(LARGE + 4096);
    writer.copy_from(0, &expected).expect("within");
    let reader = Mapping::open(&name, Extent::Whole).expect("opened");
    let other = UniqueName::new();
    let size = Size::Sparse((LARGE + 4096).try_into().expect("small"));
    let copy = Mapping::create(&other, size).expect("created");
    for len in (0..=300).chain([4096, 65_537, LARGE + 1]) {
        let expected = &expected[1..=len];
        let mut into = vec![0_u8; len];
        reader.copy_to(1, &mut into).expect("within");
        assert!(into == expected);
        assert_eq!(reader.compare(1, expected), Ok(Ordering::Equal));
        let part = reader.slice(1, len).expect("within");
        copy.copy_from_shared(3, &part).expect("within");
        assert_eq!(copy.compare(3, expected), Ok(Ordering::Equal));
    }
}

#[test]
fn what_overlaps_is_copied_as_if_through_a_buffer() {
    let lengths: &[usize] = if cfg!(miri) {
        &[1, 9, 70, 300]
    } else {
        &[1, 2, 3, 5, 8, 9, 17, 33, 65, 129, 200, 257, 300, 1000, 9000]
    };
    for &len in lengths {
        let distances = (0..=64.min(len)).chain([len / 2, len - 1, len]);
        distances.for_each(|distance| check_overlap(len, distance));
    }
}

#[test]
#[cfg_attr(miri, ignore = "megabytes")]
fn what_is_large_and_overlaps_is_copied_as_if_through_a_buffer() {
    for len in [70_000, (256 << 10) + 7, (1 << 20) + 7, LARGE + 7] {
        for distance in [0, 1, 31, 64, 255, 4096, len / 2, len - 1] {
            check_overlap(len, distance);
        }
    }
}

/// Copies in both directions between two places that are this far from each other.
fn check_overlap(len: usize, distance: usize) {
    for (from, to) in [(distance + 1, 1), (1, distance + 1)] {
        let mut expected = pattern(len + distance + 2);
        let mut buffer = expected.clone();
        expected.copy_within(from..from + len, to);
        let bytes = slice(&mut buffer);
        let part = bytes.slice(from, len).expect("within");
        bytes.copy_from_shared(to, &part).expect("within");
        assert!(buffer == expected, "{len} bytes from {from} to {to}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "it maps objects")]
fn between_two_mappings_of_one_object_every_byte_is_one_that_was_there() {
    const LEN: usize = 40_000;
    let name = UniqueName::new();
    let one = Mapping::create(&name, Size::Sparse(2 * 65_536)).expect("created");
    let other = Mapping::open(&name, Extent::Whole).expect("opened");
    for distance in [1, 31, 4096, LEN - 1] {
        // No byte of the source is 0, and all others are.
        let before: Vec<u8> = (1..=u8::MAX).cycle().take(LEN).collect();
        one.fill(0, one.len(), 0_u8).expect("within");
        one.copy_from(0, &before).expect("within");
        let source = other.slice(0, LEN).expect("within");
        one.copy_from_shared(distance, &source).expect("within");
        let mut after = vec![0_u8; LEN];
        one.copy_to(distance, &mut after).expect("within");
        assert!(after.iter().all(|byte| *byte != 0), "{distance}");
        assert_eq!(one.compare(0, &before[..distance]), Ok(Ordering::Equal));
        assert_eq!(one.load::<u8>(distance + LEN), Ok(0));
    }
}

#[test]
fn values_of_every_size_are_stored_and_loaded_whole() {
    fn check<const N: usize>() {
        let mut buffer = [UNTOUCHED; 160];
        let values: [u8; N] = std::array::from_fn(|at| u8::try_from(at).expect("small") + 1);
        for at in 8..16 {
            let bytes = slice(&mut buffer);
            bytes.store(at, &values).expect("within");
            assert_eq!(bytes.load::<[u8; N]>(at), Ok(values));
            assert_eq!(bytes.load::<u8>(at - 1), Ok(UNTOUCHED));
            assert_eq!(bytes.load::<u8>(at + N), Ok(UNTOUCHED));
            bytes.fill(0, 160, UNTOUCHED).expect("within");
        }
    }
    macro_rules! check_all {
        ($($n:literal)*) => { $(check::<$n>();)* };
    }
    check_all!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30);
    check_all!(31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57);
    check_all!(58 59 60 61 62);
    check_all!(63 64 65 66 71 72 80 96 100 127 128 129 130);
}

#[test]
fn slices_of_any_plain_type_are_copied() {
    let mut buffer = [0; 64];
    let bytes = slice(&mut buffer);
    bytes.copy_from(3, &[1_i16, -2]).expect("within");
    let mut numbers = [0_i16; 2];
    bytes.copy_to(3, &mut numbers).expect("within");
    assert_eq!(numbers, [1, -2]);
    let mut pairs = vec![[0_u16; 2]; 3];
    bytes
        .copy_from(30, &[[1_u16, 2], [3, 4], [5, 6]])
        .expect("within");
    bytes.copy_to(30, &mut pairs).expect("within");
    assert_eq!(pairs, [[1, 2], [3, 4], [5, 6]]);
    bytes.copy_from(64, &[(); 9]).expect("nothing");
    bytes.copy_to(64, &mut [(); 9]).expect("nothing");
}

#[test]
fn a_fill_repeats_a_value_and_touches_nothing_else() {
    fn check<T: rawshm::bytemuck::NoUninit>(value: T) {
        let value_bytes = rawshm::bytemuck::bytes_of(&value);
        for count in [0, 1, 2, 3, 7, 63, 64, 65, 513, 1025] {
            for at in [1, 8] {
                let len = count * value_bytes.len();
                let mut buffer = vec![UNTOUCHED; len + 16];
                slice(&mut buffer).fill(at, count, value).expect("within");
                assert!(buffer[..at].iter().all(|byte| *byte == UNTOUCHED));
                assert!(buffer[at..at + len] == value_bytes.repeat(count));
                assert!(buffer[at + len..].iter().all(|byte| *byte == UNTOUCHED));
            }
        }
    }
    check(7_u8);
    check(0x0102_u16);
    check([1_u8, 2, 3]);
    check(0x0102_0304_0506_0708_u64);
    check([1_i64, 2, 3]);
    check(());
    if !cfg!(miri) {
        check([[9_u8; 32]; 33]);
    }
}

#[test]
fn bytes_are_compared_as_memcmp_does() {
    let mut buffer = pattern(5000);
    let expected = buffer.clone();
    let bytes = slice(&mut buffer);
    for len in [0, 1, 8, 100, 1023, 1024, 1025, 4990] {
        assert_eq!(bytes.compare(3, &expected[3..3 + len]), Ok(Ordering::Equal));
        for at in [0, len / 2, len.saturating_sub(1)]
            .into_iter()
            .filter(|_| len > 0)
        {
            for change in [1, 255] {
                let mut with = expected[3..3 + len].to_vec();
                with[at] = with[at].wrapping_add(change);
                let order = expected[3..3 + len].cmp(&with);
                assert_eq!(bytes.compare(3, &with), Ok(order), "{len} at {at}");
            }
        }
    }
    bytes.store(0, &0x0102_0304_u32).expect("within");
    assert_eq!(bytes.compare(0, &[0x0102_0304_u32]), Ok(Ordering::Equal));
}

#[test]
fn what_does_not_fit_is_not_begun_and_the_error_has_its_bytes() {
    let wrong = |offset, len| {
        Err(AccessError::OutOfBounds {
            offset,
            len,
            available: 20,
        })
    };
    let mut buffer = [UNTOUCHED; 20];
    let mut other = [1; 21];
    let bytes = slice(&mut buffer);
    assert_eq!(bytes.copy_to(8, &mut [0_u64; 2]), wrong(8, 16));
    assert_eq!(bytes.copy_from(13, &[0_u64]), wrong(13, 8));
    assert_eq!(bytes.fill(4, 9, 0_u16), wrong(4, 18));
    assert_eq!(bytes.fill(1, usize::MAX / 2, 0_u64), wrong(1, usize::MAX));
    assert_eq!(bytes.fill(0, usize::MAX, [0_u8; 2]), wrong(0, usize::MAX));
    assert_eq!(bytes.fill(21, 0, 0_u8), wrong(21, 0));
    assert_eq!(bytes.fill(21, usize::MAX, ()), wrong(21, 0));
    let whole = bytes.compare(0, &[UNTOUCHED; 21]);
    assert_eq!(whole.map(|_| ()), wrong(0, 21));
    assert_eq!(
        bytes.compare(usize::MAX, &[0_u8]).map(|_| ()),
        wrong(usize::MAX, 1)
    );
    assert_eq!(bytes.copy_from_shared(0, &slice(&mut other)), wrong(0, 21));
    let part = slice(&mut other[..20]);
    assert_eq!(bytes.copy_from_shared(1, &part), wrong(1, 20));
    assert_eq!(bytes.compare(0, &[UNTOUCHED; 20]), Ok(Ordering::Equal));
}
