//! Copies between shared and private memory, beside memcpy within private memory.

#![expect(
    clippy::large_stack_arrays,
    reason = "64 KiB on their way to where they stay"
)]

use std::hint::black_box;
use std::ptr::copy_nonoverlapping;
use std::slice::{from_raw_parts, from_raw_parts_mut};

use rawshm::{Mapping, ReadWrite, Size};

use crate::sampling::{Case, Outcome, Samples};
use crate::table::{Row, Table, column, exact, number};
use crate::{Settings, Unlinked, unique_name};

const SIZES: [usize; 6] = [64, 256, 1024, 4096, 16384, LARGEST];
const LARGEST: usize = 65536;

/// Private memory that begins at a page's start, as a mapping does.
#[repr(align(4096))]
struct Pages([u8; LARGEST]);

/// The source and the target of private copies, for as long as this process lives.
#[derive(Clone, Copy)]
struct Private {
    source: *const u8,
    target: *mut u8,
}

impl Private {
    fn new() -> Self {
        let pages = || Box::leak(Box::new(Pages([1; LARGEST]))).0.as_mut_ptr();
        let (source, target) = (pages().cast_const(), pages());
        Self { source, target }
    }
}

pub fn measure(settings: &Settings) -> Outcome<Table> {
    eprintln!("copies");
    let unlinked = Unlinked::new(&unique_name("copies"))?;
    let shared = Mapping::create(&unlinked.0, Size::Sparse(LARGEST.try_into()?))?;
    shared.copy_from(0, &[1_u8; LARGEST])?;
    let private = Private::new();

    let mut rows = vec![row(
        "24, as a value",
        &mut values(&shared, private),
        settings,
    )?];
    for size in SIZES {
        let label = number(exact(size.try_into()?), 0);
        rows.push(row(&label, &mut bytes(size, &shared, private), settings)?);
    }
    Ok(Table {
        id: "copies",
        title: "Copies, out of and into shared memory".into(),
        about: "By bytes. Speed as a multiple of memcpy's between private memory and private memory: \
                the larger the better. `load` and `store` of `[i64; 3]` in the first row, `copy_to` and `copy_from` below."
            .into(),
        columns: vec![
            column("memcpy_ns", "memcpy, ns", 1),
            column("out_ns", "out, ns", 1),
            column("in_ns", "in, ns", 1),
            column("out", "out, × memcpy's speed", 2),
            column("in", "in, × memcpy's speed", 2),
        ],
        rows,
        plotted: vec!["out", "in"],
        noise: 0.0,
    })
}

fn row(label: &str, cases: &mut [Case], settings: &Settings) -> Outcome<Row> {
    let samples = Samples::of(cases, settings.lasting(2))?;
    Ok(Row {
        name: label.into(),
        ours: true,
        figures: vec![
            Some(samples.median(0)),
            Some(samples.median(1)),
            Some(samples.median(2)),
            Some(samples.ratio(0, 1)),
            Some(samples.ratio(0, 2)),
        ],
    })
}

fn values(shared: &Mapping<ReadWrite>, private: Private) -> [Case<'_>; 3] {
    let from: *const [i64; 3] = private.source.cast();
    let to: *mut [i64; 3] = private.target.cast();
    [
        Case::new("memcpy", move || {
            // SAFETY: both have room for three integers and are aligned for them.
            unsafe { copy_nonoverlapping(black_box(from), black_box(to), 1) };
            Ok(())
        }),
        Case::new("out", move || {
            let columns: [i64; 3] = black_box(shared).load(black_box(0))?;
            // SAFETY: `to` has room for three integers and is aligned for them.
            unsafe { black_box(to).write(columns) };
            Ok(())
        }),
        Case::new("in", move || {
            // SAFETY: `from` has three integers and is aligned for them.
            let columns = unsafe { &*black_box(from) };
            black_box(shared).store(black_box(0), columns)?;
            Ok(())
        }),
    ]
}

fn bytes(size: usize, shared: &Mapping<ReadWrite>, private: Private) -> [Case<'_>; 3] {
    let Private { source, target } = private;
    [
        Case::new("memcpy", move || {
            // SAFETY: both have room for `size` bytes.
            unsafe { copy_nonoverlapping(black_box(source), black_box(target), black_box(size)) };
            Ok(())
        }),
        Case::new("out", move || {
            // SAFETY: `target` has room for `size` bytes, and nothing else uses it meanwhile.
            let into = unsafe { from_raw_parts_mut(black_box(target), black_box(size)) };
            black_box(shared).copy_to(0, into)?;
            Ok(())
        }),
        Case::new("in", move || {
            // SAFETY: `source` has `size` bytes, and nothing writes them.
            let from = unsafe { from_raw_parts(black_box(source), black_box(size)) };
            black_box(shared).copy_from(0, from)?;
            Ok(())
        }),
    ]
}
