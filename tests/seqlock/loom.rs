//! The algorithm of snapshots in every execution that the memory model allows: the crate's own
//! code.
//!
//! Each of its steps is needed: without it, loom finds an execution that fails. `memory.rs` has the
//! memory, and leaves out the steps.

#[path = "memory.rs"]
mod memory;
#[path = "../../src/snapshot/seqlock.rs"]
mod seqlock;

mod sync {
    pub use loom::sync::atomic::{AtomicU64, Ordering, fence};
}

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use loom::sync::atomic::Ordering::Relaxed;
use loom::sync::{Condvar, Mutex};
use loom::thread;

use memory::{Memory, Mutation, Reader, STEPS, STEPS_TO_THE_VALUE, value};
use seqlock::{Look, Stamp};

/// Checks all executions; with a bound, those in which at most this number of threads is
/// interrupted. In each of them, a load may return any value that the memory model allows.
fn check(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 10_000;
    let executions = Arc::new(AtomicUsize::new(0));
    let counted = executions.clone();
    builder.check(move || {
        counted.fetch_add(1, SeqCst);
        model();
    });
    // `--nocapture` shows it. A model without a switch or a choice of values has one.
    let executions = executions.load(SeqCst);
    println!("{executions} executions");
    assert!(executions > 1);
}

#[derive(Clone, Copy)]
struct Model {
    slots: u64,
    stores: u64,
    readers: u32,
    /// What each reader does.
    reads: &'static [Read],
    preemptions: Option<usize>,
    mutation: Mutation,
}

#[derive(Clone, Copy)]
enum Read {
    Load,
    /// A load that the writer may not disturb.
    LoadAtOnce,
    TryNext,
}

use Read::{Load, LoadAtOnce, TryNext};

impl Model {
    fn run_with(self, mutation: Mutation) {
        Self { mutation, ..self }.run();
    }

    /// A writer, and readers whose numbers never go backwards.
    fn run(self) {
        check(self.preemptions, move || {
            let memory = Arc::new(Memory::new(self.slots, 1, self.mutation));
            let readers: Vec<_> = (0..self.readers)
                .map(|_| {
                    let memory = memory.clone();
                    thread::spawn(move || read(&mut Reader::new(&memory), self.reads))
                })
                .collect();
            let mut last = 1;
            for _ in 0..self.stores {
                last = memory.store(last);
            }
            for reader in readers {
                assert!(reader.join().expect("a reader") <= last);
            }
            assert_eq!(Reader::new(&memory).load(), Some(last));
            assert_eq!(Reader::new(&memory).try_next(), Some(last));
        });
    }
}

/// Reads, and returns the number of the last value.
fn read(reader: &mut Reader<'_>, reads: &[Read]) -> u64 {
    let mut last = 0;
    for read in reads {
        let number = match read {
            Load => reader.load(),
            LoadAtOnce => Some(reader.load().expect("nothing disturbs it")),
            TryNext => reader.try_next(),
        };
        if let Some(number) = number {
            assert!(number >= last, "{number} after {last}");
            last = number;
        }
    }
    last
}

const TWO_READERS: Model = Model {
    slots: 2,
    stores: 2,
    readers: 2,
    reads: &[Load],
    preemptions: Some(2),
    mutation: Mutation::None,
};

#[test]
fn two_readers_of_two_slots_load_whole_values_of_their_numbers() {
    TWO_READERS.run();
}

#[test]
fn two_readers_of_two_slots_load_whole_values_also_when_the_writer_comes_round_twice() {
    Model {
        stores: 3,
        preemptions: Some(1),
        ..TWO_READERS
    }
    .run();
}

#[test]
fn two_readers_of_four_slots_load_whole_values_of_their_numbers() {
    Model {
        slots: 4,
        stores: 3,
        ..TWO_READERS
    }
    .run();
}

#[test]
fn two_readers_that_wait_for_values_get_whole_ones_of_their_numbers() {
    for slots in [2, 4] {
        Model {
            slots,
            reads: &[TryNext],
            preemptions: Some(1),
            ..TWO_READERS
        }
        .run();
    }
}

#[test]
fn two_readers_load_whole_values_in_all_executions_with_one_store() {
    for slots in [2, 4] {
        for reads in [&[Load], &[TryNext]] {
            Model {
                slots,
                stores: 1,
                reads,
                preemptions: None,
                ..TWO_READERS
            }
            .run();
        }
    }
}

const ONE_READER: Model = Model {
    readers: 1,
    preemptions: None,
    ..TWO_READERS
};

#[test]
fn a_readers_numbers_never_go_backwards() {
    for slots in [2, 4] {
        let readings: [&[Read]; 3] = [&[Load, Load], &[TryNext, Load], &[TryNext, TryNext, Load]];
        for reads in readings {
            Model {
                slots,
                reads,
                preemptions: Some(2),
                ..ONE_READER
            }
            .run();
        }
    }
}

#[test]
fn a_value_of_four_slots_is_whole_also_when_the_writer_comes_round() {
    Model {
        slots: 4,
        stores: 4,
        preemptions: Some(3),
        ..ONE_READER
    }
    .run();
}

/// Its slot is the first of four, and the writer stores into the other three.
const UNDISTURBED: Model = Model {
    slots: 4,
    stores: 3,
    reads: &[LoadAtOnce],
    ..ONE_READER
};

#[test]
fn a_load_succeeds_at_once_if_the_writer_does_not_reach_its_slot() {
    UNDISTURBED.run();
}

/// The second value is found by its stamp alone.
const WITHOUT_THE_HEADER: Model = Model {
    stores: 1,
    reads: &[TryNext, TryNext],
    ..ONE_READER
};

/// One reader, and just enough stores to see that a step is missing.
fn without(mutation: Mutation, stores: u64) {
    Model {
        stores,
        mutation,
        ..ONE_READER
    }
    .run();
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_mark() {
    without(Mutation::NoMark, 2);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_release_fence_after_the_mark() {
    without(Mutation::NoReleaseAfterTheMark, 2);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_release_fence_after_the_copy() {
    WITHOUT_THE_HEADER.run_with(Mutation::NoReleaseAfterTheCopy);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_acquire_fence_before_the_copy() {
    WITHOUT_THE_HEADER.run_with(Mutation::NoAcquireBeforeTheCopy);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_acquire_fence_after_the_copy() {
    without(Mutation::NoAcquireAfterTheCopy, 2);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_acquire_fence_after_the_number() {
    without(Mutation::NoAcquireAfterTheNumber, 1);
}

#[test]
#[should_panic(expected = "nothing disturbs it")]
fn a_load_may_find_no_value_if_the_number_releases_nothing() {
    UNDISTURBED.run_with(Mutation::PublishesRelaxed);
}

#[test]
#[should_panic(expected = "nothing disturbs it")]
fn a_load_may_find_no_value_if_the_number_comes_first() {
    UNDISTURBED.run_with(Mutation::PublishesFirst);
}

#[test]
#[should_panic(expected = " after ")]
fn a_reader_may_go_backwards_if_it_accepts_a_value_that_is_not_published() {
    Model {
        reads: &[Load, Load],
        preemptions: Some(3),
        mutation: Mutation::AcceptsUnpublished,
        ..ONE_READER
    }
    .run();
}

#[test]
#[should_panic(expected = " after ")]
fn a_reader_may_go_backwards_if_it_forgets_what_next_has_returned() {
    Model {
        stores: 1,
        reads: &[TryNext, TryNext, Load],
        mutation: Mutation::Forgets,
        ..ONE_READER
    }
    .run();
}

#[test]
fn a_writer_that_is_killed_at_any_step_leaves_the_last_value_to_readers() {
    for slots in [2, 4] {
        for steps in 0..=STEPS {
            check(Some(2), move || {
                let memory = Arc::new(Memory::new(slots, 1, Mutation::None));
                let writer = thread::spawn({
                    let memory = memory.clone();
                    move || {
                        let last = memory.store(1);
                        memory.store_and_stop(last, steps);
                    }
                });
                let reader = thread::spawn({
                    let memory = memory.clone();
                    move || read(&mut Reader::new(&memory), &[Load])
                });
                let mut waiting = Reader::new(&memory);
                read(&mut waiting, &[TryNext]);
                writer.join().expect("the writer");
                reader.join().expect("the reader");
                let published = if steps == STEPS { 3 } else { 2 };
                assert_eq!(Reader::new(&memory).load(), Some(published));
                // Without the header, a value is there as soon as it is whole.
                let mut last = read(&mut waiting, &[Load]);
                while let Some(number) = waiting.try_next() {
                    last = number;
                }
                let whole = if steps < STEPS_TO_THE_VALUE { 2 } else { 3 };
                assert_eq!((last, waiting.load()), (whole, Some(whole)));
            });
        }
    }
}

/// A writer that is killed while it stores the value of number 2, and the next one, which stores
/// another value after the last one that it finds.
fn takeover(slots: u64, steps: u32, mutation: Mutation) {
    const OTHER: [u64; 2] = [7, 8];
    check(Some(2), move || {
        let memory = Arc::new(Memory::new(slots, 1, mutation));
        let killed = thread::spawn({
            let memory = memory.clone();
            move || memory.store_and_stop(1, steps)
        });
        let is_left = steps >= STEPS_TO_THE_VALUE;
        let reader = thread::spawn({
            let memory = memory.clone();
            move || {
                let mut reader = Reader::new(&memory);
                let mut last = 0;
                for read in [
                    Reader::try_next_any,
                    Reader::try_next_any,
                    |reader: &mut _| Reader::load_any(reader),
                ] {
                    let Some((number, found)) = read(&mut reader) else {
                        continue;
                    };
                    let expected = match number {
                        2 if !is_left => OTHER,
                        3 => OTHER,
                        number => value(number),
                    };
                    assert_eq!(found, expected, "the only value of {number}");
                    assert!(number >= last, "{number} after {last}");
                    last = number;
                }
            }
        });
        // The kernel reports it.
        killed.join().expect("the killed writer");
        let left = memory.adopt();
        if mutation == Mutation::None {
            assert_eq!(left, if is_left { 2 } else { 1 });
        }
        memory.store_value(left, &OTHER, u32::MAX);
        reader.join().expect("a reader");
        let last = Reader::new(&memory).load_any();
        assert_eq!(last, Some((left + 1, OTHER)));
    });
}

#[test]
fn the_next_writer_goes_on_after_the_value_that_the_killed_one_has_left() {
    for slots in [2, 4] {
        for steps in 0..=STEPS {
            takeover(slots, steps, Mutation::None);
        }
    }
}

#[test]
#[should_panic(expected = "the only value of 2")]
fn a_number_may_name_two_values_if_the_next_writer_does_not_look() {
    takeover(2, STEPS_TO_THE_VALUE, Mutation::DoesNotAdopt);
}

/// Numbers whose stamps differ in the upper half.
const UPPER: u64 = 1 << 31;

/// A stamp in halves, whose upper half is about to change, and its value.
fn halves(mutation: Mutation) {
    const FIRST: u64 = UPPER - 2;
    check(Some(2), move || {
        let memory = Arc::new(Memory::new(2, FIRST, mutation).in_halves());
        let reader = thread::spawn({
            let memory = memory.clone();
            move || {
                if let Some(number) = memory.number() {
                    assert!(
                        (FIRST..=FIRST + 2).contains(&number),
                        "never published: {number:x}"
                    );
                }
                Reader::new(&memory).load();
            }
        });
        let last = memory.store(FIRST);
        memory.store(last);
        reader.join().expect("a reader");
        assert_eq!(Reader::new(&memory).load(), Some(FIRST + 2));
    });
}

#[test]
fn a_stamp_that_is_read_in_halves_is_one_that_was_stored() {
    halves(Mutation::None);
}

#[test]
#[should_panic(expected = "never published: 0")]
fn it_may_not_be_if_the_upper_half_is_read_only_once() {
    halves(Mutation::HalvesUnchecked);
}

/// A reader that is stopped while the writer stores 2^31 values, after which the lower half of the
/// stamp in the same slot is the same.
fn stopped(mutation: Mutation) {
    check(None, move || {
        let memory = Arc::new(Memory::new(2, 2, mutation).in_halves());
        let reader = thread::spawn({
            let memory = memory.clone();
            move || read(&mut Reader::new(&memory), &[Load])
        });
        memory.store(2 + UPPER - 1);
        reader.join().expect("a reader");
    });
}

#[test]
fn a_reader_that_is_stopped_for_2_31_stores_does_not_take_the_stamp_for_the_same() {
    stopped(Mutation::None);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn it_may_if_the_upper_half_is_not_compared() {
    stopped(Mutation::UpperHalfIgnored);
}

/// The kernel's part of a futex: it compares the word and sleeps under a lock, which a wake takes
/// as well.
struct Kernel {
    queue: Mutex<()>,
    woken: Condvar,
}

impl Kernel {
    fn new() -> Self {
        Self {
            queue: Mutex::new(()),
            woken: Condvar::new(),
        }
    }

    /// `FUTEX_WAIT` on the lower half of the stamp in the header.
    fn wait(&self, memory: &Memory, seen: Stamp) {
        let queue = self.queue.lock().expect("the kernel's lock");
        let changed = memory.last.load(Relaxed) ^ seen.bits();
        if changed.trailing_zeros() >= 32 {
            drop(self.woken.wait(queue).expect("the kernel's lock"));
        }
    }

    /// `FUTEX_WAKE`
    fn wake(&self) {
        let queue = self.queue.lock().expect("the kernel's lock");
        self.woken.notify_all();
        drop(queue);
    }
}

/// As `Reader::next` until the snapshot is retired; returns the last number.
fn follow(memory: &Memory, kernel: &Kernel) -> u64 {
    let mut reader = Reader::new(memory);
    let mut last = 0;
    loop {
        match reader.look() {
            Look::Newer => last = reader.try_next().unwrap_or(last),
            Look::Retired => return last,
            Look::Sleep(seen) => kernel.wait(memory, seen),
            Look::Again => {}
        }
        thread::yield_now();
    }
}

/// Readers that sleep until each next value, up to the last one that a writer stores before it
/// retires the snapshot. One that is never woken is a deadlock, which loom finds.
fn sleep(readers: u32, stores: u64, wakes: bool, mutation: Mutation) {
    check(Some(2), move || {
        let memory = Arc::new(Memory::new(4, 1, mutation));
        let kernel = Arc::new(Kernel::new());
        let readers: Vec<_> = (0..readers)
            .map(|_| {
                let (memory, kernel) = (memory.clone(), kernel.clone());
                thread::spawn(move || follow(&memory, &kernel))
            })
            .collect();
        let mut last = 1;
        for _ in 0..stores {
            last = memory.store(last);
            if wakes {
                kernel.wake();
            }
        }
        memory.retire(last);
        if wakes {
            kernel.wake();
        }
        for reader in readers {
            assert_eq!(reader.join().expect("a reader"), last, "the last value");
        }
    });
}

#[test]
fn readers_that_sleep_get_the_last_value_and_learn_that_none_follows() {
    sleep(1, 0, true, Mutation::None);
    sleep(1, 1, true, Mutation::None);
    sleep(1, 2, true, Mutation::None);
    sleep(2, 1, true, Mutation::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_may_sleep_forever_if_the_writer_does_not_wake() {
    sleep(1, 1, false, Mutation::None);
}

#[test]
#[should_panic(expected = "the last value")]
fn one_may_miss_the_last_value_if_the_stamp_in_the_header_releases_nothing() {
    sleep(1, 1, true, Mutation::PublishesRelaxed);
}

#[test]
#[should_panic(expected = "the last value")]
fn one_may_miss_the_last_value_if_the_stamp_in_the_header_is_not_acquired() {
    sleep(1, 1, true, Mutation::NoAcquireAfterTheNumber);
}

/// A reader that polls until the snapshot is retired.
fn poll(mutation: Mutation) {
    check(None, move || {
        let memory = Arc::new(Memory::new(2, 1, mutation));
        let reader = thread::spawn({
            let memory = memory.clone();
            move || {
                let mut reader = Reader::new(&memory);
                let first = reader.try_next();
                let is_retired = reader.is_retired();
                let next = reader.try_next();
                if is_retired {
                    assert_eq!(next.or(first), Some(2), "the last value comes with the end");
                }
            }
        });
        let last = memory.store(1);
        memory.retire(last);
        reader.join().expect("a reader");
    });
}

#[test]
fn a_reader_that_polls_has_the_last_value_when_it_learns_of_the_end() {
    poll(Mutation::None);
}

#[test]
#[should_panic(expected = "the last value comes with the end")]
fn it_may_miss_the_last_value_if_the_end_is_not_acquired() {
    poll(Mutation::EndNotAcquired);
}

/// A reader that sleeps until the second value, whose writer is killed before it changes the stamp
/// in the header. The next writer wakes the reader.
fn sleep_while_the_writer_is_killed(mutation: Mutation) {
    check(None, move || {
        let memory = Arc::new(Memory::new(2, 1, mutation));
        let kernel = Arc::new(Kernel::new());
        let reader = thread::spawn({
            let (memory, kernel) = (memory.clone(), kernel.clone());
            move || {
                let mut reader = Reader::new(&memory);
                while reader.try_next() != Some(2) {
                    if let Look::Sleep(seen) = reader.look() {
                        kernel.wait(&memory, seen);
                    }
                }
            }
        });
        let killed = thread::spawn({
            let memory = memory.clone();
            move || memory.store_and_stop(1, STEPS_TO_THE_VALUE)
        });
        killed.join().expect("the killed writer");
        memory.adopt();
        kernel.wake();
        reader.join().expect("the reader");
    });
}

#[test]
fn no_reader_sleeps_when_the_next_writer_has_taken_over() {
    sleep_while_the_writer_is_killed(Mutation::None);
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_may_sleep_forever_if_the_next_writer_does_not_change_the_stamp_in_the_header() {
    sleep_while_the_writer_is_killed(Mutation::DoesNotAdopt);
}
