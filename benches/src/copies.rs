//! Copies between shared and private memory, compared with memcpy and relaxed words on the same
//! memory.

use std::ops::{Range, RangeFrom, RangeInclusive};

use crate::copy_cases::{Memory, Place};
use crate::sampling::{Outcome, Samples};
use crate::settings::Settings;
use crate::table::{Budget, Figure, Measured, Row, Table, column, exact, ratio, verdict};
use crate::text::number;
use crate::{Unlinked, unique_name};

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

/// The largest size of a quick run.
const QUICK: usize = 1 << 20;

/// In the caches, these sizes must take no longer than with memcpy.
const PROMISED: RangeInclusive<usize> = 65..=64 << 10;

/// These must be about as fast.
const PROMISED_NEAR: RangeFrom<usize> = (64 << 10) + 1..;
const PROMISED_FAR: RangeFrom<usize> = 4 << 10..;
const SPEED_PROMISED: f64 = 0.95;

/// More than the caches of one processor, and a page more than the largest copy.
const FAR: usize = 256 << 20;
const NEAR: usize = (64 << 20) + 4096;

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

const SITUATIONS: [Situation; 5] = [
    Situation {
        id: "copies",
        title: "in the caches, aligned",
        place: Place::new(false, (0, 0)),
    },
    Situation {
        id: "copies-unaligned",
        title: "in the caches, unaligned",
        place: Place::new(false, (1, 3)),
    },
    Situation {
        id: "copies-apart",
        title: "in the caches, at different places of their pages",
        place: Place::new(false, (0, 2048)),
    },
    Situation {
        id: "copies-far",
        title: "out of the caches, aligned",
        place: Place::new(true, (0, 0)),
    },
    Situation {
        id: "copies-far-unaligned",
        title: "out of the caches, unaligned",
        place: Place::new(true, (1, 3)),
    },
];

pub fn measure(id: &str, settings: &Settings) -> Outcome<Measured> {
    let situation = SITUATIONS.iter().find(|one| one.id == id);
    let situation = situation.ok_or("no such copies")?;
    let (one, other) = (
        Unlinked::new(&unique_name("copies"))?,
        Unlinked::new(&unique_name("copies-2"))?,
    );
    let region = if situation.place.far { FAR } else { NEAR };
    let memory = match Memory::new(&one.0, &other.0, region) {
        Ok(memory) => memory,
        Err(error) => {
            let why = format!("for lack of memory: {} ({error})", situation.title);
            return Ok(Measured::left_out(why));
        }
    };
    let lasting = settings.lasting(250);
    let mut measured = Vec::new();
    for size in SIZES {
        if size > QUICK && settings.quick {
            break;
        }
        let mut cases = memory.cases(situation.place, size);
        measured.push((size, Samples::of(&mut cases, lasting)?));
    }
    let rows = measured.iter();
    let rows = rows.map(|(size, samples)| row(&label(*size), samples, why(situation, *size)));
    let mut rows: Vec<Row> = rows.collect();
    if situation.id == "copies" {
        let samples = Samples::of(&mut memory.values(), lasting)?;
        rows.insert(0, row("24, as a value", &samples, VALUE));
    }
    let budgets = promised(situation, &measured);
    Ok(Measured::of(table(situation, rows), budgets))
}

const VALUE: &str = "memcpy checks nothing, and the compiler makes a load and a store of it";

/// Why rawshm may take longer than memcpy.
fn why(situation: &Situation, size: usize) -> &'static str {
    match size {
        4096.. if situation.place.far => {
            "Out of the caches, the order in which lines are fetched decides; this memcpy uses \
             `rep movsb` for what is large, which does not fetch the lines that it fills"
        }
        ..=1024 => "Bounds are checked, and the way to the copy counts",
        1025..0x10_0000 => "Neither loop leads at every size: the caches decide, and the pages",
        _ => {
            "Sizes beyond the second cache depend on when stores begin to go past the caches, \
             and on where the pages lie"
        }
    }
}

fn label(size: usize) -> String {
    number(exact(size.try_into().expect("small")), 0)
}

fn table(situation: &Situation, rows: Vec<Row>) -> Table {
    Table {
        id: situation.id.into(),
        title: format!("Copies, {}", situation.title),
        about: "By bytes. Time as a multiple of memcpy's, and of relaxed words', on the same\n\
                memory. Out of shared memory with `copy_to`, in with `copy_from`, between two\n\
                mappings with `copy_from_shared`."
            .into(),
        columns: vec![
            column("memcpy_p50", "memcpy, p50 ns", 1),
            column("memcpy_p99", "p99, ns", 1),
            column("out_p50", "out, p50 ns", 1),
            column("out_p99", "p99, ns", 1),
            column("spread", "spread, %", 0),
            verdict("out", "out, × memcpy", 2),
            verdict("in", "in, × memcpy", 2),
            verdict("between", "between, × memcpy", 2),
            ratio("out_words", "out, × words", 2),
            ratio("in_words", "in, × words", 2),
            ratio("between_words", "between, × words", 2),
        ],
        rows,
        plotted: ["out", "in", "between"].map(String::from).into(),
    }
}

fn row(label: &str, samples: &Samples, why: &str) -> Row {
    let mut figures = vec![
        samples.median(0),
        samples.p99(0),
        samples.median(1),
        samples.p99(1),
        samples.spread(1),
    ];
    figures.extend(RATIOS.map(|(ours, other)| samples.ratio(ours, other)));
    let figures = figures.into_iter().map(Some).collect();
    Row::new(label, true, figures, samples.noise(ONCE_MORE, 0)).because(why)
}

/// The worst ratios: to memcpy's time at the sizes that were promised, and to the words' at all.
fn promised(situation: &Situation, measured: &[(usize, Samples)]) -> Vec<Budget> {
    let is_promised = |size: usize| !situation.place.far && PROMISED.contains(&size);
    let worst = |what: &str, ratios: Range<usize>, of: &dyn Fn(usize) -> bool, at_most: f64| {
        let ratios = ratios.flat_map(|which| {
            let (ours, other) = RATIOS[which];
            let sizes = measured.iter().filter(|(size, _)| of(*size));
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
            what: format!("copies {}: time × {what}", situation.title),
            at: format!(", at worst ({direction}, {})", label(size)),
            measured: Figure::of(measured),
            at_most,
            noise,
            decimals: 3,
        })
    };
    let (memcpy, words) = (0..BESIDE_MEMCPY, BESIDE_MEMCPY..RATIOS.len());
    let about = 1.0 / SPEED_PROMISED;
    let (is_about, about_what) = if situation.place.far {
        (PROMISED_FAR, "memcpy's from 4 KiB")
    } else {
        (PROMISED_NEAR, "memcpy's above 64 KiB")
    };
    let budgets = [
        worst(
            "memcpy's, 65 B to 64 KiB",
            memcpy.clone(),
            &is_promised,
            1.0,
        ),
        worst(about_what, memcpy, &|size| is_about.contains(&size), about),
        worst("words'", words, &|_| true, 1.0),
    ];
    budgets.into_iter().flatten().collect()
}
