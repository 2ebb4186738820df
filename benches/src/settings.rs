//! The settings of a run.

use std::path::PathBuf;
use std::time::Duration;

use crate::Peer;

/// What one of the processes of a run is to do.
pub struct Take {
    pub unit: String,
    /// How many processes have taken this unit before.
    pub round: usize,
}

pub struct Settings {
    pub quick: bool,
    /// The name of the writers' and readers' object, without its slash.
    pub name: String,
    /// None in the process that starts the others.
    pub take: Option<Take>,
    /// The folder with the programs that run.sh has built, and its list of what it left out.
    pub programs: PathBuf,
    pub results: PathBuf,
    /// A description of this machine.
    pub machine: String,
    pub peers: &'static [Peer],
}

impl Settings {
    /// The static pair's default name. Only for a run with a private /dev/shm: elsewhere other
    /// processes may use it.
    pub const DEFAULT_NAME: &'static str = "my_shm";

    pub fn parse(
        mut arguments: impl Iterator<Item = String>,
        peers: &'static [Peer],
    ) -> Option<Self> {
        let (mut quick, mut name, mut operands) = (false, Self::DEFAULT_NAME.into(), Vec::new());
        let mut take = None;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => quick = true,
                "--name" => name = arguments.next()?,
                "--take" => {
                    let (unit, round) = (arguments.next()?, arguments.next()?.parse().ok()?);
                    take = Some(Take { unit, round });
                }
                _ => operands.push(argument),
            }
        }
        let [programs, results, machine] = operands.try_into().ok()?;
        Some(Self {
            quick,
            name,
            take,
            programs: programs.into(),
            results: results.into(),
            machine,
            peers,
        })
    }

    /// The number of processes that take each table.
    pub fn processes(&self) -> usize {
        if self.quick { 2 } else { 5 }
    }

    /// Whether this is the first process that takes its table. Only that one counts what is the
    /// same every time.
    pub fn is_first(&self) -> bool {
        self.take.as_ref().is_none_or(|take| take.round == 0)
    }

    /// How long to measure something for which each process of a full run takes this many
    /// milliseconds.
    pub fn lasting(&self, milliseconds: u64) -> Duration {
        let full = Duration::from_millis(milliseconds);
        if self.quick { full / 12 } else { full }
    }
}
