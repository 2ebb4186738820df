//! The whole job as a process: the writer's, which creates 4,000,000,000 bytes, stores three
//! integers and exits, and the reader's.

use std::path::Path;

use rawshm::{Extent, Mapping, Name, Options, Size};

use crate::sampling::{Outcome, Samples};
use crate::spawn::{Program, Spawner};
use crate::table::{Budget, Row, Table, column, exact};
use crate::{Settings, Unlinked};

const SIZE: u64 = 4_000_000_000;
const COLUMNS: [i64; 3] = [100, 876, 8021];
const PRINTED: &str = "&{100 876 8021}\n";

const FLOOR: &str = "C without libc, the fewest calls";
const SAME_CALLS: &str = "C without libc, rawshm's calls";
const OURS: &str = "rawshm";
const AGAIN: &str = "C without libc, the fewest calls, once more";

/// The labels of the programs, and the files that run.sh has built. ROLE is writer or reader.
const PROGRAMS: [(&str, &str); 13] = [
    ("a process that does nothing", "bare-nothing"),
    (FLOOR, "bare-ROLE"),
    (AGAIN, "bare-ROLE"),
    (SAME_CALLS, "bare-thorough-ROLE"),
    (OURS, "ROLE"),
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

pub fn measure(settings: &Settings) -> Outcome<(Vec<Table>, Vec<Budget>)> {
    let writer = table(Role::Writer, settings)?;
    let reader = table(Role::Reader, settings)?;
    let budgets = [(&writer, "writer"), (&reader, "reader")]
        .iter()
        .flat_map(|(table, role)| budgets(table, role))
        .collect();
    Ok((vec![writer, reader], budgets))
}

fn budgets(table: &Table, role: &str) -> Vec<Budget> {
    let budget = |what: &str, key: &str, at_most: f64, decimals: usize| {
        Some(Budget {
            what: format!("{role}: {what}"),
            measured: table.figure(OURS, key)?,
            at_most,
            noise: if decimals == 0 { 0.0 } else { table.noise },
            decimals,
        })
    };
    [
        budget("bytes", "bytes", 4096.0, 0),
        budget("system calls", "calls", 8.0, 0),
        budget("user instructions", "instructions", 300.0, 0),
        budget("wall, × C, the fewest calls", "floor", 1.05, 3),
        budget("wall, × C, the same calls", "same", 1.05, 3),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn table(role: Role, settings: &Settings) -> Outcome<Table> {
    eprintln!("the {} as a process", role.name());
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
    let lasting = settings.lasting(if role == Role::Writer { 35 } else { 18 });
    let spawner = Spawner::new()?;
    let samples = Samples::take(programs.len(), lasting, |which| {
        prepare(role, name);
        Ok(spawner.run(&programs[which].1)?.0.as_secs_f64() * 1e6)
    })?;
    let base = |label: &str| programs.iter().position(|one| one.0 == label);
    let noise = match (base(FLOOR), base(AGAIN)) {
        (Some(one), Some(again)) => samples.noise(one, again),
        _ => 0.0,
    };
    let mut rows = Vec::new();
    for (which, (label, program)) in programs.iter().enumerate() {
        prepare(role, name);
        let calls = program.calls()?;
        prepare(role, name);
        let instructions = if settings.quick && is_slow(label) {
            None
        } else {
            Some(exact(
                program.instructions(&settings.programs.join("steps"))?,
            ))
        };
        let ratio = |label| base(label).map(|base| samples.ratio(which, base));
        rows.push(Row {
            name: (*label).into(),
            ours: *label == OURS,
            figures: vec![
                Some(exact(program.bytes()?)),
                calls.map(exact),
                instructions,
                Some(page_faults(role, name, &spawner, program)?),
                Some(samples.median(which)),
                Some(samples.spread(which)),
                ratio(FLOOR),
                ratio(SAME_CALLS),
            ],
        });
    }
    Ok(Table {
        id: role.name(),
        title: format!("The whole job as a process: {}", role.name()),
        about: format!(
            "{} runs of each. Bytes of the stripped executable; system calls, including `execve`\n\
             and `exit_group`; instructions in user mode, from exec to exit; page faults,\n\
             including those of starting; microseconds from `posix_spawn` until the process is\n\
             waited for.{}",
            samples.count(),
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
            column("us", "median µs", 1),
            column("spread", "quartiles apart, %", 0),
            column("floor", "× C, the fewest calls", 3),
            column("same", "× C, rawshm's calls", 3),
        ],
        rows,
        plotted: vec!["us"],
        noise,
    })
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
