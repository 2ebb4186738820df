//! A run: several processes for each table, one after the other, and what they have measured
//! together.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::child::{another_processor, end_with_the_parent, stay_on_one_processor};
use crate::sampling::Outcome;
use crate::settings::{Settings, Take};
use crate::table::Measured;
use crate::unique_prefix;
use crate::{beside, copies, growth, objects, polls, process, replaces, report, values, wakes};

/// What a process measures at a time.
struct Unit {
    id: &'static str,
    /// For the lines that say how far the run is.
    what: &'static str,
    measure: Measure,
}

enum Measure {
    Here(fn(&str, &Settings) -> Outcome<Measured>),
    /// With another processor.
    Beside(fn(usize, &Settings) -> Outcome<Measured>),
}

const fn here(
    id: &'static str,
    what: &'static str,
    measure: fn(&str, &Settings) -> Outcome<Measured>,
) -> Unit {
    let measure = Measure::Here(measure);
    Unit { id, what, measure }
}

const fn beside(
    id: &'static str,
    what: &'static str,
    measure: fn(usize, &Settings) -> Outcome<Measured>,
) -> Unit {
    let measure = Measure::Beside(measure);
    Unit { id, what, measure }
}

/// In the order of the tables.
const UNITS: &[Unit] = &[
    here("writer", "the writer as a process", process::measure),
    here("reader", "the reader as a process", process::measure),
    here("create-small", "creating 4,096 bytes", objects::measure),
    here(
        "create-large",
        "creating 4,000,000,000 bytes",
        objects::measure,
    ),
    here("open", "opening", objects::measure),
    here("replace-small", "replacing 24 bytes", replaces::measure),
    here("replace-large", "replacing 1 MiB", replaces::measure),
    here("copies", "copies in the caches", copies::measure),
    here(
        "copies-unaligned",
        "copies in the caches, unaligned",
        copies::measure,
    ),
    here(
        "copies-apart",
        "copies in the caches, at different places",
        copies::measure,
    ),
    here("copies-far", "copies out of the caches", copies::measure),
    here(
        "copies-far-unaligned",
        "copies out of the caches, unaligned",
        copies::measure,
    ),
    here("loads", "loads by size", values::measure),
    here("stores", "stores by size", values::measure),
    here("slots", "loads and stores by slots", values::by_slots),
    here("wakes", "waking", wakes::measure),
    here("fan-out", "waking several", wakes::fan_out),
    beside("polls", "polling", polls::measure),
    beside("beside", "loads beside a writer", beside::measure),
    here("growth-size", "growth by size", growth::by_size),
    here(
        "growth-reserved",
        "growth by reserved size",
        growth::by_reserved,
    ),
    here(
        "growth-others",
        "growth by other objects",
        growth::by_others,
    ),
    here("growth-readers", "growth by readers", growth::by_readers),
];

/// Many times what a unit takes.
const SECONDS_AT_MOST: u32 = 300;

/// Measures everything, or in one of the processes its part.
pub fn measure(settings: &Settings) -> Outcome {
    match &settings.take {
        Some(take) => serve(settings, take),
        None => measure_all(settings),
    }
}

/// Measures a unit in this process, and prints the figures for the one that has started it.
fn serve(settings: &Settings, take: &Take) -> Outcome {
    end_with_the_parent();
    // SAFETY: it has no preconditions. The signal ends a process that would not end.
    unsafe { libc::alarm(SECONDS_AT_MOST) };
    stay_on_one_processor()?;
    let unit = UNITS.iter().find(|one| one.id == take.unit);
    let unit = unit.ok_or("no such unit")?;
    let measured = match unit.measure {
        Measure::Here(measure) => measure(unit.id, settings)?,
        Measure::Beside(measure) => match another_processor() {
            Some(other) => measure(other, settings)?,
            None => Measured::left_out(format!("for lack of a second processor: {}", unit.what)),
        },
    };
    serde_json::to_writer(std::io::stdout().lock(), &measured)?;
    Ok(std::io::stdout().flush()?)
}

/// The processes of a table are spread over the whole run, since a machine has states that last for
/// seconds or minutes.
fn measure_all(settings: &Settings) -> Outcome {
    let begin = Instant::now();
    let rounds = settings.processes();
    let mut taken: Vec<Vec<Measured>> = UNITS.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for (unit, taken) in UNITS.iter().zip(&mut taken) {
            eprintln!(
                "{:4} s, round {} of {rounds}: {}",
                begin.elapsed().as_secs(),
                round + 1,
                unit.what
            );
            taken.push(in_a_process(unit.id, round)?);
        }
    }
    eprintln!("{:4} s: all measured", begin.elapsed().as_secs());
    let mut all = Measured::default();
    for measured in taken {
        let one = merged(measured);
        all.tables.extend(one.tables);
        all.budgets.extend(one.budgets);
        all.left_out.extend(one.left_out);
    }
    report::write(settings, all)
}

fn in_a_process(unit: &str, round: usize) -> Outcome<Measured> {
    let process = Command::new(std::env::current_exe()?)
        .args(["--take", unit, &round.to_string()])
        .args(std::env::args_os().skip(1))
        .stdout(Stdio::piped())
        .spawn()?;
    let names = unique_prefix(process.id());
    let output = process.wait_with_output()?;
    remove_left(&names);
    if !output.status.success() {
        return Err(format!("{unit}: {}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Removes what a process has left, since it was killed or a peer does not clean up.
fn remove_left(names: &str) {
    for folder in ["/dev/shm", "/tmp"] {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let left = entries.filter(|one| one.file_name().to_string_lossy().starts_with(names));
        for path in left.map(|entry| entry.path()) {
            let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir_all(&path));
        }
    }
}

/// What several processes have measured of the same unit.
fn merged(taken: Vec<Measured>) -> Measured {
    let mut others = taken.into_iter();
    let mut all = others.next().unwrap_or_default();
    let others: Vec<Measured> = others.collect();
    for (place, table) in all.tables.iter_mut().enumerate() {
        let same = others.iter().filter_map(|one| one.tables.get(place));
        table.merge(&same.cloned().collect::<Vec<_>>());
    }
    let budgets: Vec<_> = others.iter().flat_map(|one| one.budgets.clone()).collect();
    for budget in &mut all.budgets {
        budget.merge(&budgets);
    }
    let left_out = others.into_iter().flat_map(|one| one.left_out);
    for what in left_out {
        if !all.left_out.contains(&what) {
            all.left_out.push(what);
        }
    }
    all
}
