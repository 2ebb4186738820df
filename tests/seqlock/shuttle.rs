//! The algorithm of snapshots in sizes that are too large for loom: the crate's own code, in random
//! schedules of many threads.
//!
//! shuttle runs one thread at a time, and makes every access sequentially consistent: orderings are
//! for loom to check.

#[path = "memory.rs"]
mod memory;
#[path = "../../src/snapshot/seqlock.rs"]
mod seqlock;

mod sync {
    pub use shuttle::sync::atomic::{AtomicU64, Ordering, fence};
}

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner, thread};

use memory::{Memory, Mutation, Reader, STEPS, STEPS_TO_THE_VALUE};

const READERS: usize = 4;
const STORES: u64 = 48;
const LOADS: u32 = 24;

/// A writer that is stopped after `steps` of a store, the next writer, and readers that load and
/// wait for values meanwhile.
fn writers_and_readers(slots: u64, steps: u32, mutation: Mutation) {
    let memory = Arc::new(Memory::new(slots, 1, mutation));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let memory = memory.clone();
            thread::spawn(move || {
                let mut last = 0;
                let mut reader = Reader::new(&memory);
                for round in 0..LOADS {
                    let number = if round % 3 == 0 {
                        reader.load()
                    } else {
                        reader.try_next()
                    };
                    if let Some(number) = number {
                        assert!(number >= last, "{number} after {last}");
                        last = number;
                    }
                }
                last
            })
        })
        .collect();
    let killed = thread::spawn({
        let memory = memory.clone();
        move || {
            let mut last = 1;
            for _ in 0..STORES / 2 {
                last = memory.store(last);
            }
            memory.store_and_stop(last, steps);
        }
    });
    killed.join().expect("the killed writer");
    let mut last = memory.adopt();
    let is_left = u64::from(steps >= STEPS_TO_THE_VALUE);
    assert_eq!(last, 1 + STORES / 2 + is_left);
    for _ in 0..STORES / 2 {
        last = memory.store(last);
    }
    for reader in readers {
        assert!(reader.join().expect("a reader") <= last);
    }
    assert_eq!(Reader::new(&memory).load(), Some(last));
}

/// The number of schedules for each number of slots.
const RANDOM: usize = 1500;
const PCT: usize = 500;

fn run(scheduler: impl Scheduler + 'static, slots: u64, mutation: Mutation) {
    let mut config = Config::new();
    config.silence_warnings = true;
    config.failure_persistence = shuttle::FailurePersistence::None;
    let executions = AtomicU32::new(0);
    Runner::new(scheduler, config).run(move || {
        let steps = executions.fetch_add(1, Relaxed) % (STEPS + 1);
        writers_and_readers(slots, steps, mutation);
    });
}

/// The seeds are fixed, so that a failure repeats.
fn random(slots: u64, mutation: Mutation) {
    run(
        RandomScheduler::new_from_seed(slots, RANDOM),
        slots,
        mutation,
    );
}

fn pct(slots: u64, mutation: Mutation) {
    const DEPTH: usize = 5;
    let scheduler = PctScheduler::new_from_seed(slots, DEPTH, PCT);
    run(scheduler, slots, mutation);
}

#[test]
fn readers_load_whole_values_under_random_schedules_with_two_slots() {
    random(2, Mutation::None);
}

#[test]
fn readers_load_whole_values_under_random_schedules_with_four_slots() {
    random(4, Mutation::None);
}

#[test]
fn readers_load_whole_values_under_random_schedules_with_eight_slots() {
    random(8, Mutation::None);
}

#[test]
fn readers_load_whole_values_under_schedules_with_few_switches() {
    for slots in [2, 4, 8] {
        pct(slots, Mutation::None);
    }
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn random_schedules_find_a_torn_value_without_the_mark() {
    random(2, Mutation::NoMark);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn schedules_with_few_switches_find_a_torn_value_without_the_mark() {
    pct(4, Mutation::NoMark);
}

#[test]
#[should_panic(expected = " after ")]
fn random_schedules_find_a_reader_that_goes_backwards_if_it_forgets() {
    random(8, Mutation::Forgets);
}
