//! Memory for the algorithm of snapshots, made of the atomics of the file that includes this one:
//! std's, loom's or shuttle's.
//!
//! That file has a `mod seqlock`, the crate's own algorithm, and a `mod sync` with `AtomicU64`,
//! `Ordering` and `fence`.

use std::cell::Cell;

use super::seqlock::{self, Source, Target};
use super::sync::Ordering::{Acquire, Relaxed, Release};
use super::sync::{AtomicU64, fence};

/// More than one word, so that it can be torn.
pub type Value = [u64; 2];

/// The only value that belongs to a number.
pub const fn value(number: u64) -> Value {
    [number, !number]
}

/// How a step differs from the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    None,
    NoReleaseBeforeTheCopy,
    NoReleaseAfterTheCopy,
    NoAcquireBeforeTheCopy,
    NoAcquireAfterTheCopy,
    /// A copy is accepted even if the writer has just reached its slot again.
    OneMoreAccepted,
    /// The writer writes the slot of the current value, not the next one.
    WritesTheCurrentSlot,
    /// A number that is read in halves is not checked.
    HalvesUnchecked,
}

pub struct Memory {
    sequence: AtomicU64,
    slots: Vec<[AtomicU64; 2]>,
    /// As on a target that cannot read 64 bits at once.
    in_halves: bool,
    mutation: Mutation,
}

impl Memory {
    /// Memory that begins with the value of this number.
    pub fn new(slots: u64, first: u64, mutation: Mutation) -> Self {
        let born = |slot| {
            let value = if slot == first % slots {
                value(first)
            } else {
                [0; 2]
            };
            value.map(AtomicU64::new)
        };
        Self {
            sequence: AtomicU64::new(first),
            slots: (0..slots).map(born).collect(),
            in_halves: false,
            mutation,
        }
    }

    #[allow(
        dead_code,
        reason = "not every file that includes this has such models"
    )]
    pub fn in_halves(self) -> Self {
        Self {
            in_halves: true,
            ..self
        }
    }

    pub fn mask(&self) -> u64 {
        self.slots.len() as u64 - 1
    }

    fn slot(&self, slot: u64) -> &[AtomicU64; 2] {
        &self.slots[usize::try_from(slot & self.mask()).expect("few slots")]
    }

    fn reader(&self) -> ReaderView<'_> {
        ReaderView {
            memory: self,
            numbers: Cell::new(0),
            first: Cell::new(0),
            acquired: Cell::new(0),
        }
    }

    /// The number of the last value, as a reader sees it.
    #[allow(
        dead_code,
        reason = "not every file that includes this has such models"
    )]
    pub fn number(&self) -> Option<u64> {
        self.reader().number()
    }

    /// Loads a value, and checks it.
    pub fn load(&self) -> Option<u64> {
        let view = self.reader();
        let more = u64::from(self.mutation == Mutation::OneMoreAccepted);
        // The mask is the bound as well: the view finds its slot by itself.
        let mut loaded = [0; 2];
        let number = seqlock::load(&view, self.mask() + more, &mut loaded)?;
        assert_eq!(loaded, value(number), "whole, and the one of its number");
        Some(number)
    }

    /// The number from which a writer continues that takes over.
    pub fn last(&self) -> u64 {
        self.sequence.load(Relaxed)
    }

    /// Stores the value that follows.
    pub fn store(&self, last: u64) -> u64 {
        self.store_and_stop(last, u32::MAX)
    }

    /// Begins to store the value that follows, and stops before step number `steps`.
    pub fn store_and_stop(&self, last: u64, steps: u32) -> u64 {
        let view = WriterView {
            memory: self,
            left: Cell::new(steps),
            released: Cell::new(0),
        };
        seqlock::store(&view, self.mask(), last, &value(last + 1))
    }
}

/// What one load does.
struct ReaderView<'a> {
    memory: &'a Memory,
    numbers: Cell<u32>,
    first: Cell<u64>,
    acquired: Cell<u32>,
}

impl ReaderView<'_> {
    fn number(&self) -> Option<u64> {
        let sequence = &self.memory.sequence;
        if !self.memory.in_halves {
            return Some(sequence.load(Relaxed));
        }
        // The writer changes both halves at once: one atomic has both, and a load sees only one.
        let half = |shift: u32| {
            let value = sequence.load(Relaxed);
            fence(Acquire);
            value >> shift & 0xffff_ffff
        };
        let (before, lower, after) = (half(32), half(0), half(32));
        let same = before == after || self.memory.mutation == Mutation::HalvesUnchecked;
        same.then_some(before << 32 | lower)
    }
}

impl Source for ReaderView<'_> {
    type Value = Value;

    fn sequence(&self) -> Option<u64> {
        let number = self.number()?;
        if self.numbers.replace(self.numbers.get() + 1) == 0 {
            self.first.set(number);
        }
        Some(number)
    }

    fn copy(&self, slot: u64, into: &mut Value) {
        let memory = self.memory;
        let place = if memory.mutation == Mutation::OneMoreAccepted {
            self.first.get()
        } else {
            slot
        };
        let [one, two] = memory.slot(place);
        *into = [one.load(Relaxed), two.load(Relaxed)];
    }

    fn acquire(&self) {
        let skipped = match self.acquired.replace(self.acquired.get() + 1) {
            0 => Mutation::NoAcquireBeforeTheCopy,
            _ => Mutation::NoAcquireAfterTheCopy,
        };
        if self.memory.mutation != skipped {
            fence(Acquire);
        }
    }
}

/// What one store does, as far as it gets.
struct WriterView<'a> {
    memory: &'a Memory,
    left: Cell<u32>,
    released: Cell<u32>,
}

impl WriterView<'_> {
    fn lives(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }
}

impl Target for WriterView<'_> {
    type Value = Value;

    fn copy(&self, slot: u64, value: &Value) {
        let memory = self.memory;
        let back = u64::from(memory.mutation == Mutation::WritesTheCurrentSlot);
        for (cell, word) in memory.slot(slot.wrapping_sub(back)).iter().zip(value) {
            if self.lives() {
                cell.store(*word, Relaxed);
            }
        }
    }

    fn publish(&self, sequence: u64) {
        if self.lives() {
            self.memory.sequence.store(sequence, Relaxed);
        }
    }

    fn release(&self) {
        let skipped = match self.released.replace(self.released.get() + 1) {
            0 => Mutation::NoReleaseBeforeTheCopy,
            _ => Mutation::NoReleaseAfterTheCopy,
        };
        if self.memory.mutation != skipped {
            fence(Release);
        }
    }
}
