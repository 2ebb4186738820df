//! All measurements, side by side with the peers. `benches/run.sh` runs it, and README.md explains
//! them.

mod beside;
mod child;
mod copies;
mod copy_cases;
mod objects;
mod peers;
mod plot;
mod polls;
mod process;
mod sampling;
mod snapshots;
mod spawn;
mod table;
mod wakes;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use rawshm::Name;

use sampling::Outcome;
use table::{Budget, Table, budgets_json, budgets_markdown, quoted};

const USAGE: &str = "usage: measure [--quick] [--name NAME] PROGRAMS RESULTS MACHINE
       measure --rounds JOB PEER ROUNDS";

/// The settings of this run.
struct Settings {
    quick: bool,
    /// The name of the writers' and readers' object, without its slash.
    name: String,
    /// The folder with the programs that run.sh has built.
    programs: PathBuf,
    results: PathBuf,
    /// A description of this machine.
    machine: String,
}

impl Settings {
    /// The static pair's default name. Only for a run with a private /dev/shm: elsewhere other
    /// processes may use it.
    const DEFAULT_NAME: &'static str = "my_shm";

    fn parse(mut arguments: impl Iterator<Item = String>) -> Option<Self> {
        let (mut quick, mut name, mut operands) = (false, Self::DEFAULT_NAME.into(), Vec::new());
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => quick = true,
                "--name" => name = arguments.next()?,
                _ => operands.push(argument),
            }
        }
        let [programs, results, machine] = operands.try_into().ok()?;
        Some(Self {
            quick,
            name,
            programs: programs.into(),
            results: results.into(),
            machine,
        })
    }

    /// How long to measure something for which a full run takes this many seconds.
    fn lasting(&self, seconds: u64) -> Duration {
        let full = Duration::from_secs(seconds);
        if self.quick { full / 12 } else { full }
    }
}

/// A name that is unlinked on drop, also if a measurement fails.
struct Unlinked(Name);

impl Unlinked {
    fn new(name: &str) -> Outcome<Self> {
        Ok(Self(Name::new(name)?))
    }
}

impl Drop for Unlinked {
    fn drop(&mut self) {
        let _ = rawshm::unlink(&self.0);
    }
}

/// A name that no other process uses. If this process is killed, run.sh removes it by its prefix.
fn unique_name(what: &str) -> String {
    let run = std::env::var("RAWSHM_BENCH_RUN").unwrap_or_default();
    format!("/rawshm-bench-{run}-{}-{what}", std::process::id())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--rounds", job, peer, rounds] => rounds
            .parse()
            .map_err(Into::into)
            .and_then(|rounds| objects::rounds(job, peer, rounds)),
        _ => match Settings::parse(arguments.into_iter()) {
            Some(settings) => measure(&settings),
            None => Err(USAGE.into()),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(settings: &Settings) -> Outcome {
    stay_on_one_processor()?;
    let (mut tables, mut budgets) = process::measure(settings)?;
    let (more_tables, more_budgets) = objects::measure(settings)?;
    tables.extend(more_tables);
    budgets.extend(more_budgets);
    let (more_tables, more_budgets) = copies::measure(settings)?;
    tables.extend(more_tables);
    budgets.extend(more_budgets);
    let (more_tables, more_budgets) = snapshots::measure(settings)?;
    tables.extend(more_tables);
    budgets.extend(more_budgets);
    if let Some(other) = another_processor() {
        for measure in [polls::measure, beside::measure] {
            let (more_table, more_budgets) = measure(other, settings)?;
            tables.push(more_table);
            budgets.extend(more_budgets);
        }
    } else {
        eprintln!("left out for lack of a second processor: polling, and loads beside a writer");
    }
    write(settings, &tables, &budgets)
}

/// Keeps this process and its children on the processor whose caches they fill. This removes most
/// of the noise.
fn stay_on_one_processor() -> Outcome {
    // SAFETY: it has no preconditions.
    stay_on(unsafe { libc::sched_getcpu() }.try_into()?)
}

/// A processor that this machine has, and this process does not run on.
fn another_processor() -> Option<usize> {
    // SAFETY: neither has preconditions.
    let (here, all) = unsafe {
        (
            libc::sched_getcpu(),
            libc::sysconf(libc::_SC_NPROCESSORS_ONLN),
        )
    };
    let (here, all): (usize, usize) = (here.try_into().ok()?, all.try_into().ok()?);
    (0..all).find(|processor| *processor != here)
}

/// Keeps this process on a processor.
fn stay_on(processor: usize) -> Outcome {
    // SAFETY: all zeros is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number of a processor is in the range of the set.
    unsafe { libc::CPU_SET(processor, &mut set) };
    // SAFETY: the set is readable for its size.
    match unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error().into()),
    }
}

fn write(settings: &Settings, tables: &[Table], budgets: &[Budget]) -> Outcome {
    // In two lines, as they are long.
    let machine = settings.machine.replace(", rustc", ",\nrustc");
    let mut text = format!("{machine}\n\n{}", budgets_markdown(budgets));
    for table in tables {
        text += "\n";
        text += &table.markdown();
        let plot = settings.results.join(table.id).with_extension("svg");
        fs::write(plot, plot::svg(table))?;
    }
    print!("{text}");
    fs::write(settings.results.join("results.md"), text)?;
    fs::write(
        settings.results.join("results.json"),
        json(settings, tables, budgets),
    )?;
    Ok(())
}

fn json(settings: &Settings, tables: &[Table], budgets: &[Budget]) -> String {
    let tables: Vec<_> = tables.iter().map(Table::json).collect();
    format!(
        "{{\"machine\": {}, \"quick\": {},\n\"budgets\": [\n{}\n],\n\"tables\": [\n{}\n]}}\n",
        quoted(&settings.machine),
        settings.quick,
        budgets_json(budgets),
        tables.join(",\n")
    )
}
