//! Random operations have the same effect on shared bytes and on a vector.

use crate::{pattern, slice};
use proptest::prelude::*;
use rawshm::{ReadWrite, SharedBytes};

const UNTOUCHED: u8 = 0xee;

const MODEL: usize = 700;

/// Large enough for copies by each loop, also for two next to each other.
const LARGE_MODEL: usize = 48 * KIB;
const KIB: usize = 1024;

#[derive(Clone, Debug)]
enum Step {
    Store(usize, u64),
    StoreColumns(usize, [i64; 3]),
    StoreBytes(usize, [u8; 7]),
    Load(usize),
    CopyFrom(usize, Vec<u8>),
    CopyWords(usize, Vec<u32>),
    CopyTo(usize, usize),
    Fill(usize, usize, u8),
    FillPairs(usize, usize, [u16; 3]),
    Compare(usize, usize, Option<usize>),
    Move { from: usize, len: usize, to: usize },
    FromAnother(usize, Vec<u8>),
    InSlice(usize, usize, Box<Step>),
}

fn step() -> impl Strategy<Value = Step> {
    let at = || 0..MODEL + 20;
    let len = || prop_oneof![0..20_usize, 0..400_usize];
    let bytes = || prop::collection::vec(any::<u8>(), 0..400);
    let leaf = prop_oneof![
        (at(), any::<u64>()).prop_map(|(at, value)| Step::Store(at, value)),
        (at(), any::<[i64; 3]>()).prop_map(|(at, value)| Step::StoreColumns(at, value)),
        (at(), any::<[u8; 7]>()).prop_map(|(at, value)| Step::StoreBytes(at, value)),
        at().prop_map(Step::Load),
        (at(), bytes()).prop_map(|(at, bytes)| Step::CopyFrom(at, bytes)),
        (at(), prop::collection::vec(any::<u32>(), 0..90))
            .prop_map(|(at, words)| Step::CopyWords(at, words)),
        (at(), len()).prop_map(|(at, len)| Step::CopyTo(at, len)),
        (at(), len(), any::<u8>()).prop_map(|(at, len, byte)| Step::Fill(at, len, byte)),
        (at(), 0..70_usize, any::<[u16; 3]>())
            .prop_map(|(at, count, value)| Step::FillPairs(at, count, value)),
        (at(), len(), prop::option::of(0..400_usize))
            .prop_map(|(at, len, change)| Step::Compare(at, len, change)),
        (at(), len(), at()).prop_map(|(from, len, to)| Step::Move { from, len, to }),
        (at(), bytes()).prop_map(|(at, bytes)| Step::FromAnother(at, bytes)),
    ];
    leaf.prop_recursive(2, 4, 1, move |inner| {
        (0..MODEL + 20, 0..500_usize, inner)
            .prop_map(|(at, len, step)| Step::InSlice(at, len, Box::new(step)))
    })
}

/// Copies that are longer than the ends of any loop: up to 24 KiB.
fn large_step() -> impl Strategy<Value = Step> {
    let at = || prop_oneof![0..300_usize, 0..LARGE_MODEL];
    let len = || {
        prop_oneof![
            129..8 * KIB,
            8 * KIB..=16 * KIB,
            16 * KIB + 1..20 * KIB,
            20 * KIB..24 * KIB,
        ]
    };
    let bytes = || len().prop_map(pattern);
    prop_oneof![
        (at(), bytes()).prop_map(|(at, bytes)| Step::CopyFrom(at, bytes)),
        (at(), len()).prop_map(|(at, len)| Step::CopyTo(at, len)),
        (at(), len(), at()).prop_map(|(from, len, to)| Step::Move { from, len, to }),
        // Source and target overlap: copied from the start, and from the end.
        (0..LARGE_MODEL / 2, len(), 1..300_usize).prop_map(|(at, len, apart)| Step::Move {
            from: at,
            len,
            to: at + apart
        }),
        (0..LARGE_MODEL / 2, len(), 1..300_usize).prop_map(|(at, len, apart)| Step::Move {
            from: at + apart,
            len,
            to: at
        }),
        (at(), bytes()).prop_map(|(at, bytes)| Step::FromAnother(at, bytes)),
        (at(), len(), any::<u8>()).prop_map(|(at, len, byte)| Step::Fill(at, len, byte)),
        (at(), len(), prop::option::of(0..20 * KIB))
            .prop_map(|(at, len, change)| Step::Compare(at, len, change)),
    ]
}

/// Does the same to both, and compares the answers.
fn run(step: Step, bytes: &SharedBytes<ReadWrite>, model: &mut [u8]) -> Result<(), TestCaseError> {
    fn put(model: &mut [u8], at: usize, bytes: &[u8]) -> bool {
        let slots = model.get_mut(at..at + bytes.len());
        slots.map(|slots| slots.copy_from_slice(bytes)).is_some()
    }
    match step {
        Step::Store(at, value) => {
            prop_assert_eq!(
                bytes.store(at, &value).is_ok(),
                put(model, at, &value.to_ne_bytes())
            );
        }
        Step::StoreColumns(at, value) => {
            let expected = value.map(i64::to_ne_bytes).concat();
            prop_assert_eq!(bytes.store(at, &value).is_ok(), put(model, at, &expected));
        }
        Step::StoreBytes(at, value) => {
            prop_assert_eq!(bytes.store(at, &value).is_ok(), put(model, at, &value));
        }
        Step::Load(at) => {
            let expected = model
                .get(at..at + 4)
                .map(|four| four.try_into().expect("four"));
            prop_assert_eq!(bytes.load::<[u8; 4]>(at).ok(), expected);
            let expected = model
                .get(at..at + 24)
                .map(|all| all.try_into().expect("as many"));
            prop_assert_eq!(bytes.load::<[u8; 24]>(at).ok(), expected);
        }
        Step::CopyFrom(at, from) => {
            prop_assert_eq!(bytes.copy_from(at, &from).is_ok(), put(model, at, &from));
        }
        Step::CopyWords(at, words) => {
            let expected: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            prop_assert_eq!(
                bytes.copy_from(at, &words).is_ok(),
                put(model, at, &expected)
            );
        }
        Step::CopyTo(at, len) => {
            let mut into = vec![0_u8; len];
            let done = bytes.copy_to(at, &mut into).is_ok();
            prop_assert_eq!(done.then_some(&into[..]), model.get(at..at + len));
        }
        Step::Fill(at, len, byte) => {
            prop_assert_eq!(
                bytes.fill(at, len, byte).is_ok(),
                put(model, at, &vec![byte; len])
            );
        }
        Step::FillPairs(at, count, value) => {
            let expected = value.map(u16::to_ne_bytes).concat().repeat(count);
            prop_assert_eq!(
                bytes.fill(at, count, value).is_ok(),
                put(model, at, &expected)
            );
        }
        Step::Compare(at, len, change) => {
            let here = model.get(at..at + len);
            let mut with = here.map_or(vec![0; len], <[u8]>::to_vec);
            if let Some(byte) = change.and_then(|change| with.get_mut(change)) {
                *byte = byte.wrapping_mul(3).wrapping_add(1);
            }
            prop_assert_eq!(
                bytes.compare(at, &with).ok(),
                here.map(|here| here.cmp(&with[..]))
            );
        }
        Step::Move { from, len, to } => {
            let done = bytes
                .slice(from, len)
                .and_then(|part| bytes.copy_from_shared(to, &part));
            let within = from + len <= model.len() && to + len <= model.len();
            prop_assert_eq!(done.is_ok(), within);
            if within {
                model.copy_within(from..from + len, to);
            }
        }
        Step::FromAnother(at, mut other) => {
            let expected = other.clone();
            let done = bytes.copy_from_shared(at, &slice(&mut other));
            prop_assert_eq!(done.is_ok(), put(model, at, &expected));
        }
        Step::InSlice(at, len, step) => match (bytes.slice(at, len), model.get_mut(at..at + len)) {
            (Ok(slice), Some(model)) => run(*step, &slice, model)?,
            (slice, model) => prop_assert!(slice.is_err() && model.is_none()),
        },
    }
    Ok(())
}

/// Does all steps `shift` bytes from the start of a buffer, whose other bytes must not change.
fn run_all(shift: usize, steps: Vec<Step>, len: usize) -> Result<(), TestCaseError> {
    let mut model = pattern(len);
    let mut buffer = vec![UNTOUCHED; len + 2 * 64];
    buffer[shift..shift + len].copy_from_slice(&model);
    for step in steps {
        let bytes = slice(&mut buffer[shift..shift + len]);
        run(step, &bytes, &mut model)?;
    }
    // Without printing 48 KiB each if they differ.
    prop_assert_eq!(first_difference(&buffer[shift..shift + len], &model), None);
    prop_assert!(buffer[..shift].iter().all(|byte| *byte == UNTOUCHED));
    prop_assert!(buffer[shift + len..].iter().all(|byte| *byte == UNTOUCHED));
    Ok(())
}

fn first_difference(one: &[u8], other: &[u8]) -> Option<usize> {
    one.iter().zip(other).position(|(one, other)| one != other)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(if cfg!(miri) { 4 } else { 512 }))]

    #[test]
    fn random_operations_do_the_same_as_on_a_vector(
        shift in 0..64_usize,
        steps in prop::collection::vec(step(), 0..40),
    ) {
        run_all(shift, steps, MODEL)?;
    }
}

proptest! {
    #![proptest_config(config(if cfg!(miri) { 1 } else { 64 }))]

    #[test]
    fn so_do_random_copies_that_are_long_enough_for_every_loop(
        shift in 0..64_usize,
        steps in prop::collection::vec(large_step(), 1..if cfg!(miri) { 3 } else { 8 }),
    ) {
        run_all(shift, steps, LARGE_MODEL)?;
    }
}
