//! Objects within a process: create and unlink, open and load.

use crate::group::{self, Thing};
use crate::peers::{AGAIN, COLUMNS, Named, PEERS, Peer};
use crate::sampling::{Case, Outcome, Samples};
use crate::settings::Settings;
use crate::spawn::Program;
use crate::table::{Budget, Figure, Measured, Table, column, exact};
use crate::text::number;
use crate::{Unlinked, unique_name};

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
            (Self::Create(size), Some(create), _) => Some(Case::new(move || create(named, size))),
            (Self::Open, _, Some(open)) => Some(Case::new(move || {
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

pub fn measure(id: &str, settings: &Settings) -> Outcome<Measured> {
    let job = JOBS.into_iter().find(|job| job.id() == id);
    let table = table(job.ok_or("no such job")?, settings)?;
    let budgets = promised(&table);
    Ok(Measured::of(table, budgets))
}

fn table(job: Job, settings: &Settings) -> Outcome<Table> {
    let (_unlinked, named) = job.object()?;
    let all = PEERS.iter().map(|peer| (peer, job.case(peer, &named)));
    let (peers, mut cases): (Vec<&Peer>, Vec<Case>) =
        all.filter_map(|(peer, case)| Some((peer, case?))).unzip();
    let samples = Samples::of(&mut cases, settings.lasting(3000))?;
    let things: Vec<Thing> = peers.iter().map(|peer| thing(peer)).collect();
    let mut rows = group::rows("", &things, &samples, 1.0);
    for row in &mut rows {
        let calls = if settings.is_first() {
            calls(job, &row.name)?
        } else {
            None
        };
        row.figures.insert(0, calls.map(Figure::of));
    }
    let mut columns = group::columns_with("ns", 0, 3);
    columns.insert(0, column("calls", "system calls", 0));
    Ok(Table {
        id: job.id().into(),
        title: job.title(),
        about: "Each round checks the name, and every call.".into(),
        columns,
        rows,
        plotted: vec!["p50".into()],
    })
}

fn thing(peer: &Peer) -> Thing {
    Thing {
        name: peer.label.into(),
        ours: peer.label.starts_with("rawshm"),
        why: "Both make the same calls. rawshm also checks the name, that what it opens is a file, \
              and that the size fits",
        again: peer.label == AGAIN,
    }
}

fn promised(table: &Table) -> Vec<Budget> {
    let budget = |peer: &str| {
        let what = format!("{}: × {peer}", table.id);
        table.budget(&what, peer, "ours", 1.0)
    };
    let fewest = table.rows.iter().filter(|row| !row.ours);
    let fewest = fewest.filter_map(|row| Some(row.figures[0]?.median));
    let calls = table.budget(
        &format!("{}: system calls, and the fewest of a peer", table.id),
        "rawshm",
        "calls",
        fewest.fold(f64::INFINITY, f64::min),
    );
    [budget("glibc"), budget("rustix"), calls]
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
