//! Round trips by polling, between processes on two processors.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use rawshm::snapshot::{Reader, Writer};
use seqlock::SeqLock;

use crate::child::{Child, Shared, Switch};
use crate::group::{self, Thing, again, ours, theirs};
use crate::locks::Mutex;
use crate::sampling::{Outcome, Samples};
use crate::settings::Settings;
use crate::table::{Measured, Table};
use crate::{Unlinked, unique_name};

const SLOTS: u32 = 4;

/// A value of 32 bytes, with its number first.
type Value = [u64; 4];

/// A way to pass values to a process that polls. Each process uses one end of it.
trait Way {
    fn store(&mut self, value: &Value);
    /// The value, if it is not the last one that this returned.
    fn poll(&mut self) -> Option<Value>;
}

struct Snapshot {
    writer: Writer<Value>,
    reader: Reader<Value>,
}

impl Snapshot {
    fn new() -> Outcome<Self> {
        let name = Unlinked::new(&unique_name("polls"))?;
        let writer = Writer::create(&name.0, SLOTS, &[0; 4])?;
        let mut reader = Reader::open(&name.0)?;
        reader.try_next()?;
        Ok(Self { writer, reader })
    }
}

impl Way for Snapshot {
    fn store(&mut self, value: &Value) {
        self.writer.store(value);
    }

    fn poll(&mut self) -> Option<Value> {
        self.reader.try_next().ok().flatten()
    }
}

/// A number and the value in one cache line, for two processes that never overtake each other.
#[repr(align(64))]
struct Line {
    number: AtomicU64,
    value: [AtomicU64; 4],
}

struct Bare {
    line: Shared<Line>,
    last: u64,
}

impl Bare {
    fn new() -> Outcome<Self> {
        let zero = || AtomicU64::new(0);
        let line = Shared::new(Line {
            number: zero(),
            value: [zero(), zero(), zero(), zero()],
        })?;
        Ok(Self { line, last: 0 })
    }
}

impl Way for Bare {
    fn store(&mut self, value: &Value) {
        let line = self.line.get();
        for (cell, word) in line.value.iter().zip(value) {
            cell.store(*word, Ordering::Relaxed);
        }
        self.last += 1;
        line.number.store(self.last, Ordering::Release);
    }

    fn poll(&mut self) -> Option<Value> {
        let line = self.line.get();
        let number = line.number.load(Ordering::Acquire);
        if number == self.last {
            return None;
        }
        self.last = number;
        let [a, b, c, d] = &line.value;
        Some([a, b, c, d].map(|cell| cell.load(Ordering::Relaxed)))
    }
}

/// The crate seqlock. Its lock is in shared memory, and only one process writes.
struct Seqlock {
    lock: Shared<SeqLock<Value>>,
    last: u64,
}

impl Way for Seqlock {
    fn store(&mut self, value: &Value) {
        *self.lock.get().lock_write() = *value;
    }

    fn poll(&mut self) -> Option<Value> {
        let value = self.lock.get().read();
        (value[0] != self.last).then(|| {
            self.last = value[0];
            value
        })
    }
}

/// A lock of the C library between processes, and a value.
struct Locked {
    mutex: Mutex<4>,
    last: u64,
}

impl Way for Locked {
    fn store(&mut self, value: &Value) {
        self.mutex.locked(|shared| *shared = *value);
    }

    fn poll(&mut self) -> Option<Value> {
        let value = self.mutex.locked(|shared| *shared);
        (value[0] != self.last).then(|| {
            self.last = value[0];
            value
        })
    }
}

/// Round trips through two ways of a kind, and a child that sends back what it gets.
struct Trips {
    there: Box<dyn Way>,
    back: Box<dyn Way>,
    /// Whether the child polls.
    runs: Switch,
    number: u64,
    _child: Child,
}

impl Trips {
    const ROUNDS: u32 = 500;

    fn start(processor: usize, mut there: Box<dyn Way>, mut back: Box<dyn Way>) -> Outcome<Self> {
        let runs = Switch::new()?;
        let child = Child::repeat_on(processor, || {
            runs.wait();
            match there.poll() {
                Some(value) => back.store(&value),
                None => spin_loop(),
            }
        })?;
        Ok(Self {
            there,
            back,
            runs,
            number: 0,
            _child: child,
        })
    }

    fn trip(&mut self) -> Outcome {
        self.number += 1;
        self.there.store(&[self.number; 4]);
        loop {
            match self.back.poll() {
                Some(value) if value == [self.number; 4] => return Ok(()),
                Some(_) => return Err("another value came back".into()),
                None => spin_loop(),
            }
        }
    }

    /// The nanoseconds of a round trip.
    fn sample(&mut self) -> Outcome<f64> {
        self.runs.turn(true);
        // The child is awake after this one.
        self.trip()?;
        let begin = Instant::now();
        for _ in 0..Self::ROUNDS {
            self.trip()?;
        }
        let time = begin.elapsed().as_secs_f64() * 1e9 / f64::from(Self::ROUNDS);
        self.runs.turn(false);
        Ok(time)
    }
}

/// A way of a kind, made anew.
type New = fn() -> Outcome<Box<dyn Way>>;

const BARE: &str = "bare atomics in a cache line";

fn boxed<W: Way + 'static>(way: Outcome<W>) -> Outcome<Box<dyn Way>> {
    Ok(Box::new(way?))
}

fn seqlock() -> Outcome<Seqlock> {
    let lock = Shared::new(SeqLock::new([0; 4]))?;
    Ok(Seqlock { lock, last: 0 })
}

fn locked() -> Outcome<Locked> {
    let mutex = Mutex::new(&[0; 4])?;
    Ok(Locked { mutex, last: 0 })
}

pub fn measure(other: usize, settings: &Settings) -> Outcome<Measured> {
    let floor = "Bare atomics are the floor: they hold a value only if neither process overtakes \
                 the other";
    let ways: [(Thing, New); 5] = [
        (theirs(BARE, floor), || boxed(Bare::new())),
        (ours("a snapshot's `store` and `try_next`"), || {
            boxed(Snapshot::new())
        }),
        (theirs("the crate seqlock", ""), || boxed(seqlock())),
        (theirs("a pthread mutex", ""), || boxed(locked())),
        (again(), || boxed(Bare::new())),
    ];
    let (things, made): (Vec<Thing>, Vec<New>) = ways.into_iter().unzip();
    let mut trips = made
        .iter()
        .map(|way| Trips::start(other, way()?, way()?))
        .collect::<Outcome<Vec<_>>>()?;
    let samples = Samples::take(trips.len(), settings.lasting(3000), |which| {
        trips[which].sample()
    })?;
    let table = Table {
        id: "polls".into(),
        title: "A round trip by polling, across two processors".into(),
        about: "A value of 32 bytes to a process on another processor and back, through two of\n\
                the same kind. Both processes poll."
            .into(),
        columns: group::columns("ns", 0),
        rows: group::rows("", &things, &samples, 1.0),
        plotted: vec!["p50".into()],
    };
    let what = "round trip of 32 bytes by polling, × bare atomics";
    let budget = table.budget(what, BARE, "ours", 1.15);
    Ok(Measured::of(table, budget.into_iter().collect()))
}
