//! Loads and stores of values by size, while no other process is active.

use crate::cells::{
    Aligned, Batches, Cells, MmapSync, New, Plain, Seqlock, Snapshot, StdLock, Unmapped,
};
use crate::group::{self, Thing, again, ours, theirs};
use crate::locks::{Mutex, ReadWriteLock};
use crate::sampling::{Case, Outcome, Samples};
use crate::settings::Settings;
use crate::table::{Budget, Measured, Row, Table, column, exact, verdict};
use crate::text::number;

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Load,
    Store,
}

const SNAPSHOT: &str = "a snapshot";
const PLAIN: &str = "a plain copy";
pub const SEQLOCK: &str = "the crate seqlock";

const FLOOR: &str = "A plain copy is the floor: it checks and synchronises nothing, and a value \
    that another process stores meanwhile is torn";
pub const SEQLOCK_WHY: &str = "This seqlock has one slot and no bounds to check, and copies with \
    plain loads and stores that the compiler inlines; a reader waits for its writer";
const STD_WHY: &str = "std's lock is for the threads of one process, and copies inline";

/// The ways that are compared, and whether they store, too.
fn ways<const N: usize>(
    settings: &Settings,
    side: Side,
    cells: fn(&Cells) -> New<N>,
) -> Vec<(Thing, New<N>)> {
    let mut ways: Vec<(Thing, New<N>)> = vec![
        (theirs(PLAIN, FLOOR), Plain::boxed),
        (ours(SNAPSHOT), Snapshot::boxed),
        (theirs("mmap-sync", ""), MmapSync::boxed),
        (theirs(SEQLOCK, SEQLOCK_WHY), Seqlock::boxed),
        (theirs("a pthread mutex", ""), Mutex::boxed),
        (theirs("a pthread rwlock", ""), ReadWriteLock::boxed),
        (theirs("std's RwLock", STD_WHY), StdLock::boxed),
    ];
    for peer in settings.peers {
        let why = peer.why[usize::from(side == Side::Store)];
        ways.insert(2, (theirs(peer.name, why), cells(&peer.cells)));
    }
    if side == Side::Load {
        // Compared with the mapped one, as all others are.
        let why = "";
        let unmapped = Thing {
            why,
            ..ours("a snapshot without a mapping")
        };
        ways.insert(2, (unmapped, Unmapped::boxed));
    }
    ways.push((again(), Plain::boxed));
    ways
}

fn rows<const N: usize>(
    settings: &Settings,
    side: Side,
    cells: fn(&Cells) -> New<N>,
) -> Outcome<Vec<Row>> {
    let (things, made): (Vec<Thing>, Vec<New<N>>) = ways(settings, side, cells).into_iter().unzip();
    let value = [7; N];
    let mut made = made
        .into_iter()
        .map(|new| Ok((new(&value)?, Box::new(Aligned(value)))))
        .collect::<Outcome<Vec<_>>>()?;
    let cases = made
        .iter_mut()
        .map(|(cell, own)| case(side, &mut **cell, &mut own.0));
    let mut cases: Vec<Case> = cases.collect();
    let samples = Samples::of(&mut cases, settings.lasting(1200))?;
    let begin = format!("{}: ", size_of_words(N));
    Ok(group::rows(&begin, &things, &samples, 1.0))
}

/// Each has a value of its own, so that no store waits for another's.
fn case<'a, const N: usize>(
    side: Side,
    cell: &'a mut dyn Batches<N>,
    own: &'a mut [u64; N],
) -> Case<'a> {
    Case::of_batches(move |rounds| match side {
        Side::Store => {
            cell.stores(rounds, own);
            Ok(())
        }
        Side::Load => match cell.loads(rounds, own) {
            0 => Ok(()),
            _ => Err("a load without a value".into()),
        },
    })
}

pub fn size_of_words(words: usize) -> String {
    let bytes = u64::try_from(words * 8).unwrap_or(u64::MAX);
    format!("{} B", number(exact(bytes), 0))
}

pub fn measure(id: &str, settings: &Settings) -> Outcome<Measured> {
    let side = if id == "loads" {
        Side::Load
    } else {
        Side::Store
    };
    let all = [
        rows::<3>(settings, side, |cells| cells.words_3)?,
        rows::<32>(settings, side, |cells| cells.words_32)?,
        rows::<512>(settings, side, |cells| cells.words_512)?,
        rows::<8192>(settings, side, |cells| cells.words_8192)?,
    ];
    let (what, how) = match side {
        Side::Load => (
            "Loads of a value, by size",
            "A snapshot loads 24 bytes with `load`, more with `load_into`.",
        ),
        Side::Store => ("Stores of a value, by size", "A snapshot has 4 slots."),
    };
    let table = Table {
        id: id.into(),
        title: format!("{what}, while no other process is active"),
        about: format!(
            "{how} The crate seqlock and the\n\
             pthread locks are in memory that processes share. std's lock is for the threads of\n\
             one process."
        ),
        columns: group::columns("ns", 1),
        rows: all.concat(),
        plotted: vec!["p50".into()],
    };
    let budgets = promised(&table, side, settings);
    Ok(Measured::of(table, budgets))
}

fn promised(table: &Table, side: Side, run: &Settings) -> Vec<Budget> {
    let budget = |words: usize, to: &str, at_most| {
        let bytes = size_of_words(words);
        let what = match side {
            Side::Load => format!("load of {bytes}, × {to}'s time"),
            Side::Store => format!("store of {bytes}, × {to}'s time"),
        };
        table.budget(&what, &format!("{bytes}: {to}"), "ours", at_most)
    };
    let peers = run.peers.iter();
    match side {
        Side::Load => budget(3, PLAIN, 1.5).into_iter().collect(),
        Side::Store => peers
            .map(|peer| peer.name)
            .chain([SEQLOCK])
            .filter_map(|to| budget(32, to, 1.0))
            .collect(),
    }
}

const SLOTS: [u32; 4] = [2, 4, 16, 64];

/// The same for several numbers of slots.
pub fn by_slots(id: &str, settings: &Settings) -> Outcome<Measured> {
    let all = [
        slots::<3>(settings)?,
        slots::<512>(settings)?,
        slots::<8192>(settings)?,
    ];
    let table = Table {
        id: id.into(),
        title: "Loads and stores of a snapshot, by size and number of slots".into(),
        about:
            "Beside a plain copy of the same size. Each store takes the next slot, so that all\n\
                slots together must fit into a cache."
                .into(),
        columns: vec![
            column("copy", "plain copy, p50 ns", 1),
            column("load", "load, p50 ns", 1),
            column("store", "store, p50 ns", 1),
            verdict("load_ratio", "load, × a copy", 2),
            verdict("store_ratio", "store, × a copy", 2),
        ],
        rows: all.concat(),
        plotted: vec!["load_ratio".into(), "store_ratio".into()],
    };
    Ok(Measured::of(table, Vec::new()))
}

fn slots<const N: usize>(settings: &Settings) -> Outcome<Vec<Row>> {
    let value = [7; N];
    let mut rows = Vec::new();
    for slots in SLOTS {
        let snapshot =
            || -> Outcome<Box<dyn Batches<N>>> { Ok(Box::new(Snapshot::new(&value, slots)?)) };
        let mut cells = [
            (Plain::boxed(&value)?, Side::Load),
            (snapshot()?, Side::Load),
            (snapshot()?, Side::Store),
            (Plain::boxed(&value)?, Side::Load),
        ]
        .map(|(cell, side)| (cell, side, Box::new(Aligned(value))));
        let cases = cells.iter_mut();
        let cases = cases.map(|(cell, side, own)| case(*side, &mut **cell, &mut own.0));
        let samples = Samples::of(&mut cases.collect::<Vec<_>>(), settings.lasting(250))?;
        let mut figures: Vec<_> = (0..3).map(|which| Some(samples.median(which))).collect();
        figures.extend([1, 2].map(|which| Some(samples.ratio(which, 0))));
        let name = format!("{}, {slots} slots", size_of_words(N));
        let why = "The copy is the floor. Many slots of large values do not fit into the caches";
        rows.push(Row::new(&name, true, figures, samples.noise(0, 3)).because(why));
    }
    Ok(rows)
}
