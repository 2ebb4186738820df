//! Loads beside a writer that stores as fast as it can, on another processor.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rawshm::snapshot::{Layout, Reader, Writer};
use seqlock::SeqLock;

use crate::child::{Child, Shared};
use crate::sampling::{Outcome, Samples, quantile};
use crate::table::{Budget, Row, Table, column, exact};
use crate::{Settings, Unlinked, unique_name};

const SLOTS: u32 = 4;

/// Loads of a value that a child stores as fast as it can.
struct Beside {
    load: Box<dyn FnMut() -> bool>,
    runs: Shared<AtomicBool>,
    overruns: u64,
    /// Nanoseconds of single loads.
    single: Vec<f64>,
    _child: Child,
}

impl Beside {
    const LOADS: u32 = 20_000;
    const SINGLE: u32 = 1_000;

    fn start(
        processor: usize,
        mut store: impl FnMut(),
        load: impl FnMut() -> bool + 'static,
    ) -> Outcome<Self> {
        let runs = Shared::new(AtomicBool::new(false))?;
        let child = Child::repeat_on(processor, || {
            if !runs.get().load(Ordering::Relaxed) {
                return std::thread::sleep(Duration::from_micros(100));
            }
            for _ in 0..64 {
                store();
            }
        })?;
        Ok(Self {
            load: Box::new(load),
            runs,
            overruns: 0,
            single: Vec::new(),
            _child: child,
        })
    }

    fn snapshot<T: Layout>(processor: usize, value: impl Fn(u64) -> T + 'static) -> Outcome<Self> {
        let name = Unlinked::new(&unique_name("beside"))?;
        let mut writer = Writer::create(&name.0, SLOTS, &value(1))?;
        let reader = Reader::<T>::open(&name.0)?;
        let mut number = 1;
        let store = move || {
            number += 1;
            writer.store(&value(number));
        };
        let mut into = Box::new(reader.load()?);
        Self::start(processor, store, move || {
            reader.load_into(&mut into).is_ok()
        })
    }

    fn seqlock<T: Copy + 'static>(
        processor: usize,
        value: impl Fn(u64) -> T + 'static,
    ) -> Outcome<Self> {
        let lock = Shared::new(SeqLock::new(value(1)))?;
        let again = lock.again();
        let mut number = 1;
        let store = move || {
            number += 1;
            *lock.get().lock_write() = value(number);
        };
        let mut into = Box::new(again.get().read());
        Self::start(processor, store, move || {
            *into = again.get().read();
            true
        })
    }

    /// The nanoseconds of a load.
    fn sample(&mut self) -> f64 {
        self.runs.get().store(true, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(1));
        let begin = Instant::now();
        for _ in 0..Self::LOADS {
            self.overruns += u64::from(!(self.load)());
        }
        let time = begin.elapsed().as_secs_f64() * 1e9 / f64::from(Self::LOADS);
        for _ in 0..Self::SINGLE {
            let begin = Instant::now();
            self.overruns += u64::from(!(self.load)());
            self.single.push(begin.elapsed().as_secs_f64() * 1e9);
        }
        self.runs.get().store(false, Ordering::Relaxed);
        time
    }
}

pub fn measure(other: usize, settings: &Settings) -> Outcome<(Table, Vec<Budget>)> {
    let mut cases = [
        (
            "a snapshot, 24 bytes",
            Beside::snapshot(other, |number| [number; 3])?,
        ),
        (
            "a snapshot, 256 bytes",
            Beside::snapshot(other, |number| [number; 32])?,
        ),
        (
            "a snapshot, 4,096 bytes",
            Beside::snapshot(other, |number| [number; 512])?,
        ),
        (
            "the crate seqlock, 24 bytes",
            Beside::seqlock(other, |number| [number; 3])?,
        ),
        (
            "a snapshot, 24 bytes, once more",
            Beside::snapshot(other, |number| [number; 3])?,
        ),
    ];
    let samples = Samples::take(cases.len(), settings.lasting(5), |which| {
        Ok(cases[which].1.sample())
    })?;
    let noise = samples.noise(0, 4);
    let rows = cases.iter().enumerate().map(|(which, (label, case))| Row {
        name: (*label).into(),
        ours: label.starts_with("a snapshot"),
        figures: vec![
            Some(1000.0 / samples.median(which)),
            Some(quantile(case.single.clone(), 0.99)),
            Some(exact(case.overruns)),
        ],
    });
    let table = Table {
        id: "beside",
        title: "Loads beside a writer that stores as fast as it can".into(),
        about:
            "The writer is a process on another processor, and snapshots have 4 slots. The 99th\n\
                percentile is of single loads, with two readings of the clock in it."
                .into(),
        columns: vec![
            column("loads", "million loads a second", 1),
            column("p99_ns", "99th percentile, ns", 0),
            column("overruns", "overruns", 0),
        ],
        rows: rows.collect(),
        plotted: vec!["loads"],
        noise,
    };
    let figure = |key| {
        table
            .figure("a snapshot, 24 bytes", key)
            .unwrap_or(f64::NAN)
    };
    let budget = |what: &str, measured, at_most| Budget {
        what: format!("loads of 24 bytes beside a writer at full rate: {what}"),
        measured,
        at_most,
        noise: 0.0,
        decimals: 0,
    };
    let budgets = vec![
        budget("99th percentile, ns", figure("p99_ns"), 1000.0),
        budget("overruns", figure("overruns"), 0.0),
    ];
    Ok((table, budgets))
}
