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

use memory::{Memory, Mutation};

const READERS: usize = 3;
/// Few enough for Miri.
const STORES: u64 = if cfg!(miri) { 40 } else { 20_000 };

/// Loads until the writers have ended, and then the last value.
fn read(memory: &Memory, ended: &AtomicBool) -> u64 {
    let mut last = 0;
    while !ended.load(Ordering::Acquire) {
        if let Some(number) = memory.load() {
            assert!(number >= last, "{number} after {last}");
            last = number;
        }
        thread::yield_now();
    }
    memory.load().expect("no writer")
}

fn writers_and_readers(memory: &Memory) {
    let ended = AtomicBool::new(false);
    let first = memory.last();
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|_| scope.spawn(|| read(memory, &ended)))
            .collect();
        // Each continues where the one before it was stopped.
        for steps in 0..4 {
            let writer = scope.spawn(move || {
                let mut last = memory.last();
                for _ in 0..STORES {
                    last = memory.store(last);
                }
                memory.store_and_stop(last, steps);
            });
            writer.join().expect("a writer");
        }
        ended.store(true, Ordering::Release);
        // The fourth has finished its last value.
        let last = first + 4 * STORES + 1;
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
fn readers_in_threads_load_whole_values_of_numbers_in_halves() {
    let first = 0xffff_ffff - STORES;
    writers_and_readers(&Memory::new(4, first, Mutation::None).in_halves());
}
