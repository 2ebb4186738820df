//! Snapshots: loads and stores compared with plain copies and a sequence lock, waking compared with
//! pipes and eventfds.

use std::hint::black_box;
use std::ptr::copy_nonoverlapping;

use rawshm::snapshot::{Layout, Reader, UnmappedReader, Writer};
use seqlock::SeqLock;

use crate::sampling::{Case, Outcome, Samples};
use crate::table::{Budget, Row, Table, column};
use crate::wakes;
use crate::{Settings, Unlinked, unique_name};

const SLOTS: u32 = 4;

pub fn measure(settings: &Settings) -> Outcome<(Vec<Table>, Vec<Budget>)> {
    eprintln!("snapshots");
    let (small, noise) = row::<[i64; 3]>("24", [100, 876, 8021], true, settings)?;
    let rows = vec![
        small,
        row::<[u64; 32]>("256", [7; 32], false, settings)?.0,
        row::<[u64; 512]>("4,096", [7; 512], false, settings)?.0,
        row::<[u64; 8192]>("65,536", [7; 8192], false, settings)?.0,
    ];
    let table = Table {
        id: "snapshots",
        title: "Snapshots: a load and a store, while no peer is active".into(),
        about:
            "By the size of a value in bytes. Time as a multiple of a plain copy's: smaller is\n\
                better. The smallest value with `load`, the others with `load_into`. The crate\n\
                seqlock, for comparison, locks and is for the threads of one process."
                .into(),
        columns: vec![
            column("copy_ns", "plain copy, ns", 1),
            column("load_ns", "load, ns", 1),
            column("store_ns", "store, ns", 1),
            column("load", "load, × a copy", 2),
            column("store", "store, × a copy", 2),
            column("unmapped_ns", "load without a mapping, ns", 0),
            column("seqlock_load", "seqlock's read, × a copy", 2),
            column("seqlock_store", "seqlock's write, × a copy", 2),
        ],
        rows,
        plotted: vec!["load", "seqlock_load"],
        noise,
    };
    let load = table.figure("24", "load").unwrap_or(f64::NAN);
    let mut budgets = vec![Budget {
        what: "snapshot load of 24 bytes, × a plain copy's time".into(),
        measured: load,
        at_most: 1.5,
        noise,
        decimals: 2,
    }];
    let (wakes, more) = wakes::measure(settings)?;
    budgets.extend(more);
    Ok((vec![table, wakes], budgets))
}

/// The figures of values of a type, and the noise of the ratios.
fn row<T: Layout>(
    label: &str,
    value: T,
    by_value: bool,
    settings: &Settings,
) -> Outcome<(Row, f64)> {
    let unlinked = Unlinked::new(&unique_name("snapshot"))?;
    let mut writer = Writer::create(&unlinked.0, SLOTS, &value)?;
    let reader = Reader::<T>::open(&unlinked.0)?;
    let mut unmapped = UnmappedReader::<T>::open(&unlinked.0)?;
    let lock = SeqLock::new(value);
    // Each has a target of its own, so that no store waits for another.
    let source = Box::new(value);
    let [mut one, mut other, mut loaded, mut read, mut file] = [0; 5].map(|_| Box::new(value));
    let from = &raw const *source;
    let mut cases = [
        copy("copy", from, &raw mut *one),
        Case::new("load", || {
            if by_value {
                *black_box(&mut *loaded) = black_box(&reader).load()?;
            } else {
                black_box(&reader).load_into(black_box(&mut *loaded))?;
            }
            Ok(())
        }),
        Case::new("store", || {
            black_box(&mut writer).store(black_box(&*source));
            Ok(())
        }),
        Case::new("seqlock's read", || {
            *black_box(&mut *read) = black_box(&lock).read();
            Ok(())
        }),
        Case::new("seqlock's write", || {
            *black_box(&lock).lock_write() = *black_box(&*source);
            Ok(())
        }),
        copy("copy again", from, &raw mut *other),
        Case::new("load without a mapping", || {
            black_box(&mut unmapped).load_into(black_box(&mut *file))?;
            Ok(())
        }),
    ];
    let samples = Samples::of(&mut cases, settings.lasting(3))?;
    let figures = [
        samples.median(0),
        samples.median(1),
        samples.median(2),
        samples.ratio(1, 0),
        samples.ratio(2, 0),
        samples.median(6),
        samples.ratio(3, 0),
        samples.ratio(4, 0),
    ];
    let row = Row {
        name: label.into(),
        ours: true,
        figures: figures.map(Some).into(),
    };
    Ok((row, samples.noise(0, 5)))
}

/// A plain copy. Both places must outlive the case.
fn copy<'a, T: 'a>(label: &str, from: *const T, to: *mut T) -> Case<'a> {
    Case::new(label, move || {
        // SAFETY: both are aligned and hold a value, and nothing else uses the target.
        unsafe { copy_nonoverlapping(black_box(from), black_box(to), 1) };
        Ok(())
    })
}
