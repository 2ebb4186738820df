//! Memory for the algorithm of snapshots, made of the atomics of the file that includes this one:
//! std's, loom's or shuttle's.
//!
//! That file has a `mod seqlock`, the crate's own algorithm, and a `mod sync` with `AtomicU64`,
//! `Ordering` and `fence`.

#![allow(dead_code, reason = "not every file that includes this has all models")]

use std::cell::Cell;

use super::seqlock::{self, Look, Source, Stamp, Target};
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
    NoMark,
    NoReleaseAfterTheMark,
    NoReleaseAfterTheCopy,
    PublishesRelaxed,
    /// The header has the number before the slot has the value.
    PublishesFirst,
    NoAcquireAfterTheNumber,
    NoAcquireBeforeTheCopy,
    NoAcquireAfterTheCopy,
    /// A reader accepts a later value than that of the header without asking the header again.
    AcceptsUnpublished,
    /// A load forgets what `next` has returned.
    Forgets,
    /// The next writer does not look at the slot after the last one.
    DoesNotAdopt,
    /// A stamp that is read in halves is not checked.
    HalvesUnchecked,
    /// What is loaded after a look whether the snapshot is retired may be older.
    EndNotAcquired,
    /// The upper half of a stamp is not compared.
    UpperHalfIgnored,
}

struct Slot {
    stamp: AtomicU64,
    value: [AtomicU64; 2],
}

pub struct Memory {
    pub last: AtomicU64,
    slots: Vec<Slot>,
    /// As on a target that cannot read 64 bits at once.
    in_halves: bool,
    pub mutation: Mutation,
}

impl Memory {
    /// Memory that begins with the value of this number.
    pub fn new(slots: u64, first: u64, mutation: Mutation) -> Self {
        let born = |slot| {
            let is_first = slot == first % slots;
            Slot {
                stamp: AtomicU64::new(if is_first { Stamp::of(first).bits() } else { 0 }),
                value: if is_first { value(first) } else { [0; 2] }.map(AtomicU64::new),
            }
        };
        Self {
            last: AtomicU64::new(Stamp::of(first).bits()),
            slots: (0..slots).map(born).collect(),
            in_halves: false,
            mutation,
        }
    }

    pub fn in_halves(self) -> Self {
        Self {
            in_halves: true,
            ..self
        }
    }

    fn slot(&self, number: u64) -> &Slot {
        let slot = number % self.slots.len() as u64;
        &self.slots[usize::try_from(slot).expect("few slots")]
    }

    /// Loads a stamp, as a reader does.
    fn stamp(&self, cell: &AtomicU64) -> Option<Stamp> {
        if !self.in_halves {
            return Some(Stamp::from_bits(cell.load(Relaxed)));
        }
        // The writer changes both halves at once: one atomic has both, and a load sees only one.
        let half = |shift: u32| {
            let value = cell.load(Relaxed);
            fence(Acquire);
            value >> shift & 0xffff_ffff
        };
        let (before, lower, after) = (half(32), half(0), half(32));
        if self.mutation == Mutation::UpperHalfIgnored {
            return Some(Stamp::from_bits(lower));
        }
        let same = before == after || self.mutation == Mutation::HalvesUnchecked;
        same.then_some(Stamp::from_bits(before << 32 | lower))
    }

    /// The number in the header, as a reader sees it.
    pub fn number(&self) -> Option<u64> {
        Some(self.stamp(&self.last)?.number())
    }

    /// The number from which a writer continues that takes over.
    pub fn adopt(&self) -> u64 {
        let view = ReaderView::new(self);
        if self.mutation == Mutation::DoesNotAdopt {
            return view.last().expect("no writer").number();
        }
        let last = seqlock::adopt(&view).expect("no writer");
        WriterView::new(self, u32::MAX).publish(last);
        last.number()
    }

    /// Stores the value that follows.
    pub fn store(&self, last: u64) -> u64 {
        self.store_value(last, &value(last + 1), u32::MAX)
    }

    /// Begins to store the value that follows, and stops before step number `steps`.
    pub fn store_and_stop(&self, last: u64, steps: u32) -> u64 {
        self.store_value(last, &value(last + 1), steps)
    }

    pub fn store_value(&self, last: u64, value: &Value, steps: u32) -> u64 {
        let view = WriterView::new(self, steps);
        if self.mutation == Mutation::PublishesFirst {
            view.publish(Stamp::of(last).next());
        }
        seqlock::store(&view, Stamp::of(last), value).number()
    }

    /// Records that no value follows.
    pub fn retire(&self, last: u64) {
        WriterView::new(self, u32::MAX).publish(Stamp::of(last).marked());
    }
}

/// The steps of a store that `store_and_stop` counts: the mark, two words, the stamp and the
/// number.
pub const STEPS: u32 = 5;
/// After this number of them, readers may see the value.
pub const STEPS_TO_THE_VALUE: u32 = 4;

/// As `Reader`.
pub struct Reader<'a> {
    memory: &'a Memory,
    returned: Stamp,
}

impl<'a> Reader<'a> {
    pub fn new(memory: &'a Memory) -> Self {
        Self {
            memory,
            returned: Stamp::NONE,
        }
    }

    /// Loads a value, and its number.
    pub fn load_any(&self) -> Option<(u64, Value)> {
        let view = ReaderView::new(self.memory);
        let mut loaded = [0; 2];
        let at_least = if self.memory.mutation == Mutation::Forgets {
            Stamp::NONE
        } else {
            self.returned
        };
        let stamp = seqlock::load(&view, at_least, &mut loaded)
            .or_else(|| seqlock::load_again(&view.anew(), at_least, &mut loaded))?;
        Some((stamp.number(), loaded))
    }

    /// Loads a value, and checks it.
    pub fn load(&self) -> Option<u64> {
        let (number, loaded) = self.load_any()?;
        assert_eq!(loaded, value(number), "whole, and the one of its number");
        Some(number)
    }

    /// Returns a value that it has not returned before, and its number.
    pub fn try_next_any(&mut self) -> Option<(u64, Value)> {
        let view = ReaderView::new(self.memory);
        if seqlock::has_newer(&view, self.returned) != Some(true) {
            return None;
        }
        let view = ReaderView::new(self.memory);
        let mut loaded = [0; 2];
        let next = self.returned.next();
        let stamp = seqlock::load_next(&view, self.returned, &mut loaded)
            .or_else(|| seqlock::load_again(&view.anew(), next, &mut loaded))?;
        assert!(stamp > self.returned, "a value that it has not returned");
        self.returned = stamp;
        Some((stamp.number(), loaded))
    }

    /// Returns a value that it has not returned before, and checks it.
    pub fn try_next(&mut self) -> Option<u64> {
        let (number, loaded) = self.try_next_any()?;
        assert_eq!(loaded, value(number), "whole, and the one of its number");
        Some(number)
    }

    /// Looks for a value after the last one that `try_next` has returned.
    pub fn look(&self) -> Look {
        let view = ReaderView::new(self.memory);
        let has_newer = || seqlock::has_newer(&view, self.returned);
        seqlock::look(&view, has_newer)
    }

    /// As `Reader::is_retired`.
    pub fn is_retired(&self) -> bool {
        let view = ReaderView::new(self.memory);
        let is_retired = view.last().is_some_and(Stamp::is_marked);
        if self.memory.mutation != Mutation::EndNotAcquired {
            view.acquire();
        }
        is_retired
    }
}

/// What one load does.
struct ReaderView<'a> {
    memory: &'a Memory,
    numbers: Cell<u32>,
    acquired_the_number: Cell<bool>,
    copied: Cell<bool>,
}

impl<'a> ReaderView<'a> {
    fn new(memory: &'a Memory) -> Self {
        Self {
            memory,
            numbers: Cell::new(0),
            acquired_the_number: Cell::new(true),
            copied: Cell::new(false),
        }
    }

    /// For another attempt.
    fn anew(&self) -> Self {
        Self::new(self.memory)
    }
}

impl Source for ReaderView<'_> {
    type Value = Value;

    fn last(&self) -> Option<Stamp> {
        self.acquired_the_number.set(false);
        let last = self.memory.stamp(&self.memory.last);
        let again = self.numbers.replace(self.numbers.get() + 1) > 0 || self.copied.get();
        if again && self.memory.mutation == Mutation::AcceptsUnpublished {
            return Some(Stamp::from_bits(u64::MAX));
        }
        last
    }

    fn stamp(&self, number: u64) -> Option<Stamp> {
        self.memory.stamp(&self.memory.slot(number).stamp)
    }

    fn copy(&self, number: u64, into: &mut Value) {
        let [one, two] = &self.memory.slot(number).value;
        *into = [one.load(Relaxed), two.load(Relaxed)];
        self.copied.set(true);
    }

    fn acquire(&self) {
        let skipped = if !self.acquired_the_number.replace(true) {
            Mutation::NoAcquireAfterTheNumber
        } else if self.copied.get() {
            Mutation::NoAcquireAfterTheCopy
        } else {
            Mutation::NoAcquireBeforeTheCopy
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
    copied: Cell<bool>,
}

impl<'a> WriterView<'a> {
    fn new(memory: &'a Memory, steps: u32) -> Self {
        Self {
            memory,
            left: Cell::new(steps),
            copied: Cell::new(false),
        }
    }

    fn lives(&self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }
}

impl Target for WriterView<'_> {
    type Value = Value;

    fn set_stamp(&self, stamp: Stamp) {
        let skipped = stamp.is_marked() && self.memory.mutation == Mutation::NoMark;
        if self.lives() && !skipped {
            let cell = &self.memory.slot(stamp.number()).stamp;
            cell.store(stamp.bits(), Relaxed);
        }
    }

    fn copy(&self, number: u64, value: &Value) {
        for (cell, word) in self.memory.slot(number).value.iter().zip(value) {
            if self.lives() {
                cell.store(*word, Relaxed);
            }
        }
        self.copied.set(true);
    }

    fn publish(&self, stamp: Stamp) {
        let order = if self.memory.mutation == Mutation::PublishesRelaxed {
            Relaxed
        } else {
            Release
        };
        if self.lives() {
            self.memory.last.store(stamp.bits(), order);
        }
    }

    fn release(&self) {
        let skipped = if self.copied.get() {
            Mutation::NoReleaseAfterTheCopy
        } else {
            Mutation::NoReleaseAfterTheMark
        };
        if self.memory.mutation != skipped {
            fence(Release);
        }
    }
}
