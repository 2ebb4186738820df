//! Copies between threads in every execution that the memory model allows: the portable form's
//! code.
//!
//! loom knows only its own atomics, so the shared memory here consists of them, each at an address
//! of its own.

// A 32-bit target has other units. What is shown does not depend on the width of a word.
#![cfg(target_pointer_width = "64")]

#[path = "../../src/bytes/copy/portable.rs"]
#[allow(
    dead_code,
    unfulfilled_lint_expectations,
    reason = "the crate's, which uses all of it and has lints of its own"
)]
mod portable;

use std::cell::RefCell;
use std::ptr;
use std::sync::Arc;

use loom::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicUsize, fence};
use loom::thread;

use portable::{Access, In, Memory, Out, copy, copy_within};

const WORD: usize = size_of::<usize>();

/// More than one word, so that it can be torn.
type Value = [usize; 2];

const OLD: Value = [1, 2];
const NEW: Value = [3, 4];

/// The addresses of the two values in the memory.
const FIRST: usize = 4096;
const SECOND: usize = FIRST + size_of::<Value>();

thread_local! {
    /// loom runs all threads of a model on one thread of the system.
    static CELLS: RefCell<Vec<Arc<AtomicUsize>>> = const { RefCell::new(Vec::new()) };
}

/// Memory made of loom's atomics.
struct Modelled;

impl Modelled {
    fn begin() {
        let cells = OLD.iter().chain(&OLD);
        let cells = cells.map(|word| Arc::new(AtomicUsize::new(*word)));
        CELLS.replace(cells.collect());
    }

    fn cell(address: usize) -> Arc<AtomicUsize> {
        assert_eq!(address % WORD, 0);
        let place = (address - FIRST) / WORD;
        CELLS.with_borrow(|cells| cells[place].clone())
    }

    fn load(address: usize) -> Value {
        let mut value = Value::default();
        let from = ptr::without_provenance_mut(address);
        let into = value.as_mut_ptr().cast();
        // SAFETY: the address is one of loom's, the value is a local one.
        unsafe { copy::<Self, Out, Value>(from, into, size_of::<Value>()) };
        value
    }

    fn store(address: usize, mut value: Value) {
        let to = ptr::without_provenance_mut(address);
        let from = value.as_mut_ptr().cast();
        // SAFETY: the address is one of loom's, the value is a local one.
        unsafe { copy::<Self, In, Value>(to, from, size_of::<Value>()) };
    }

    fn copy(from: usize, to: usize) {
        let from = ptr::without_provenance(from);
        let to = ptr::without_provenance_mut(to);
        // SAFETY: two modelled addresses.
        unsafe { copy_within::<Self>(from, to, size_of::<Value>()) };
    }
}

impl Memory for Modelled {}

impl Access<usize> for Modelled {
    unsafe fn load(at: *const usize) -> usize {
        Self::cell(at.addr()).load(Relaxed)
    }

    unsafe fn store(at: *mut usize, unit: usize) {
        Self::cell(at.addr()).store(unit, Relaxed);
    }
}

/// There are only words: all copies here are aligned and of whole words.
macro_rules! no_access {
    ($unit:ty) => {
        impl Access<$unit> for Modelled {
            unsafe fn load(_: *const $unit) -> $unit {
                unreachable!("a part of a word")
            }

            unsafe fn store(_: *mut $unit, _: $unit) {
                unreachable!("a part of a word")
            }
        }
    };
}

no_access!(u8);
no_access!(u16);
no_access!(u32);

/// A copy in, published by a store; a load, and a copy out.
fn publish(release: Ordering, acquire: Ordering) {
    loom::model(move || {
        Modelled::begin();
        let ready = Arc::new(AtomicUsize::new(0));
        let writer = thread::spawn({
            let ready = ready.clone();
            move || {
                Modelled::store(FIRST, NEW);
                ready.store(1, release);
            }
        });
        if ready.load(acquire) == 1 {
            assert_eq!(Modelled::load(FIRST), NEW);
        }
        writer.join().expect("the writer");
    });
}

#[test]
#[cfg_attr(miri, ignore = "loom switches stacks")]
fn what_is_copied_in_and_released_is_copied_out_whole_after_an_acquire() {
    publish(Release, Acquire);
}

#[test]
#[cfg_attr(miri, ignore = "loom switches stacks")]
#[should_panic(expected = "left == right")]
fn it_need_not_be_without_the_release() {
    publish(Relaxed, Acquire);
}

#[test]
#[cfg_attr(miri, ignore = "loom switches stacks")]
#[should_panic(expected = "left == right")]
fn it_need_not_be_without_the_acquire() {
    publish(Release, Relaxed);
}

#[test]
#[cfg_attr(miri, ignore = "loom switches stacks")]
fn what_is_copied_between_and_released_is_copied_out_whole_after_an_acquire() {
    loom::model(|| {
        Modelled::begin();
        let turn = Arc::new(AtomicUsize::new(0));
        let writer = thread::spawn({
            let turn = turn.clone();
            move || {
                Modelled::store(FIRST, NEW);
                turn.store(1, Release);
            }
        });
        let carrier = thread::spawn({
            let turn = turn.clone();
            move || {
                if turn.load(Acquire) == 1 {
                    Modelled::copy(FIRST, SECOND);
                    turn.store(2, Release);
                }
            }
        });
        if turn.load(Acquire) == 2 {
            assert_eq!(Modelled::load(SECOND), NEW);
        }
        writer.join().expect("the writer");
        carrier.join().expect("the carrier");
    });
}

/// A value with a sequence number, which is odd while the value is written.
fn sequence(write: Option<Ordering>, read: Option<Ordering>) {
    loom::model(move || {
        Modelled::begin();
        let number = Arc::new(AtomicUsize::new(0));
        let writer = thread::spawn({
            let number = number.clone();
            move || {
                number.store(1, Relaxed);
                write.inspect(|order| fence(*order));
                Modelled::store(FIRST, NEW);
                number.store(2, Release);
            }
        });
        let before = number.load(Acquire);
        let value = Modelled::load(FIRST);
        read.inspect(|order| fence(*order));
        if before % 2 == 0 && number.load(Relaxed) == before {
            assert_eq!(value, if before == 0 { OLD } else { NEW });
        }
        writer.join().expect("the writer");
    });
}

#[test]
#[cfg_attr(miri, ignore = "loom switches stacks")]
fn a_sequence_number_detects_a_torn_value() {
    sequence(Some(Release), Some(Acquire));
}

#[test]
#[cfg_attr(miri, ignore = "loom switches stacks")]
#[should_panic(expected = "left == right")]
fn it_does_not_without_the_writers_fence() {
    sequence(None, Some(Acquire));
}

#[test]
#[cfg_attr(miri, ignore = "loom switches stacks")]
#[should_panic(expected = "left == right")]
fn it_does_not_without_the_readers_fence() {
    sequence(Some(Release), None);
}
