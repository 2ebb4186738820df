//! How times grow: with the size of an object, with how much of it is reserved, with the number of
//! other objects, and with that of the readers.

use rawshm::snapshot::{Reader, Writer};
use rawshm::{Mapping, Name, Size};

use crate::child::Child;
use crate::fans::pipes;
use crate::peers::{Named, glibc_create, glibc_open, glibc_reserve, rawshm_create, rawshm_open};
use crate::sampling::{Case, Outcome, Samples};
use crate::settings::Settings;
use crate::table::{Measured, Row, Table, column, exact, verdict};
use crate::text::number;
use crate::{Unlinked, unique_name};

const SIZES: [u64; 6] = [
    4 << 10,
    64 << 10,
    1 << 20,
    16 << 20,
    256 << 20,
    4_000_000_000,
];
const RESERVED: [u64; 5] = [4 << 10, 64 << 10, 1 << 20, 16 << 20, 64 << 20];
const OTHERS: [usize; 5] = [0, 10, 100, 1_000, 10_000];
const READERS: [usize; 4] = [1, 10, 100, 1_000];

const SAME: &str = "Both make the same calls. rawshm also checks the name and what it opens";
const RESERVE: &str = "rawshm makes a call more: it sets the size before it reserves the memory";

/// Rounds of creating, and of opening, with rawshm and with glibc; the first once more.
struct Rounds<'a> {
    create: [Case<'a>; 2],
    open: [Case<'a>; 2],
    again: Case<'a>,
    why: &'static str,
}

impl Rounds<'_> {
    fn row(self, name: &str, settings: &Settings) -> Outcome<Row> {
        let ([one, two], [three, four]) = (self.create, self.open);
        let mut cases = [one, two, three, four, self.again];
        let samples = Samples::of(&mut cases, settings.lasting(600))?;
        let pair = |ours: usize, other: usize| {
            let (median, p99) = (samples.median(ours), samples.p99(ours));
            let spread = samples.spread(ours);
            [
                median,
                p99,
                spread,
                samples.median(other),
                samples.ratio(ours, other),
            ]
            .map(Some)
        };
        let figures = [pair(0, 1), pair(2, 3)].concat();
        Ok(Row::new(name, true, figures, samples.noise(0, 4)).because(self.why))
    }
}

fn table(id: &str, title: &str, about: &str, rows: Vec<Row>) -> Measured {
    let table = Table {
        id: id.into(),
        title: title.into(),
        about: about.into(),
        columns: vec![
            column("create_p50", "create, p50 ns", 0),
            column("create_p99", "p99, ns", 0),
            column("create_spread", "spread, %", 0),
            column("create_glibc", "glibc, p50 ns", 0),
            verdict("create", "create, × glibc", 2),
            column("open_p50", "open, p50 ns", 0),
            column("open_p99", "p99, ns", 0),
            column("open_spread", "spread, %", 0),
            column("open_glibc", "glibc, p50 ns", 0),
            verdict("open", "open, × glibc", 2),
        ],
        rows,
        plotted: ["create_p50", "open_p50"].map(String::from).into(),
    };
    Measured::of(table, Vec::new())
}

const ROUNDS: &str = "To create: create, size, map, unmap, unlink. To open: open, check the size,\n\
                      map, load 24 bytes, unmap.";

/// Rounds of creating objects of a size, and of opening one of that size.
fn rounds<'a>(
    created: &'a Named,
    opened: &'a Named,
    size: u64,
    create: [fn(&Named, u64) -> Outcome; 2],
) -> Rounds<'a> {
    let [ours, other] = create;
    let open = |open: fn(&Named) -> Outcome<[i64; 3]>| Case::new(move || open(opened).map(drop));
    Rounds {
        create: [ours, other].map(|one| Case::new(move || one(created, size))),
        open: [open(rawshm_open), open(glibc_open)],
        again: Case::new(move || ours(created, size)),
        why: SAME,
    }
}

/// Names for an object to create and one to open, and an object under the latter.
fn names(size: Size) -> Outcome<([Unlinked; 2], [Named; 2])> {
    let texts = ["growth-created", "growth-opened"].map(unique_name);
    let [one, two] = texts.each_ref().map(|text| Unlinked::new(text));
    let unlinked = [one?, two?];
    Mapping::create(&unlinked[1].0, size)?;
    let [one, two] = texts.each_ref().map(|text| Named::new(text));
    Ok((unlinked, [one?, two?]))
}

fn by(
    sizes: &[u64],
    size: fn(u64) -> Size,
    create: [fn(&Named, u64) -> Outcome; 2],
    why: &'static str,
    settings: &Settings,
) -> Outcome<Vec<Row>> {
    let row = |bytes: &u64| {
        let (_unlinked, [created, opened]) = names(size(*bytes))?;
        let name = format!("{} B", number(exact(*bytes), 0));
        let rounds = rounds(&created, &opened, *bytes, create);
        Rounds { why, ..rounds }.row(&name, settings)
    };
    sizes.iter().map(row).collect()
}

pub fn by_size(id: &str, settings: &Settings) -> Outcome<Measured> {
    let create = [rawshm_create, glibc_create];
    let rows = by(&SIZES, Size::Sparse, create, SAME, settings)?;
    let about = format!("Sparse objects. {ROUNDS}");
    Ok(table(id, "Growth by the size of an object", &about, rows))
}

pub fn by_reserved(id: &str, settings: &Settings) -> Outcome<Measured> {
    let reserve = |named: &Named, size| {
        let name = Name::new(named.text())?;
        drop(Mapping::create(&name, Size::Reserved(size))?);
        Ok(rawshm::unlink(&name)?)
    };
    let create = [reserve, glibc_reserve];
    let rows = by(&RESERVED, Size::Reserved, create, RESERVE, settings)?;
    let about = format!("With all of its memory; glibc's with `posix_fallocate`.\n{ROUNDS}");
    Ok(table(id, "Growth by the reserved size", &about, rows))
}

pub fn by_others(id: &str, settings: &Settings) -> Outcome<Measured> {
    let mut others = Vec::new();
    let mut rows = Vec::new();
    for count in OTHERS {
        while others.len() < count {
            let other = Unlinked::new(&unique_name(&format!("other-{}", others.len())))?;
            drop(Mapping::create(&other.0, Size::Sparse(4096))?);
            others.push(other);
        }
        let (_unlinked, [created, opened]) = names(Size::Sparse(4096))?;
        let rounds = rounds(&created, &opened, 4096, [rawshm_create, glibc_create]);
        rows.push(rounds.row(&number(exact(count.try_into()?), 0), settings)?);
    }
    let about =
        format!("Objects of 4,096 bytes, beside this many others in the directory.\n{ROUNDS}");
    let title = "Growth by the number of other objects";
    Ok(table(id, title, &about, rows))
}

/// Another process that has mapped a snapshot as often as this.
fn attached(name: &Name, count: usize) -> Outcome<Child> {
    let mut ends = pipes(1)?;
    let child = Child::start(|| {
        let all: Result<Vec<_>, _> = (0..count).map(|_| Reader::<[u64; 3]>::open(name)).collect();
        let _ = (ends.send)(u64::from(all.is_ok()));
        loop {
            std::thread::park();
        }
    })?;
    let mut said = ends.receive.pop().ok_or("a pipe without an end")?;
    match said()? {
        1 => Ok(child),
        _ => Err("readers that cannot be attached".into()),
    }
}

pub fn by_readers(id: &str, settings: &Settings) -> Outcome<Measured> {
    let mut rows = Vec::new();
    for count in READERS {
        let text = unique_name("growth-readers");
        let unlinked = Unlinked::new(&text)?;
        let mut writer = Writer::create(&unlinked.0, 4, &[1_u64; 3])?;
        let named = Named::new(&text)?;
        let _child = attached(&unlinked.0, count)?;
        let reader = Reader::<[u64; 3]>::open(&unlinked.0)?;
        let opened = || Ok(Reader::<[u64; 3]>::open(&unlinked.0).map(drop)?);
        let mut cases = [
            Case::new(opened),
            Case::new(|| glibc_open(&named).map(drop)),
            Case::new(|| Ok(reader.load().map(|_| ())?)),
            Case::new(opened),
        ];
        let samples = Samples::of(&mut cases, settings.lasting(400))?;
        drop(cases);
        let store = Case::new(|| {
            writer.store(&[2; 3]);
            Ok(())
        });
        let stores = Samples::of(&mut [store], settings.lasting(100))?;
        let wake = Case::new(|| Ok(writer.notify().map(|_| ())?));
        let wakes = Samples::of(&mut [wake], settings.lasting(100))?;
        let figures = vec![
            Some(samples.median(0)),
            Some(samples.p99(0)),
            Some(samples.spread(0)),
            Some(samples.median(1)),
            Some(samples.ratio(0, 1)),
            Some(samples.median(2)),
            Some(stores.median(0)),
            Some(wakes.median(0)),
        ];
        let name = number(exact(count.try_into()?), 0);
        let why = "To attach is also to read and check a snapshot's header, and to map it whole";
        rows.push(Row::new(&name, true, figures, samples.noise(0, 3)).because(why));
    }
    let table = Table {
        id: id.into(),
        title: "Growth by the number of attached readers".into(),
        about: "Another process has mapped a snapshot of 24 bytes this many times. None of its\n\
                readers sleeps. To attach: open, check, map, unmap; glibc's maps the same object."
            .into(),
        columns: vec![
            column("attach_p50", "attach, p50 ns", 0),
            column("attach_p99", "p99, ns", 0),
            column("attach_spread", "spread, %", 0),
            column("attach_glibc", "glibc, p50 ns", 0),
            verdict("attach", "attach, × glibc", 2),
            column("load", "load, p50 ns", 1),
            column("store", "store, p50 ns", 1),
            column("notify", "notify, p50 ns", 0),
        ],
        rows,
        plotted: vec!["attach_p50".into()],
    };
    Ok(Measured::of(table, Vec::new()))
}
