//! Objects within a process: create and unlink, open and load.

use crate::peers::{COLUMNS, Named, PEERS, Peer};
use crate::sampling::{Case, Outcome, Samples};
use crate::spawn::Program;
use crate::table::{Budget, Row, Table, column, exact, number};
use crate::{Settings, Unlinked, unique_name};

const SMALL: u64 = 4096;
const LARGE: u64 = 4_000_000_000;

/// What a round does.
#[derive(Clone, Copy)]
enum Job {
    /// Create, size, map, unmap, unlink.
    Create(u64),
    /// Open, check the size, map, load 24 bytes, unmap.
    Open,
}

const JOBS: [Job; 3] = [Job::Create(SMALL), Job::Create(LARGE), Job::Open];

impl Job {
    fn id(self) -> &'static str {
        match self {
            Self::Create(SMALL) => "create-small",
            Self::Create(_) => "create-large",
            Self::Open => "open",
        }
    }

    fn title(self) -> String {
        match self {
            Self::Create(size) => {
                let size = number(exact(size), 0);
                format!("In a process: create, size, map, unmap, unlink {size} bytes")
            }
            Self::Open => "In a process: open, check the size, map, load 24 bytes, unmap".into(),
        }
    }

    /// The round of a peer, if it has one.
    fn case<'a>(self, peer: &Peer, named: &'a Named) -> Option<Case<'a>> {
        match (self, peer.create, peer.open) {
            (Self::Create(size), Some(create), _) => {
                Some(Case::new(peer.label, move || create(named, size)))
            }
            (Self::Open, _, Some(open)) => Some(Case::new(peer.label, move || {
                if open(named)? == COLUMNS {
                    Ok(())
                } else {
                    Err("not the integers that were stored".into())
                }
            })),
            _ => None,
        }
    }

    /// The name of an object for this job. It exists if the job is to open it.
    fn object(self) -> Outcome<(Unlinked, Named)> {
        let text = unique_name(self.id());
        let unlinked = Unlinked::new(&text)?;
        if matches!(self, Self::Open) {
            rawshm::Mapping::create(&unlinked.0, rawshm::Size::Sparse(SMALL))?
                .store(0, &COLUMNS)?;
        }
        Ok((unlinked, Named::new(&text)?))
    }
}

pub fn measure(settings: &Settings) -> Outcome<(Vec<Table>, Vec<Budget>)> {
    let mut tables = Vec::new();
    let mut budgets = Vec::new();
    for job in JOBS {
        let table = table(job, settings)?;
        budgets.extend(promised(&table));
        tables.push(table);
    }
    Ok((tables, budgets))
}

fn table(job: Job, settings: &Settings) -> Outcome<Table> {
    eprintln!("{}", job.title());
    let (_unlinked, named) = job.object()?;
    let mut cases: Vec<Case> = PEERS
        .iter()
        .filter_map(|peer| job.case(peer, &named))
        .collect();
    let samples = Samples::of(&mut cases, settings.lasting(8))?;
    let base = |label| cases.iter().position(|case| case.label == label);
    let (glibc, again, rustix) = (base("glibc"), base("glibc, once more"), base("rustix"));
    let mut rows = Vec::new();
    for (which, case) in cases.iter().enumerate() {
        let ratio = |base: Option<usize>| base.map(|base| samples.ratio(which, base));
        rows.push(Row {
            name: case.label.clone(),
            ours: case.label.starts_with("rawshm"),
            figures: vec![
                calls(job, &case.label)?,
                Some(samples.median(which)),
                Some(samples.spread(which)),
                ratio(glibc),
                ratio(rustix),
            ],
        });
    }
    Ok(Table {
        id: job.id(),
        title: job.title(),
        about: format!("{} batches of each.", samples.count()),
        columns: vec![
            column("calls", "system calls", 0),
            column("ns", "median ns", 0),
            column("spread", "quartiles apart, %", 0),
            column("glibc", "× glibc", 3),
            column("rustix", "× rustix", 3),
        ],
        rows,
        plotted: vec!["ns"],
        noise: glibc
            .zip(again)
            .map_or(0.0, |(one, again)| samples.noise(one, again)),
    })
}

fn promised(table: &Table) -> Vec<Budget> {
    let budget = |what: &str, key: &str| {
        Some(Budget {
            what: format!("{}: {what}", table.id),
            measured: table.figure("rawshm", key)?,
            at_most: 1.0,
            noise: table.noise,
            decimals: 3,
        })
    };
    let fewest = table.rows.iter().filter(|row| !row.ours);
    let fewest = fewest.filter_map(|row| row.figures[0]);
    let calls = table.figure("rawshm", "calls").map(|measured| Budget {
        what: format!("{}: system calls, and the fewest of a peer", table.id),
        measured,
        noise: 0.0,
        at_most: fewest.fold(f64::INFINITY, f64::min),
        decimals: 0,
    });
    [
        budget("× glibc", "glibc"),
        budget("× rustix", "rustix"),
        calls,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The system calls of a round: a tenth of the difference between a process with eleven rounds and
/// one with a single round.
fn calls(job: Job, label: &str) -> Outcome<Option<f64>> {
    let of = |rounds: u32| {
        let arguments = ["--rounds", job.id(), label, &rounds.to_string()];
        Program::new(std::env::current_exe()?, arguments.map(String::from).into())?.calls()
    };
    let (Some(one), Some(eleven)) = (of(1)?, of(11)?) else {
        return Ok(None);
    };
    let more = u32::try_from(eleven - one)?;
    Ok(Some(f64::from(more) / 10.0))
}

/// Runs rounds of a job of a peer, in a process that is traced.
pub fn rounds(job: &str, label: &str, rounds: u32) -> Outcome {
    let job = JOBS
        .into_iter()
        .find(|one| one.id() == job)
        .ok_or("no such job")?;
    let peer = PEERS
        .iter()
        .find(|peer| peer.label == label)
        .ok_or("no such peer")?;
    let (_unlinked, named) = job.object()?;
    let mut case = job.case(peer, &named).ok_or("no such round")?;
    case.run(rounds).map(drop)
}
