//! Copies between shared and private memory, compared with memcpy and relaxed words on the same
//! memory.

use std::time::Duration;

use crate::copy_cases::{Memory, Place};
use crate::sampling::{Outcome, Samples};
use crate::table::{Budget, Row, Table, column, exact, number};
use crate::{Settings, Unlinked, unique_name};

const SIZES: [usize; 23] = [
    1,
    2,
    3,
    8,
    16,
    17,
    24,
    31,
    33,
    64,
    65,
    100,
    129,
    256,
    1 << 10,
    4 << 10,
    16 << 10,
    64 << 10,
    256 << 10,
    1 << 20,
    4 << 20,
    16 << 20,
    64 << 20,
];

/// From this size on, copies must be about as fast as memcpy.
const PROMISED_FROM: usize = 4 << 10;
const SPEED_PROMISED: f64 = 0.95;

/// Several times the size of any cache.
const REGION: usize = 256 << 20;

/// The columns that are ratios, as pairs of cases: the one measured, and the one to compare with.
const RATIOS: [(usize, usize); 6] = [(1, 0), (4, 3), (7, 6), (1, 2), (4, 5), (7, 8)];
const BESIDE_MEMCPY: usize = 3;
const DIRECTIONS: [&str; 6] = ["out", "in", "between", "out", "in", "between"];

/// The case that repeats the first.
const ONCE_MORE: usize = 9;

struct Situation {
    id: &'static str,
    title: &'static str,
    place: Place,
}

const SITUATIONS: [Situation; 4] = [
    Situation {
        id: "copies",
        title: "in the caches, aligned",
        place: Place::new(false, false),
    },
    Situation {
        id: "copies-unaligned",
        title: "in the caches, unaligned",
        place: Place::new(false, true),
    },
    Situation {
        id: "copies-far",
        title: "out of the caches, aligned",
        place: Place::new(true, false),
    },
    Situation {
        id: "copies-far-unaligned",
        title: "out of the caches, unaligned",
        place: Place::new(true, true),
    },
];

pub fn measure(settings: &Settings) -> Outcome<(Vec<Table>, Vec<Budget>)> {
    let (one, other) = (
        Unlinked::new(&unique_name("copies"))?,
        Unlinked::new(&unique_name("copies-2"))?,
    );
    let memory = match Memory::new(&one.0, &other.0, REGION) {
        Ok(memory) => memory,
        Err(error) => {
            eprintln!("copies: left out for lack of memory: {error}");
            return Ok((Vec::new(), Vec::new()));
        }
    };
    let (mut tables, mut budgets) = (Vec::new(), Vec::new());
    for situation in &SITUATIONS {
        eprintln!("copies, {}", situation.title);
        let mut measured = Vec::new();
        for size in SIZES {
            let mut cases = memory.cases(situation.place, size);
            measured.push((size, Samples::of(&mut cases, lasting(settings))?));
        }
        budgets.extend(promised(situation, &measured));
        let mut rows: Vec<Row> = measured
            .iter()
            .map(|(size, samples)| row(&label(*size), samples))
            .collect();
        if situation.id == "copies" {
            let samples = Samples::of(&mut memory.values(), lasting(settings))?;
            rows.insert(0, row("24, as a value", &samples));
        }
        tables.push(table(situation, rows));
    }
    Ok((tables, budgets))
}

fn lasting(settings: &Settings) -> Duration {
    settings.lasting(1)
}

fn label(size: usize) -> String {
    number(exact(size.try_into().expect("small")), 0)
}

fn table(situation: &Situation, rows: Vec<Row>) -> Table {
    Table {
        id: situation.id,
        title: format!("Copies, {}", situation.title),
        about: "By bytes. Speed as a multiple of memcpy's, and of relaxed words', on the same\n\
                memory: larger is better. Out of shared memory with `copy_to`, in with\n\
                `copy_from`, between two mappings with `copy_from_shared`."
            .into(),
        columns: vec![
            column("memcpy_ns", "memcpy, ns", 1),
            column("out_ns", "out, ns", 1),
            column("out", "out, × memcpy", 2),
            column("in", "in, × memcpy", 2),
            column("between", "between, × memcpy", 2),
            column("out_words", "out, × words", 2),
            column("in_words", "in, × words", 2),
            column("between_words", "between, × words", 2),
            column("noise", "memcpy, × itself", 2),
        ],
        rows,
        plotted: vec!["out", "in", "between"],
        noise: 0.0,
    }
}

/// Speeds: how many times as long the other case takes.
fn row(label: &str, samples: &Samples) -> Row {
    let mut figures = vec![samples.median(0), samples.median(1)];
    figures.extend(RATIOS.map(|(ours, other)| samples.ratio(other, ours)));
    figures.push(samples.ratio(ONCE_MORE, 0));
    Row {
        name: label.into(),
        ours: true,
        figures: figures.into_iter().map(Some).collect(),
    }
}

/// The worst ratios: to memcpy's time from the promised size on, and to the words' time at all
/// sizes.
fn promised(situation: &Situation, measured: &[(usize, Samples)]) -> Vec<Budget> {
    let worst = |what: &str, ratios: std::ops::Range<usize>, from: usize, at_most: f64| {
        let ratios = ratios.flat_map(|which| {
            let (ours, other) = RATIOS[which];
            let sizes = measured.iter().filter(move |(size, _)| *size >= from);
            sizes.map(move |(size, samples)| {
                let noise = samples.noise(ONCE_MORE, 0);
                (samples.ratio(ours, other), noise, DIRECTIONS[which], *size)
            })
        });
        let (measured, noise, direction, size) = ratios.max_by(|one, other| {
            let over = |(time, noise, ..): &(f64, f64, &str, usize)| time - noise;
            over(one).total_cmp(&over(other))
        })?;
        Some(Budget {
            what: format!(
                "copies {}: time × {what}, at worst ({direction}, {})",
                situation.title,
                label(size)
            ),
            measured,
            at_most,
            noise,
            decimals: 3,
        })
    };
    let memcpy = "memcpy's from 4 KiB";
    let beside_memcpy = worst(
        memcpy,
        0..BESIDE_MEMCPY,
        PROMISED_FROM,
        1.0 / SPEED_PROMISED,
    );
    let beside_words = worst("words'", BESIDE_MEMCPY..RATIOS.len(), 0, 1.0);
    beside_memcpy.into_iter().chain(beside_words).collect()
}
