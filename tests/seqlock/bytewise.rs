//! The algorithm of a reader whose reads the kernel splits: in a simulation where every byte of a
//! stamp is read at a time of its own, beside a writer that stores at its full rate.

#[path = "../../src/snapshot/bytewise.rs"]
mod bytewise;
#[path = "../../src/snapshot/seqlock.rs"]
#[allow(dead_code, reason = "only its stamps are needed")]
mod seqlock;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;

use bytewise::Source;
use rawshm_tests::random::Random;
use seqlock::Stamp;

/// The steps of a store: its mark, its value, the end of the mark, and the header.
const STEPS: u64 = 4;

/// What a writer has stored at each time, which is a number of steps.
struct History {
    first: u64,
    slots: u64,
}

impl History {
    fn last(&self, time: u64) -> u64 {
        self.first + time / STEPS
    }

    /// The number of the value that is in a slot, if one whole value is, and its stamp.
    fn slot(&self, of: u64, time: u64) -> (u64, u64) {
        let (last, step) = (self.last(time), time % STEPS);
        let next = last + 1;
        if next.wrapping_sub(of) % self.slots == 0 && step > 0 {
            let value = if step > 1 {
                next
            } else {
                next.saturating_sub(self.slots)
            };
            let mark = u64::from(step < 3);
            return (value, 2 * next + mark);
        }
        let behind = last.wrapping_sub(of) % self.slots;
        // One before the first value has had none.
        let value = last.saturating_sub(behind);
        (value, 2 * value)
    }
}

/// Reads the history, at times that go on.
struct Reader<'a> {
    history: &'a History,
    random: RefCell<Random>,
    now: Cell<u64>,
    /// How many steps a read may take, and the time before it.
    longest: u64,
    /// Between which times the value was copied.
    copied: Cell<(u64, u64)>,
    /// Whether only one look at the slot's stamp follows the copy.
    looks_once: bool,
    looks: Cell<u32>,
}

impl Reader<'_> {
    fn random(&self, below: u64) -> u64 {
        self.random.borrow_mut().below(below)
    }

    /// The begin and the end of a read. Many end just after a carry out of the lowest byte.
    fn read(&self) -> (u64, u64) {
        let begin = self.now.get() + self.random(self.longest);
        let mut end = begin + self.random(self.longest);
        if self.random(2) == 0 {
            let carry = (self.history.last(begin) + 1).next_multiple_of(128);
            end = (carry - self.history.first) * STEPS + self.random(4 * STEPS);
            end = end.max(begin);
        }
        self.now.set(end + 1);
        (begin, end)
    }

    /// Each byte at some time of the read. Half of the reads are split by a few steps only.
    fn mixed(&self, stamp: impl Fn(u64) -> u64) -> Stamp {
        let (mut begin, end) = self.read();
        if self.random(2) == 0 {
            begin = end.saturating_sub(4 * STEPS).max(begin);
        }
        let bytes = [0; 8].map(|_: u8| begin + self.random(end - begin + 1));
        let mut index = 0;
        Stamp::from_bits(u64::from_le_bytes(bytes.map(|time| {
            let byte = stamp(time).to_le_bytes()[index];
            index += 1;
            byte
        })))
    }
}

impl Source for Reader<'_> {
    /// The number of the value, if it is whole.
    type Value = Option<u64>;
    type Error = Infallible;

    fn last(&self) -> Result<Stamp, Infallible> {
        Ok(self.mixed(|time| 2 * self.history.last(time)))
    }

    fn stamp(&self, number: u64) -> Result<Stamp, Infallible> {
        self.looks.set(self.looks.get() + 1);
        if self.looks_once && self.looks.get() == 2 {
            return Ok(Stamp::of(number));
        }
        Ok(self.mixed(|time| self.history.slot(number, time).1))
    }

    fn copy(&self, number: u64, into: &mut Option<u64>) -> Result<(), Infallible> {
        self.looks.set(0);
        let (begin, end) = self.read();
        self.copied.set((begin, end));
        let (first, _) = self.history.slot(number, begin);
        let (last, _) = self.history.slot(number, end);
        *into = (first == last).then_some(first);
        Ok(())
    }
}

/// Loads from many histories, and returns how many loads there were, and how many of these were
/// wrong.
fn loads(looks_once: bool) -> (u32, u32) {
    let mut random = Random::new(8021);
    let (mut loaded, mut wrong) = (0, 0);
    for _ in 0..20_000 {
        // It is about to carry into the second, third or fourth byte of the stamp.
        let carry = 1 << [7, 15, 23][random.index(3)];
        let slots = [2, 4, 64, 512, 65_536][random.index(5)];
        // There may be slots that have had no value.
        let first = carry * (1 + random.below(3)) + 1 - random.below(carry.min(200));
        let history = History { first, slots };
        let reader = Reader {
            history: &history,
            longest: [3, 40, 1500][random.index(3)],
            random: RefCell::new(Random::new(1 + random.below(1 << 60))),
            now: Cell::new(0),
            copied: Cell::new((0, 0)),
            looks_once,
            looks: Cell::new(0),
        };
        let mut known = Stamp::NONE;
        for _ in 0..60 {
            let mut value = None;
            let Ok((stamp, is_loaded)) = bytewise::load(&reader, known, &mut value);
            known = stamp;
            let last = history.last(reader.now.get());
            assert!(known.number() <= last, "{known:?} of {last}");
            if is_loaded {
                assert_ne!(known, Stamp::NONE);
                loaded += 1;
                wrong += u32::from(value != Some(known.number()));
            }
        }
    }
    (loaded, wrong)
}

#[test]
fn a_load_is_whole_although_every_stamp_is_read_byte_by_byte() {
    let (loaded, wrong) = loads(false);
    println!("{loaded} loads");
    assert!(loaded > 10_000, "{loaded}");
    assert_eq!(wrong, 0);
}

#[test]
fn one_look_at_the_stamp_after_the_copy_is_too_few() {
    let (_, wrong) = loads(true);
    assert!(wrong > 0);
}
