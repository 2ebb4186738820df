//! All measurements, side by side with the peers. README.md explains them.

mod beside;
mod cells;
mod child;
mod copies;
mod copy_cases;
mod fans;
mod group;
mod growth;
mod locks;
mod objects;
mod peers;
mod plot;
mod polls;
mod process;
mod replaces;
mod report;
mod run;
mod sampling;
mod settings;
mod spawn;
mod table;
mod text;
mod values;
mod wakes;

use std::process::ExitCode;

use rawshm::Name;

pub use cells::{Batches, Cell, Cells, New};
pub use fans::Fan;
pub use sampling::Outcome;
use settings::Settings;

const USAGE: &str = "usage: measure [--quick] [--name NAME] PROGRAMS RESULTS MACHINE
       measure --rounds JOB PEER ROUNDS";

/// A peer that a program of its own adds to the tables, since not every machine can build it.
pub struct Peer {
    pub name: &'static str,
    pub cells: Cells,
    pub fan: fn(usize) -> Outcome<Fan>,
    /// Why rawshm may be slower, for the lines where it is: at loads, at stores, and at wakes.
    pub why: [&'static str; 3],
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

/// A name that no other process uses, with a slash. If this process is killed, the one that has
/// started it removes the name, or run.sh.
pub fn unique_name(what: &str) -> String {
    format!("/{}{what}", unique_prefix(std::process::id()))
}

/// How all names of a process begin.
fn unique_prefix(process: u32) -> String {
    let run = std::env::var("RAWSHM_BENCH_RUN").unwrap_or_default();
    format!("rawshm-bench-{run}-{process}-")
}

/// Runs what the arguments of the process say.
pub fn main(peers: &'static [Peer]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--rounds", job, peer, rounds] => rounds
            .parse()
            .map_err(Into::into)
            .and_then(|rounds| objects::rounds(job, peer, rounds)),
        _ => match Settings::parse(arguments.into_iter(), peers) {
            Some(settings) => run::measure(&settings),
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
