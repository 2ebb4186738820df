//! The time from a store until processes that sleep for a new value are awake.

use std::time::Duration;

use crate::child::{Child, processor, processors, stay_on};
use crate::fans::{
    Fan, Receive, Send, datagrams, eventfds, futex, pipes, semaphores, snapshot, streams,
};
use crate::group::{self, Thing, again, ours, theirs};
use crate::sampling::{Outcome, Samples};
use crate::settings::Settings;
use crate::table::{Measured, Table};

type New = fn(usize) -> Outcome<Fan>;

const PIPE: &str = "a pipe";
const EVENTFD: &str = "an eventfd";

const OF_SEVERAL: &str = "Not explained as a whole. One call wakes all that sleep on a word, and \
    where each has a descriptor or a semaphore of its own, the first may run before the last is \
    woken";

/// The number of wakes in a sample, if no process sleeps in between.
const ROUNDS: u32 = 20;
const READERS: [usize; 4] = [1, 2, 4, 8];

/// What a process sends instead of a time.
const FAILED: u64 = u64::MAX;

/// Time for readers to fall asleep again.
const PAUSE: Duration = Duration::from_micros(100);

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

/// Processes that sleep until they receive a number, and send back the time at which they did. They
/// run until they are killed.
struct Sleepers {
    there: Send,
    /// Always a pipe, so that the measurements differ only in `there`.
    back: Receive,
    last: u64,
    children: Vec<Child>,
}

impl Sleepers {
    /// One more process for each way to receive: all on this processor, or on the processors in
    /// turn, from the next one on.
    fn start(fan: Fan, spread: bool) -> Outcome<Self> {
        let Fan { send, receive } = fan;
        let mut ends = pipes(1)?;
        let (here, processors) = (processor()?, processors()?);
        let mut children = Vec::new();
        for (place, mut receive) in receive.into_iter().enumerate() {
            children.push(Child::start(|| {
                if spread {
                    let _ = stay_on((here + 1 + place) % processors);
                }
                let failed = loop {
                    match receive() {
                        Ok(_) => drop((ends.send)(now())),
                        Err(error) => break error,
                    }
                };
                eprintln!("a process that sleeps: {failed}");
                let _ = (ends.send)(FAILED);
            })?);
        }
        let back = ends.receive.pop().ok_or("a pipe without an end")?;
        Ok(Self {
            there: send,
            back,
            last: 0,
            children,
        })
    }

    /// Those of each way. All have been woken once, since what is sent first takes longer.
    fn of(ways: &[New], readers: usize, spread: bool) -> Outcome<Vec<Self>> {
        let sleepers = ways.iter().map(|new| Self::start(new(readers)?, spread));
        let mut sleepers = sleepers.collect::<Outcome<Vec<_>>>()?;
        for one in &mut sleepers {
            one.wake()?;
        }
        Ok(sleepers)
    }

    /// The nanoseconds from sending a number until the last process has it.
    fn wake(&mut self) -> Outcome<u64> {
        self.last += 1;
        let begin = now();
        (self.there)(self.last)?;
        let mut end = begin;
        for _ in &self.children {
            match (self.back)()? {
                FAILED => return Err("a process that sleeps has failed".into()),
                time => end = end.max(time),
            }
        }
        Ok(end - begin)
    }

    /// The nanoseconds of one of several wakes.
    fn wakes(&mut self, rounds: u32, pause: Option<Duration>) -> Outcome<f64> {
        let mut sum = 0;
        for _ in 0..rounds {
            if let Some(pause) = pause {
                std::thread::sleep(pause);
            }
            sum += self.wake()?;
        }
        Ok(Duration::from_nanos(sum).as_secs_f64() * 1e9 / f64::from(rounds))
    }
}

fn ways(settings: &Settings) -> Vec<(Thing, New)> {
    let alone = "A futex alone has no value, no sequence number and no check";
    let event = "The kernel finds the sleepers of an eventfd through its descriptor, and those of \
                 a word in shared memory through the page that it is in";
    let carries = "A number through the kernel needs no store and no load in shared memory";
    let one = "Its word needs no sequence number and no check of the value. That it is faster than \
               a futex alone is not explained";
    let peers = settings.peers.iter();
    let peers = peers.map(|peer| {
        (
            theirs(&format!("{}'s events", peer.name), peer.why[2]),
            peer.fan,
        )
    });
    let mut ways: Vec<(Thing, New)> = vec![
        (theirs(PIPE, carries), pipes),
        (ours("a snapshot's store and notify"), snapshot),
        (theirs("a futex, nothing else", alone), futex),
        (theirs(EVENTFD, event), eventfds),
        (theirs("a POSIX semaphore", one), semaphores),
        (theirs("a Unix socket, stream", carries), streams),
        (theirs("a Unix socket, datagram", carries), datagrams),
    ];
    ways.extend(peers);
    ways.push((again(), pipes));
    ways
}

pub fn measure(id: &str, settings: &Settings) -> Outcome<Measured> {
    let (things, made): (Vec<Thing>, Vec<New>) = ways(settings).into_iter().unzip();
    let mut sleepers = Sleepers::of(&made, 1, false)?;
    let samples = Samples::take(sleepers.len(), settings.lasting(4000), |which| {
        sleepers[which].wakes(ROUNDS, None)
    })?;
    let table = Table {
        id: id.into(),
        title: "Waking a process that sleeps until there is a new value".into(),
        about: "From before the store, or what is sent, until the other process has the value,\n\
                both on one processor."
            .into(),
        columns: group::columns("µs", 2),
        rows: group::rows("", &things, &samples, 1000.0),
        plotted: vec!["p50".into()],
    };
    let budget = |to: &str| {
        let what = format!("store to wake of a sleeping reader, × the time of {to}");
        table.budget(&what, to, "ours", 1.0)
    };
    let budgets = [budget(PIPE), budget(EVENTFD)].into_iter().flatten();
    let budgets = budgets.collect();
    Ok(Measured::of(table, budgets))
}

/// One store that wakes several.
pub fn fan_out(id: &str, settings: &Settings) -> Outcome<Measured> {
    let mut rows = Vec::new();
    for readers in READERS {
        let ways = ways(settings).into_iter();
        let ways = ways.filter(|(thing, _)| !thing.name.contains("socket"));
        let (mut things, made): (Vec<Thing>, Vec<New>) = ways.unzip();
        for thing in &mut things {
            thing.why = OF_SEVERAL;
        }
        let mut sleepers = Sleepers::of(&made, readers, true)?;
        let samples = Samples::take(sleepers.len(), settings.lasting(1500), |which| {
            sleepers[which].wakes(2, Some(PAUSE))
        })?;
        let begin = format!("{readers}: ");
        rows.extend(group::rows(&begin, &things, &samples, 1000.0));
    }
    let table = Table {
        id: id.into(),
        title: "One store to sleeping readers, until the last has it, by their number".into(),
        about:
            "Each reader is a process. They are on all processors in turn, the first not on the\n\
             writer's, and have been asleep for 0.1 ms. A store and one call wake all readers of\n\
             a snapshot. Of what a descriptor or a semaphore wakes, each reader has its own."
                .into(),
        columns: group::columns("µs", 1),
        rows,
        plotted: vec!["p50".into()],
    };
    Ok(Measured {
        tables: vec![table],
        ..Measured::default()
    })
}
