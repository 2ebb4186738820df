//! The algorithm of snapshots with std's atomics and threads.
//!
//! It is for Miri, whose atomics are as weak as the language allows, and which detects each race
//! and each access out of bounds. Without Miri, the accesses have the order of the processor.

#[path = "memory.rs"]
mod memory;
#[path = "../../src/snapshot/seqlock.rs"]
mod seqlock;

mod sync {
    pub use std::sync::atomic::{AtomicU64, Ordering, fence};
}

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use memory::{Memory, Mutation, Reader, STEPS, STEPS_TO_THE_VALUE};

const READERS: usize = 3;
/// Few enough for Miri.
const STORES: u64 = if cfg!(miri) { 40 } else { 20_000 };

/// Loads and waits for values until the writers have ended, and then loads the last value.
fn read(memory: &Memory, ended: &AtomicBool) -> u64 {
    let mut reader = Reader::new(memory);
    let mut last = 0;
    while !ended.load(Ordering::Acquire) {
        for number in [reader.load(), reader.try_next()].into_iter().flatten() {
            assert!(number >= last, "{number} after {last}");
            last = number;
        }
        thread::yield_now();
    }
    reader.load().expect("no writer")
}

fn writers_and_readers(memory: &Memory) {
    let ended = AtomicBool::new(false);
    let first = memory.adopt();
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| scope.spawn(|| read(memory, &ended)))
            .collect();
        // Each continues where the one before it was stopped.
        for steps in 0..=STEPS {
            let writer = scope.spawn(move || {
                let mut last = memory.adopt();
                for _ in 0..STORES {
                    last = memory.store(last);
                }
                memory.store_and_stop(last, steps);
            });
            writer.join().expect("a writer");
        }
        ended.store(true, Ordering::Release);
        // The last ones have left one more value each.
        let left = STEPS + 1 - STEPS_TO_THE_VALUE;
        let last = first + u64::from(STEPS + 1) * STORES + u64::from(left);
        for reader in readers {
            assert_eq!(reader.join().expect("a reader"), last);
        }
    });
}

#[test]
fn readers_in_threads_load_whole_values_while_writers_are_killed() {
    for slots in [2, 4, 8] {
        writers_and_readers(&Memory::new(slots, 1, Mutation::None));
    }
}

#[test]
fn readers_in_threads_load_whole_values_of_stamps_in_halves() {
    let first = (1 << 31) - STORES;
    writers_and_readers(&Memory::new(4, first, Mutation::None).in_halves());
}
