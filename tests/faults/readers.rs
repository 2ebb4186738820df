//! Readers that are there while an operation runs, and are told the truth about its outcome.

use std::thread::{self, JoinHandle};

use rawshm::snapshot::{self, Deadline, Reader, Writer};
use rawshm_tests::UniqueName;
use rawshm_tests::until;
use rawshm_tests::watchdog::WATCHDOG;

/// A reader that is not told the truth ends before the watchdog does, so that the cell is known.
fn soon_enough() -> Deadline {
    Deadline::after(WATCHDOG / 2).expect("a clock")
}

/// What a reader has slept for.
type Slept = Result<Option<u64>, snapshot::Error>;

/// Readers of the snapshot, if it is one, and of the one that is to come.
pub struct Readers {
    pub attached: Option<Reader<u64>>,
    /// Sleeps until the next value.
    asleep: Option<JoinHandle<Slept>>,
    /// Waits for the name.
    waiting: Option<JoinHandle<Option<u64>>>,
}

impl Readers {
    pub fn new(name: &UniqueName, sleeps: bool, waits: bool) -> Self {
        let attached = Reader::<u64>::open(name).ok();
        let asleep = sleeps.then(|| {
            let mut reader = Reader::<u64>::open(name).expect("opened");
            reader.next(soon_enough()).expect("a value");
            thread::spawn(move || reader.next(soon_enough()))
        });
        let waiting = waits.then(|| {
            let name = **name;
            thread::spawn(move || {
                let found = Reader::<u64>::wait_for(&name, soon_enough());
                let mut reader = found.expect("a snapshot")?;
                reader.next(soon_enough()).expect("a value")
            })
        });
        Self {
            attached,
            asleep,
            waiting,
        }
    }

    /// Whether the attached one is told that no value follows.
    pub fn are_told(&self) -> bool {
        self.attached.as_ref().is_some_and(Reader::is_retired)
    }

    /// Whether or not that is of the end.
    pub fn learn_what_they_are_told(self, name: &UniqueName) {
        if self.waiting.is_some() {
            drop(Writer::open_or_create(name, 2, &0_u64).expect("the next writer"));
        }
        let end = self.are_told();
        self.learn_of(end, name);
    }

    /// Checks that they are told of the end, or not; in the end they are.
    pub fn learn_of(self, end: bool, name: &UniqueName) {
        assert_eq!(self.are_told(), end, "readers are told of the end");
        if !end && self.asleep.is_some() {
            Writer::<u64>::open(name).expect("no writer").retire();
        }
        self.end();
    }

    /// Checks that the one that sleeps wakes up at the end, which has come; and that the one that
    /// waits finds the name, which there is or has been.
    pub fn end(self) {
        if let Some(asleep) = self.asleep {
            until("the sleeping reader", || asleep.is_finished());
            let slept = asleep.join().expect("a reader");
            assert_eq!(slept, Err(snapshot::Error::Retired));
        }
        if let Some(waiting) = self.waiting {
            until("the waiting reader", || waiting.is_finished());
            let found = waiting.join().expect("a reader");
            found.expect("it finds the name");
        }
    }

    /// Whether the one that waits has found anything.
    pub fn has_waited(&self) -> bool {
        self.waiting.as_ref().is_some_and(JoinHandle::is_finished)
    }
}
