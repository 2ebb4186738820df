//! Loads beside a writer on another processor, which stores as fast as it can, or at a pace.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cells::{Batches, Cells, MmapSync, New, Seqlock, Snapshot};
use crate::child::{Child, Shared, Switch};
use crate::group::{Thing, again, noise, ours, theirs};
use crate::locks::{Mutex, ReadWriteLock};
use crate::sampling::{Outcome, Samples, quantile};
use crate::settings::Settings;
use crate::table::{Measured, Row, Table, column, exact, verdict};
use crate::values::{SEQLOCK, SEQLOCK_WHY, size_of_words};

/// How often the writer stores.
#[derive(Clone, Copy)]
struct Pace {
    name: &'static str,
    /// None: as often as it can.
    every: Option<Duration>,
}

const FULL: Pace = Pace {
    name: "full rate",
    every: None,
};
const OFTEN: Pace = Pace {
    name: "100,000 a second",
    every: Some(Duration::from_micros(10)),
};
const SELDOM: Pace = Pace {
    name: "1,000 a second",
    every: Some(Duration::from_millis(1)),
};

/// Loads of a value that a child stores.
struct Beside<const N: usize> {
    cell: Box<dyn Batches<N>>,
    into: Box<[u64; N]>,
    /// Whether the child stores.
    runs: Switch,
    /// How often it has.
    count: Shared<AtomicU64>,
    overruns: u64,
    /// Nanoseconds of single loads.
    single: Vec<f64>,
    /// Stores a second, of each sample.
    stores: Vec<f64>,
    _child: Child,
}

impl<const N: usize> Beside<N> {
    const SINGLE: u32 = 300;
    const LASTING: Duration = Duration::from_millis(4);

    fn start(processor: usize, mut cell: Box<dyn Batches<N>>, pace: Pace) -> Outcome<Self> {
        let (runs, count) = (Switch::new()?, Shared::new(AtomicU64::new(0))?);
        let mut value = Box::new([1; N]);
        let mut next = Instant::now();
        let child = Child::repeat_on(processor, || {
            runs.wait();
            value[0] += 1;
            let stores = match pace.every {
                None => 16,
                Some(every) => {
                    // One that was asleep begins anew.
                    next = (next + every).max(Instant::now());
                    while Instant::now() < next {
                        std::hint::spin_loop();
                    }
                    1
                }
            };
            cell.stores(stores, &value);
            count.get().fetch_add(stores.into(), Ordering::Relaxed);
        })?;
        Ok(Self {
            cell,
            into: Box::new([0; N]),
            runs,
            count,
            overruns: 0,
            single: Vec::new(),
            stores: Vec::new(),
            _child: child,
        })
    }

    /// The nanoseconds of a load.
    fn sample(&mut self) -> f64 {
        let count = self.count.get();
        self.runs.turn(true);
        std::thread::sleep(Duration::from_millis(1));
        let (begin, before) = (Instant::now(), count.load(Ordering::Relaxed));
        let mut loads = 0;
        while begin.elapsed() < Self::LASTING {
            self.overruns += self.cell.loads(64, &mut self.into);
            loads += 64;
        }
        let lasted = begin.elapsed().as_secs_f64();
        let stores = exact(count.load(Ordering::Relaxed) - before);
        self.stores.push(stores / lasted);
        for _ in 0..Self::SINGLE {
            let begin = Instant::now();
            self.overruns += self.cell.loads(1, &mut self.into);
            self.single.push(begin.elapsed().as_secs_f64() * 1e9);
        }
        self.runs.turn(false);
        lasted * 1e9 / f64::from(loads)
    }
}

fn rows<const N: usize>(
    processor: usize,
    settings: &Settings,
    pace: Pace,
    cells: fn(&Cells) -> New<N>,
) -> Outcome<Vec<Row>> {
    let one_slot = "Its writer stores a third as often beside a reader, and so the reader finds \
                    more values in its own cache";
    let seqlock = match pace.every {
        None => one_slot,
        Some(_) => SEQLOCK_WHY,
    };
    let mut ways: Vec<(Thing, New<N>)> = vec![
        (ours("a snapshot"), Snapshot::boxed),
        (
            theirs("mmap-sync", "Its writer stores seldom: see its stores"),
            MmapSync::boxed,
        ),
        (theirs(SEQLOCK, seqlock), Seqlock::boxed),
        (
            theirs(
                "a pthread mutex",
                "The process that has the mutex and its lines makes many loads or stores in a row",
            ),
            Mutex::boxed,
        ),
        (
            theirs("a pthread rwlock", "Readers keep its writer out"),
            ReadWriteLock::boxed,
        ),
    ];
    for peer in settings.peers {
        ways.insert(1, (theirs(peer.name, peer.why[0]), cells(&peer.cells)));
    }
    ways.push((again(), Snapshot::boxed));
    let (things, made): (Vec<Thing>, Vec<New<N>>) = ways.into_iter().unzip();
    let cases = made
        .iter()
        .map(|new| Beside::start(processor, new(&[1; N])?, pace));
    let mut cases = cases.collect::<Outcome<Vec<_>>>()?;
    let samples = Samples::take(cases.len(), settings.lasting(800), |which| {
        Ok(cases[which].sample())
    })?;
    let numbered = things.iter().zip(&cases).enumerate();
    let numbered = numbered.filter(|(_, (thing, _))| !thing.again);
    let row = |(which, (thing, case)): (usize, (&Thing, &Beside<N>))| {
        let figures = vec![
            Some(samples.median(which)),
            Some(quantile(case.single.clone(), 0.99)),
            Some(samples.spread(which)),
            Some(quantile(case.stores.clone(), 0.5) / 1000.0),
            Some(exact(case.overruns)),
            (!thing.ours).then(|| samples.ratio(0, which)),
        ];
        let name = format!("{}, {}: {}", pace.name, size_of_words(N), thing.name);
        Row::new(&name, thing.ours, figures, noise(&things, &samples)).because(thing.why)
    };
    Ok(numbered.map(row).collect())
}

pub fn measure(other: usize, settings: &Settings) -> Outcome<Measured> {
    let rows = [
        rows::<3>(other, settings, FULL, |cells| cells.words_3)?,
        rows::<32>(other, settings, FULL, |cells| cells.words_32)?,
        rows::<512>(other, settings, FULL, |cells| cells.words_512)?,
        rows::<3>(other, settings, OFTEN, |cells| cells.words_3)?,
        rows::<3>(other, settings, SELDOM, |cells| cells.words_3)?,
    ];
    let table = Table {
        id: "beside".into(),
        title: "Loads beside a writer on another processor, by its pace".into(),
        about:
            "Loads run in a loop while another process stores. p99 is of single loads, with two\n\
                readings of the clock in it. A writer at a pace looks at the clock in between.\n\
                Compare loads only together with the stores that their writer got done."
                .into(),
        columns: vec![
            column("p50", "load, p50 ns", 1),
            column("p99", "p99, ns", 0),
            column("spread", "spread, %", 0),
            column("stores", "thousand stores a second", 1),
            column("overruns", "overruns", 0),
            verdict("ours", "rawshm, × this one's time", 2),
        ],
        rows: rows.concat(),
        plotted: vec!["p50".into()],
    };
    let row = format!("full rate, {}: a snapshot", size_of_words(3));
    let budget = |what: &str, key, at_most| {
        let what = format!("loads of 24 B beside a writer at full rate: {what}");
        table.budget(&what, &row, key, at_most)
    };
    let budgets = [
        budget("99th percentile, ns", "p99", 1000.0),
        budget("overruns", "overruns", 0.0),
    ];
    let budgets = budgets.into_iter().flatten().collect();
    Ok(Measured::of(table, budgets))
}
