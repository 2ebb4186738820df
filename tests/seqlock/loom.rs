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

use loom::sync::atomic::AtomicU32;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use memory::{Memory, Mutation};

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
    loads: u32,
    preemptions: Option<usize>,
    mutation: Mutation,
}

impl Model {
    /// A writer, and readers whose numbers never go backwards.
    fn run(self) {
        check(self.preemptions, move || {
            let memory = Arc::new(Memory::new(self.slots, 1, self.mutation));
            let readers: Vec<_> = (0..self.readers)
                .map(|_| {
                    let memory = memory.clone();
                    thread::spawn(move || read(&memory, self.loads))
                })
                .collect();
            let mut last = 1;
            for _ in 0..self.stores {
                last = memory.store(last);
            }
            for reader in readers {
                assert!(reader.join().expect("a reader") <= last);
            }
            assert_eq!(memory.load(), Some(last));
        });
    }
}

/// Loads this number of times, and returns the last sequence number.
fn read(memory: &Memory, loads: u32) -> u64 {
    let mut last = 0;
    for _ in 0..loads {
        if let Some(number) = memory.load() {
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
    loads: 1,
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
fn two_readers_load_whole_values_in_all_executions_with_one_store() {
    for slots in [2, 4] {
        Model {
            slots,
            stores: 1,
            preemptions: None,
            ..TWO_READERS
        }
        .run();
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
        Model {
            slots,
            loads: 2,
            ..ONE_READER
        }
        .run();
    }
}

#[test]
fn a_value_of_four_slots_is_whole_also_when_the_writer_comes_round() {
    Model {
        slots: 4,
        stores: 4,
        ..ONE_READER
    }
    .run();
}

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
fn a_value_may_be_torn_without_the_release_fence_before_the_copy() {
    without(Mutation::NoReleaseBeforeTheCopy, 2);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_release_fence_after_the_copy() {
    without(Mutation::NoReleaseAfterTheCopy, 1);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_acquire_fence_before_the_copy() {
    without(Mutation::NoAcquireBeforeTheCopy, 1);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_without_the_acquire_fence_after_the_copy() {
    without(Mutation::NoAcquireAfterTheCopy, 2);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_if_one_store_more_is_accepted() {
    without(Mutation::OneMoreAccepted, 2);
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_if_one_store_more_is_accepted_with_four_slots() {
    Model {
        slots: 4,
        stores: 4,
        mutation: Mutation::OneMoreAccepted,
        ..ONE_READER
    }
    .run();
}

#[test]
#[should_panic(expected = "whole, and the one of its number")]
fn a_value_may_be_torn_if_the_writer_writes_the_current_slot() {
    without(Mutation::WritesTheCurrentSlot, 1);
}

/// The steps of a store: two words and its number.
const STEPS: u32 = 3;

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
                    move || read(&memory, 1)
                });
                read(&memory, 1);
                writer.join().expect("the writer");
                reader.join().expect("the reader");
                let published = if steps == STEPS { 3 } else { 2 };
                assert_eq!(memory.load(), Some(published));
            });
        }
    }
}

#[test]
fn the_next_writer_goes_on_from_the_number_that_the_killed_one_has_left() {
    for slots in [2, 4] {
        for steps in 0..=STEPS {
            check(Some(2), move || {
                let memory = Arc::new(Memory::new(slots, 1, Mutation::None));
                let killed = thread::spawn({
                    let memory = memory.clone();
                    move || memory.store_and_stop(1, steps)
                });
                let reader = thread::spawn({
                    let memory = memory.clone();
                    move || read(&memory, 2)
                });
                // The kernel reports it.
                killed.join().expect("the killed writer");
                let left = memory.last();
                assert_eq!(left, if steps == STEPS { 2 } else { 1 });
                let last = memory.store(left);
                assert!(reader.join().expect("a reader") <= last);
                assert_eq!(memory.load(), Some(last));
            });
        }
    }
}

/// A number in halves, whose upper half is about to change, and its value.
fn halves(mutation: Mutation) {
    const FIRST: u64 = 0xffff_fffe;
    check(None, move || {
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
                memory.load();
            }
        });
        let last = memory.store(FIRST);
        memory.store(last);
        reader.join().expect("a reader");
        assert_eq!(memory.load(), Some(FIRST + 2));
    });
}

#[test]
fn a_number_that_is_read_in_halves_is_one_that_was_published() {
    halves(Mutation::None);
}

#[test]
#[should_panic(expected = "never published: 0")]
fn it_may_not_be_if_the_upper_half_is_read_only_once() {
    halves(Mutation::HalvesUnchecked);
}

/// The kernel's futex: it compares the word and sleeps under a lock, which a wake takes as well.
struct Futex {
    word: AtomicU32,
    queue: Mutex<()>,
    woken: Condvar,
}

impl Futex {
    fn new() -> Self {
        Self {
            word: AtomicU32::new(1),
            queue: Mutex::new(()),
            woken: Condvar::new(),
        }
    }

    /// `FUTEX_WAIT`
    fn wait(&self, seen: u32) {
        let queue = self.queue.lock().expect("the kernel's lock");
        if self.word.load(Relaxed) == seen {
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

/// How the word that readers sleep on is treated differently.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleep {
    AsItIs,
    NoWord,
    WordInFront,
    WordRelaxed,
    NoAcquire,
    NoWake,
}

/// As `Words::publish` and `Writer::notify`.
fn publish_and_notify(number: &AtomicU32, futex: &Futex, last: u32, how: Sleep) {
    if how == Sleep::WordInFront {
        futex.word.store(last, Release);
    }
    number.store(last, Relaxed);
    match how {
        Sleep::NoWord | Sleep::WordInFront => {}
        Sleep::WordRelaxed => futex.word.store(last, Relaxed),
        _ => futex.word.store(last, Release),
    }
    if how != Sleep::NoWake {
        futex.wake();
    }
}

/// As `Reader::wait`; returns the number that it has seen.
fn wait_for_another(number: &AtomicU32, futex: &Futex, given: u32, how: Sleep) -> u32 {
    loop {
        let seen = futex.word.load(Relaxed);
        if how != Sleep::NoAcquire {
            loom::sync::atomic::fence(Acquire);
        }
        let found = number.load(Relaxed);
        if found != given {
            return found;
        }
        futex.wait(seen);
    }
}

/// Readers that sleep until each next value, up to the last one that a writer announces. One that
/// is never woken is a deadlock, which loom finds.
fn sleep(readers: u32, last: u32, preemptions: Option<usize>, how: Sleep) {
    check(preemptions, move || {
        let number = Arc::new(AtomicU32::new(1));
        let futex = Arc::new(Futex::new());
        let readers: Vec<_> = (0..readers)
            .map(|_| {
                let (number, futex) = (number.clone(), futex.clone());
                thread::spawn(move || {
                    let mut given = 1;
                    while given != last {
                        let found = wait_for_another(&number, &futex, given, how);
                        assert!(found > given);
                        given = found;
                    }
                })
            })
            .collect();
        for next in 2..=last {
            publish_and_notify(&number, &futex, next, how);
        }
        for reader in readers {
            reader.join().expect("a reader");
        }
    });
}

#[test]
fn no_reader_sleeps_while_there_is_a_value_that_it_has_not_seen() {
    sleep(1, 2, None, Sleep::AsItIs);
    sleep(1, 3, Some(3), Sleep::AsItIs);
    sleep(2, 2, Some(3), Sleep::AsItIs);
}

/// A reader that sleeps until the next value, whose writer is killed between the number and the
/// word. The next writer does what `Options::open_writer` does.
fn take_over(tell: bool) {
    check(None, move || {
        let number = Arc::new(AtomicU32::new(1));
        let futex = Arc::new(Futex::new());
        let reader = thread::spawn({
            let (number, futex) = (number.clone(), futex.clone());
            move || wait_for_another(&number, &futex, 1, Sleep::AsItIs)
        });
        let killed = thread::spawn({
            let number = number.clone();
            move || number.store(2, Relaxed)
        });
        killed.join().expect("the killed writer");
        let last = number.load(Relaxed);
        if tell {
            futex.word.store(last, Release);
        }
        futex.wake();
        assert_eq!(reader.join().expect("the reader"), 2);
    });
}

#[test]
fn no_reader_sleeps_when_the_next_writer_has_taken_over() {
    take_over(true);
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_may_sleep_if_the_next_writer_does_not_change_the_word() {
    take_over(false);
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_may_sleep_if_the_word_does_not_change() {
    sleep(1, 3, Some(3), Sleep::NoWord);
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_may_sleep_if_the_word_changes_in_front_of_the_number() {
    sleep(1, 3, Some(3), Sleep::WordInFront);
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_may_sleep_if_the_word_releases_nothing() {
    sleep(1, 3, Some(3), Sleep::WordRelaxed);
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_may_sleep_if_the_word_is_not_acquired() {
    sleep(1, 3, Some(3), Sleep::NoAcquire);
}

#[test]
#[should_panic(expected = "deadlock")]
fn one_may_sleep_if_nobody_wakes() {
    sleep(1, 3, Some(3), Sleep::NoWake);
}
