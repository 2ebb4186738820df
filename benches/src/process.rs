//! The whole job as a process: the writer's, which creates 4,000,000,000 bytes, stores three
//! integers and exits, and the reader's.

use std::path::Path;

use rawshm::{Extent, Mapping, Name, Options, Size};

use crate::Unlinked;
use crate::sampling::{Outcome, Samples};
use crate::settings::Settings;
use crate::spawn::{Program, Spawner};
use crate::table::{Measured, Row, Table, column, exact, ratio, verdict};

const SIZE: u64 = 4_000_000_000;
const COLUMNS: [i64; 3] = [100, 876, 8021];
const PRINTED: &str = "&{100 876 8021}\n";

const NOTHING: &str = "a process that does nothing";
const FLOOR: &str = "C without libc, the fewest calls";
const SAME_CALLS: &str = "C without libc, rawshm's calls";
const NOLIBC: &str = "C, the kernel's nolibc";
const OURS: &str = "rawshm";
const AGAIN: &str = "C without libc, the fewest calls, once more";

/// The labels of the programs, and the files that run.sh has built. ROLE is writer or reader.
const PROGRAMS: [(&str, &str); 15] = [
    (NOTHING, "bare-nothing"),
    (FLOOR, "bare-ROLE"),
    (AGAIN, "bare-ROLE"),
    (SAME_CALLS, "bare-thorough-ROLE"),
    (OURS, "ROLE"),
    (NOLIBC, "nolibc-ROLE"),
    ("Zig, without libc", "zig-ROLE"),
    ("C, musl static, tuned flags", "musl-tuned-ROLE"),
    ("C, musl static", "musl-ROLE"),
    ("C, glibc static", "glibc-static-ROLE"),
    ("C, glibc dynamic", "glibc-ROLE"),
    ("Rust std + libc, static", "std_libc-static"),
    ("Rust std + libc", "std_libc"),
    ("Rust memmap2", "memmap2"),
    ("Rust shared_memory", "shared_memory"),
];

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Writer,
    Reader,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Writer => "writer",
            Self::Reader => "reader",
        }
    }

    const fn verb(self) -> &'static str {
        match self {
            Self::Writer => "write",
            Self::Reader => "read",
        }
    }
}

pub fn measure(id: &str, settings: &Settings) -> Outcome<Measured> {
    let role = if id == "writer" {
        Role::Writer
    } else {
        Role::Reader
    };
    let table = table(role, settings)?;
    let budget = |(what, row, key, at_most): (&str, &str, &str, f64)| {
        table.budget(&format!("{id}: {what}"), row, key, at_most)
    };
    let budgets = [
        ("bytes", OURS, "bytes", 4096.0),
        ("system calls", OURS, "calls", 8.0),
        ("user instructions", OURS, "instructions", 300.0),
        ("wall, × C, the fewest calls", FLOOR, "ours", 1.05),
        ("wall, × C, the same calls", SAME_CALLS, "ours", 1.05),
    ];
    let budgets = budgets.into_iter().filter_map(budget).collect();
    Ok(Measured::of(table, budgets))
}

fn table(role: Role, settings: &Settings) -> Outcome<Table> {
    let object = Unlinked::new(&format!("/{}", settings.name))?;
    let name = &object.0;
    let programs = programs(role, settings)?;
    if role == Role::Reader {
        let mapping = Options::new().create_mapping(name, Size::Sparse(SIZE))?;
        mapping.store(0, &COLUMNS)?;
    }
    for (label, program) in &programs {
        prepare(role, name);
        verify(role, name, label, program)?;
    }
    let lasting = settings.lasting(if role == Role::Writer { 10_000 } else { 7_000 });
    let spawner = Spawner::new()?;
    let samples = Samples::take(programs.len(), lasting, |which| {
        prepare(role, name);
        Ok(spawner.run(&programs[which].1)?.0.as_secs_f64() * 1e6)
    })?;
    let place = |label: &str| programs.iter().position(|one| one.0 == label);
    let (floor, again, ours) = (place(FLOOR), place(AGAIN), place(OURS));
    let noise = floor.zip(again);
    let noise = noise.map_or(0.0, |(one, again)| samples.noise(one, again));
    let mut rows = Vec::new();
    for (which, (label, program)) in programs.iter().enumerate() {
        if *label == AGAIN {
            continue;
        }
        let mut figures = counts(role, name, settings, &spawner, label, program)?;
        let ratio = |one: Option<usize>, to: Option<usize>| Some(samples.ratio(one?, to?));
        figures.extend([
            Some(samples.median(which)),
            Some(samples.p99(which)),
            Some(samples.spread(which)),
            ratio(Some(which), floor),
            ratio(ours.filter(|ours| *ours != which), Some(which)),
        ]);
        rows.push(Row::new(label, *label == OURS, figures, noise).because(why(label)));
    }
    Ok(Table {
        id: role.name().into(),
        title: format!("The whole job as a process: {}", role.name()),
        about: format!(
            "Bytes of the stripped executable; system calls, including `execve` and `exit_group`;\n\
             instructions in user mode, from exec to exit; page faults, including those of\n\
             starting; microseconds from `posix_spawn` until the process is waited for.{}",
            if settings.name == Settings::DEFAULT_NAME {
                ""
            } else {
                "\nrawshm has read a name from its arguments, which takes instructions that its\n\
                 budget does not cover."
            }
        ),
        columns: vec![
            column("bytes", "bytes", 0),
            column("calls", "system calls", 0),
            column("instructions", "user instructions", 0),
            column("faults", "page faults", 0),
            column("p50", "p50, µs", 1),
            column("p99", "p99, µs", 1),
            column("spread", "spread, %", 0),
            ratio("floor", "× C, the fewest calls", 3),
            verdict("ours", "rawshm, × this one's time", 3),
        ],
        rows,
        plotted: vec!["p50".into()],
    })
}

/// Why rawshm may take longer.
fn why(label: &str) -> &'static str {
    match label {
        NOTHING => "A process that does nothing is the floor of all processes",
        FLOOR => {
            "It takes no arguments, has no error texts, and makes fewer calls: it unlinks no \
                  old object, and leaves closing and unmapping to its exit"
        }
        SAME_CALLS | NOLIBC => "It takes no arguments, and its pages hold no error texts",
        _ => "",
    }
}

/// Bytes, calls, instructions and page faults. All but the bytes are counted in one of the
/// processes only.
fn counts(
    role: Role,
    name: &Name,
    settings: &Settings,
    spawner: &Spawner,
    label: &str,
    program: &Program,
) -> Outcome<Vec<Option<f64>>> {
    let bytes = Some(exact(program.bytes()?));
    if !settings.is_first() {
        return Ok(vec![bytes, None, None, None]);
    }
    prepare(role, name);
    let calls = program.calls()?.map(exact);
    prepare(role, name);
    let instructions = if settings.quick && is_slow(label) {
        None
    } else {
        let steps = settings.programs.join("steps");
        Some(exact(program.instructions(&steps)?))
    };
    let faults = page_faults(role, name, spawner, program)?;
    Ok(vec![bytes, calls, instructions, Some(faults)])
}

/// The programs that exist. run.sh has reported those that are missing.
fn programs(role: Role, settings: &Settings) -> Outcome<Vec<(&'static str, Program)>> {
    let mut programs = Vec::new();
    for (label, file) in PROGRAMS {
        let path = settings.programs.join(file.replace("ROLE", role.name()));
        if path.exists() {
            let arguments = arguments(label, &path, role, &settings.name);
            programs.push((label, Program::new(path, arguments)?));
        }
    }
    Ok(programs)
}

/// C programs have the name compiled in. Ours runs without arguments, as its users run it, if no
/// other process can use its default name.
fn arguments(label: &str, path: &Path, role: Role, name: &str) -> Vec<String> {
    let slashed = format!("/{name}");
    match label {
        OURS if name == Settings::DEFAULT_NAME => vec![],
        OURS => vec!["-n".into(), slashed],
        _ if path.file_name().is_some_and(|file| !is_rust(file)) => vec![],
        _ => vec![role.verb().into(), slashed],
    }
}

fn is_rust(file: &std::ffi::OsStr) -> bool {
    ["std_libc-static", "std_libc", "memmap2", "shared_memory"]
        .map(Some)
        .contains(&file.to_str())
}

/// Whether counting the program's instructions takes seconds.
fn is_slow(label: &str) -> bool {
    label.starts_with("Rust") || label.ends_with("dynamic")
}

/// Removes the object before each writer runs.
fn prepare(role: Role, name: &Name) {
    if role == Role::Writer {
        let _ = rawshm::unlink(name);
    }
}

/// The median of a few runs: one or two faults depend on where the kernel puts the stack and the
/// executable.
fn page_faults(role: Role, name: &Name, spawner: &Spawner, program: &Program) -> Outcome<f64> {
    let mut counts = [0; 15];
    for count in &mut counts {
        prepare(role, name);
        *count = spawner.run(program)?.1;
    }
    counts.sort_unstable();
    Ok(exact(counts[counts.len() / 2].try_into()?))
}

/// Checks that a program does the job.
fn verify(role: Role, name: &Name, label: &str, program: &Program) -> Outcome {
    let printed = program.output()?;
    let done = match role {
        _ if label.ends_with("nothing") => true,
        Role::Reader => printed == PRINTED,
        Role::Writer => {
            let object = rawshm::Object::open(name)?;
            let mapping: Mapping<_> = object.map(Extent::first(24))?;
            object.size()? == SIZE && mapping.load::<[i64; 3]>(0)? == COLUMNS
        }
    };
    if done {
        Ok(())
    } else {
        Err(format!("{label} does not do the {}'s job", role.name()).into())
    }
}
