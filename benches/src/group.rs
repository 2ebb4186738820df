//! Things that were sampled in turns, as the rows of a table: rawshm beside its peers.

use crate::sampling::Samples;
use crate::table::{Column, Row, column, verdict};

/// One of the things that are compared.
#[derive(Clone)]
pub struct Thing {
    pub name: String,
    /// Whether it is rawshm's.
    pub ours: bool,
    /// Why rawshm may take longer. Shown if it does.
    pub why: &'static str,
    /// The first thing, once more: it shows the noise, and is no row.
    pub again: bool,
}

pub fn ours(name: &str) -> Thing {
    let (name, ours, why, again) = (name.into(), true, "", false);
    Thing {
        name,
        ours,
        why,
        again,
    }
}

pub fn theirs(name: &str, why: &'static str) -> Thing {
    let ours = false;
    Thing {
        ours,
        why,
        ..self::ours(name)
    }
}

/// The first thing, once more.
pub fn again() -> Thing {
    let again = true;
    Thing {
        again,
        ..theirs("once more", "")
    }
}

/// The columns of a group.
pub fn columns(unit: &str, decimals: usize) -> Vec<Column> {
    columns_with(unit, decimals, 2)
}

/// The columns of a group whose ratios have this many decimals.
pub fn columns_with(unit: &str, decimals: usize, ratio: usize) -> Vec<Column> {
    vec![
        column("p50", &format!("p50, {unit}"), decimals),
        column("p99", &format!("p99, {unit}"), decimals),
        column("spread", "spread, %", 0),
        verdict("ours", "rawshm, × this one's time", ratio),
    ]
}

/// A row for each thing. All begin with the same words. Samples are in nanoseconds, and `unit` of
/// these are one in the table.
pub fn rows(begin: &str, things: &[Thing], samples: &Samples, unit: f64) -> Vec<Row> {
    let noise = noise(things, samples);
    let base = things.iter().position(|thing| thing.ours);
    let numbered = things.iter().enumerate().filter(|(_, thing)| !thing.again);
    let row = |(which, thing): (usize, &Thing)| {
        let beside = base.filter(|base| *base != which);
        let figures = vec![
            Some(samples.median(which) / unit),
            Some(samples.p99(which) / unit),
            Some(samples.spread(which)),
            beside.map(|base| samples.ratio(base, which)),
        ];
        let name = format!("{begin}{}", thing.name);
        Row::new(&name, thing.ours, figures, noise).because(thing.why)
    };
    numbered.map(row).collect()
}

/// The noise of the ratios of a group.
pub fn noise(things: &[Thing], samples: &Samples) -> f64 {
    let again = things.iter().position(|thing| thing.again);
    again.map_or(0.0, |again| samples.noise(0, again))
}
