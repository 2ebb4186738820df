//! The time from a store until a process that sleeps for a new value is awake.

use std::io::Error;
use std::time::Duration;

use rawshm::snapshot::Deadline;
use rawshm::snapshot::{Reader, Writer};

use crate::child::Child;
use crate::sampling::{Outcome, Samples};
use crate::table::{Budget, Row, Table, column};
use crate::{Settings, Unlinked, unique_name};

/// The number of wakes in a sample.
const ROUNDS: u32 = 20;

/// A way to send numbers to another process, which sleeps until there is a new one.
trait Way {
    fn send(&mut self, number: u64) -> Outcome;
    fn receive(&mut self) -> Outcome<u64>;
}

struct Snapshot {
    writer: Writer<u64>,
    reader: Reader<u64>,
}

impl Way for Snapshot {
    fn send(&mut self, number: u64) -> Outcome {
        self.writer.store(&number);
        self.writer.notify()?;
        Ok(())
    }

    fn receive(&mut self) -> Outcome<u64> {
        let number = self.reader.next(Deadline::NEVER)?;
        number.ok_or("a deadline that never comes has passed".into())
    }
}

/// Descriptors that carry eight bytes: the ends of a pipe, or an eventfd twice.
struct Descriptors {
    from: i32,
    to: i32,
}

impl Way for Descriptors {
    fn send(&mut self, number: u64) -> Outcome {
        // SAFETY: the number can be read as bytes.
        let sent = unsafe { libc::write(self.to, (&raw const number).cast(), size_of::<u64>()) };
        whole(sent)
    }

    fn receive(&mut self) -> Outcome<u64> {
        let mut number = 0_u64;
        // SAFETY: the number can be overwritten with any bytes.
        let got = unsafe { libc::read(self.from, (&raw mut number).cast(), size_of::<u64>()) };
        whole(got).map(|()| number)
    }
}

fn whole(len: isize) -> Outcome {
    match usize::try_from(len) {
        Ok(len) if len == size_of::<u64>() => Ok(()),
        Ok(_) => Err("eight bytes in pieces".into()),
        Err(_) => Err(Error::last_os_error().into()),
    }
}

fn snapshot() -> Outcome<Box<dyn Way>> {
    let name = Unlinked::new(&unique_name("wakes"))?;
    let writer = Writer::create(&name.0, 2, &0)?;
    let mut reader = Reader::open(&name.0)?;
    reader.next(Deadline::NEVER)?;
    Ok(Box::new(Snapshot { writer, reader }))
}

fn pipe() -> Outcome<Box<dyn Way>> {
    let mut ends = [0; 2];
    // SAFETY: the array holds two descriptors.
    match unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } {
        0 => Ok(Box::new(Descriptors {
            from: ends[0],
            to: ends[1],
        })),
        _ => Err(Error::last_os_error().into()),
    }
}

fn eventfd() -> Outcome<Box<dyn Way>> {
    // SAFETY: it has no preconditions.
    match unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) } {
        -1 => Err(Error::last_os_error().into()),
        fd => Ok(Box::new(Descriptors { from: fd, to: fd })),
    }
}

/// Nanoseconds of a clock that all processes share.
fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is writable. This clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let [seconds, nanoseconds] =
        [time.tv_sec, time.tv_nsec].map(|part| part.try_into().unwrap_or(0_u64));
    seconds * 1_000_000_000 + nanoseconds
}

/// A process that sleeps until it receives a number, and sends back the time at which it did. It
/// runs until it is killed.
struct Sleeper {
    there: Box<dyn Way>,
    /// Always a pipe, so that the measurements differ only in `there`.
    back: Box<dyn Way>,
    last: u64,
    _child: Child,
}

impl Sleeper {
    fn start(mut there: Box<dyn Way>) -> Outcome<Self> {
        let mut back = pipe()?;
        let child = Child::start(|| while there.receive().is_ok() && back.send(now()).is_ok() {})?;
        Ok(Self {
            there,
            back,
            last: 0,
            _child: child,
        })
    }

    /// The nanoseconds from sending a number until the other process has it.
    fn wakes(&mut self) -> Outcome<f64> {
        let mut sum = 0;
        for _ in 0..ROUNDS {
            self.last += 1;
            let begin = now();
            self.there.send(self.last)?;
            sum += self.back.receive()?.saturating_sub(begin);
        }
        Ok(Duration::from_nanos(sum).as_secs_f64() * 1e9 / f64::from(ROUNDS))
    }
}

pub fn measure(settings: &Settings) -> Outcome<(Table, Vec<Budget>)> {
    let mut sleepers = [snapshot()?, pipe()?, eventfd()?, pipe()?]
        .into_iter()
        .map(Sleeper::start)
        .collect::<Outcome<Vec<_>>>()?;
    let samples = Samples::take(sleepers.len(), settings.lasting(5), |which| {
        sleepers[which].wakes()
    })?;
    let noise = samples.noise(1, 3);
    let labels = ["a snapshot's store and notify", "a pipe", "an eventfd"];
    let rows = labels.into_iter().enumerate().map(|(which, label)| Row {
        name: label.into(),
        ours: which == 0,
        figures: vec![
            Some(samples.median(which) / 1000.0),
            Some(samples.ratio(which, 1)),
        ],
    });
    let table = Table {
        id: "wakes",
        title: "Waking a process that sleeps until there is a new value".into(),
        about:
            "From before the store or the write until the other process has the value, both on\n\
                one processor."
                .into(),
        columns: vec![
            column("wake_us", "to the wake, µs", 2),
            column("wake", "× a pipe's", 2),
        ],
        rows: rows.collect(),
        plotted: vec!["wake_us"],
        noise,
    };
    let budget = |what: &str, measured| Budget {
        what: format!("store to wake of a sleeping reader, × {what}'s time"),
        measured,
        at_most: 1.0,
        noise,
        decimals: 2,
    };
    let budgets = vec![
        budget("a pipe", samples.ratio(0, 1)),
        budget("an eventfd", samples.ratio(0, 2)),
    ];
    Ok((table, budgets))
}
