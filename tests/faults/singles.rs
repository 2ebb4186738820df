//! One thing goes wrong: each call of each operation fails, is faked, or is the last.

use rawshm_tests::operations::{OPERATIONS, Operation};
use rawshm_tests::rungs::Rung;
use rawshm_tests::watchdog::Progress;

use crate::cell::Cell;
use crate::errnos;
use crate::fault::{Fault, How, Kill, Plan, Side};
use crate::report::Report;
use crate::rotation::Rotation;

const ERRNO: &str = "one call fails: operations";
const FAKED: &str = "one call only reports success: operations";
const KILLED: &str = "killed before and after a call: operations";

/// A way of an operation to the name, and the calls on it.
pub struct Way {
    pub operation: &'static Operation,
    pub rung: Rung,
    pub calls: Vec<&'static str>,
}

impl Way {
    pub fn cell<'a>(&self, plan: Plan<'a>) -> Cell<'a> {
        Cell {
            operation: self.operation,
            rung: self.rung,
            plan,
        }
    }
}

/// The ways of all operations that differ.
pub fn ways() -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for operation in OPERATIONS {
        let first = ways.len();
        for rung in Rung::ALL {
            let mut way = Way {
                operation,
                rung,
                calls: Vec::new(),
            };
            way.calls = longest(|| {
                let mut report = Report::default();
                let calls = way.cell(Plan::default()).run("nothing", &mut report);
                assert!(report.red.is_empty(), "{:?}", report.red);
                calls
            });
            let known = &ways[first..];
            if known.iter().all(|known| differ(&known.calls, &way.calls)) {
                ways.push(way);
            }
        }
    }
    ways
}

/// The calls of a run without a fault: on a loaded machine, a deadline may pass before the sleep
/// that is to be waited in.
pub fn longest(mut run: impl FnMut() -> Vec<&'static str>) -> Vec<&'static str> {
    let runs = [run(), run(), run()];
    let longest = runs.into_iter().max_by_key(Vec::len);
    longest.expect("three runs")
}

/// Whether these are different ways to a name.
pub fn differ(some: &[&str], others: &[&str]) -> bool {
    let count = |calls: &[&str], call| calls.iter().filter(|one| **one == call).count();
    ["flock", "linkat", "renameat2"]
        .iter()
        .any(|call| count(some, *call) != count(others, *call))
}

/// What a call is made to return.
pub fn faults(call: &'static str, at: usize, close_may_fail: bool) -> Vec<Fault> {
    if call == "close" && !close_may_fail {
        return vec![Fault::new(call, at, How::Faked)];
    }
    let refused = errnos::of(call).into_iter().map(How::Refused);
    let mut hows: Vec<_> = refused.collect();
    if call == "close" {
        hows.extend(errnos::OF_CLOSE.iter().copied().map(How::Made));
    }
    hows.push(How::Faked);
    let once = hows.into_iter().map(|how| Fault::new(call, at, how));
    let again = |how| Fault {
        times: 1000,
        ..Fault::new(call, at, how)
    };
    let interrupted = errnos::REPEATED.contains(&call);
    let interrupted = interrupted.then_some(again(How::Refused(libc::EINTR)));
    // Where it is noticed, it is noticed each time.
    let noticed = ["mmap", "pread64", "pwrite64"].contains(&call);
    let noticed = noticed.then_some(again(How::Faked));
    once.chain(interrupted).chain(noticed).collect()
}

pub fn kind(fault: Fault) -> &'static str {
    match fault.how {
        How::Faked => FAKED,
        How::Refused(_) | How::Made(_) => ERRNO,
    }
}

pub fn kills(at: usize) -> [Kill; 2] {
    [Side::Before, Side::After].map(|side| Kill { at, side })
}

/// Runs each cell that is this run's turn.
pub fn every_call(progress: &Progress, mut rotation: Rotation) -> Report {
    let mut report = Report::default();
    for way in ways() {
        for (at, call) in way.calls.iter().enumerate() {
            for fault in faults(call, at, rotation.close_may_fail) {
                if rotation.takes() {
                    progress.step();
                    let faults = &[fault];
                    let plan = Plan { faults, kill: None };
                    way.cell(plan).run(kind(fault), &mut report);
                }
            }
            for kill in kills(at) {
                if rotation.takes() {
                    progress.step();
                    way.cell(Plan::killed(kill)).run(KILLED, &mut report);
                }
            }
        }
    }
    report
}

/// Whether a `close` can be made to fail: in a debug build, rustix asserts that it does not.
pub fn close_may_fail() -> bool {
    let operation = OPERATIONS.iter().find(|one| one.name == "create");
    let mut way = Way {
        operation: operation.expect("an operation"),
        rung: Rung::ByDescriptor,
        calls: Vec::new(),
    };
    way.calls = way
        .cell(Plan::default())
        .run("nothing", &mut Report::default());
    let at = way
        .calls
        .iter()
        .position(|call| *call == "close")
        .expect("it is closed");
    let faults = &[Fault::new("close", at, How::Made(libc::EIO))];
    let mut report = Report::default();
    let plan = Plan { faults, kill: None };
    way.cell(plan).run(ERRNO, &mut report);
    report.red.iter().all(|why| !why.contains("it panics"))
}
