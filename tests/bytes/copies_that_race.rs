//! Copies of bytes that other threads access at the same time.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::slice;

/// Copies of this length and more bypass the caches.
const LARGE: usize = 16 << 20;

/// Runs `write` in a loop in a thread of its own, and meanwhile `read`, `rounds` times.
fn race(rounds: u32, write: impl Fn(u32) + Sync, read: impl Fn()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !done.load(Relaxed) {
                write(round);
                round = round.wrapping_add(1);
            }
        });
        // The writer must end even if the reader fails.
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            (0..rounds).for_each(|_| read());
        }));
        done.store(true, Relaxed);
        if let Err(panic) = read {
            std::panic::resume_unwind(panic);
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "accesses of different sizes that race are not defined")]
fn an_aligned_integer_is_never_torn_however_it_is_copied() {
    let mut buffer = [0_u64; 2];
    let bytes = slice(rawshm::bytemuck::cast_slice_mut(&mut buffer));
    let write = |round: u32| {
        let [byte, ..] = round.to_le_bytes();
        let word = usize::from_ne_bytes([byte; size_of::<usize>()]);
        match round % 3 {
            0 => bytes.store(8, &word),
            1 => bytes.copy_from(8, &[word]),
            _ => bytes.fill(8, 1, word),
        }
        .expect("within");
    };
    race(200_000, write, || {
        let loaded: usize = bytes.load(8).expect("within");
        let mut copied = [0_usize];
        bytes.copy_to(8, &mut copied).expect("within");
        for word in [loaded, copied[0]].map(usize::to_ne_bytes) {
            assert!(word.iter().all(|byte| *byte == word[0]), "{word:?}");
        }
    });
}

#[test]
#[cfg_attr(miri, ignore = "megabytes")]
fn every_byte_of_a_copy_that_races_is_one_that_was_stored() {
    for len in [40, 100, 1000, 70_000, 3 << 20, LARGE + 7] {
        let mut buffer = vec![0xaa_u8; len + 1];
        let bytes = slice(&mut buffer[1..]);
        let rounds = match len {
            0..4096 => 20_000,
            4096..LARGE => 20,
            _ => 3,
        };
        let into = std::cell::RefCell::new(vec![0_u8; len]);
        let write = |round: u32| {
            let byte = if round % 2 == 0 { 0x55_u8 } else { 0xaa };
            bytes.fill(0, len, byte).expect("within");
        };
        race(rounds, write, || {
            let mut into = into.borrow_mut();
            bytes.copy_to(0, &mut into).expect("within");
            assert!(into.iter().all(|byte| matches!(byte, 0x55 | 0xaa)));
        });
    }
}

#[test]
#[cfg_attr(miri, ignore = "megabytes")]
fn what_is_copied_in_before_a_release_is_there_after_an_acquire() {
    use std::sync::atomic::Ordering::{Acquire, Release};
    let len = LARGE + 64;
    let mut buffer = vec![0_u64; len / 8 + 1];
    let bytes = slice(rawshm::bytemuck::cast_slice_mut(&mut buffer));
    let turn = bytes.atomic::<u64>(0).expect("aligned");
    // Neither side stops early, since the other waits for it.
    let (copied, is_there) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut copied = Ok(());
            for round in 1..=10_u8 {
                copied = copied.and(bytes.copy_from(8, &vec![round; len]));
                turn.store(u64::from(round), Release);
                while turn.load(Acquire) != 0 {
                    std::hint::spin_loop();
                }
            }
            copied
        });
        let is_there = (1..=10_u8).map(|round| {
            while turn.load(Acquire) != u64::from(round) {
                std::hint::spin_loop();
            }
            // The last bytes first: they are the most likely to be late.
            let last = bytes.load::<[u8; 64]>(len - 56);
            let all = bytes.compare(8, &vec![round; len]);
            turn.store(0, Release);
            last == Ok([round; 64]) && all == Ok(Ordering::Equal)
        });
        let is_there: Vec<bool> = is_there.collect();
        (writer.join().expect("no panic"), is_there)
    });
    assert_eq!((copied, is_there), (Ok(()), vec![true; 10]));
}
