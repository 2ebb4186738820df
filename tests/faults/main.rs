//! Every call of every operation fails with every errno, on each way to a name.

#![cfg(target_os = "linux")]

mod cell;
mod programs;
mod report;

use cell::{Cell, Fault};
use rawshm_tests::operations::{OPERATIONS, Operation};
use rawshm_tests::random::Random;
use rawshm_tests::rungs::Rung;
use rawshm_tests::watchdog::{Progress, watched};
use report::Report;

/// What a kernel, a file system or a filter may answer.
const ERRNOS: &[i32] = &[
    libc::EINTR,
    libc::EAGAIN,
    libc::ENOMEM,
    libc::ENOSPC,
    libc::EDQUOT,
    libc::EMFILE,
    libc::ENFILE,
    libc::EACCES,
    libc::EPERM,
    libc::EROFS,
    libc::EIO,
    libc::EINVAL,
    libc::ENOSYS,
    libc::EEXIST,
    libc::ENOENT,
    libc::EBUSY,
    libc::EOVERFLOW,
    libc::EFBIG,
    libc::EOPNOTSUPP,
    libc::ENOLCK,
];

/// What a signal may interrupt.
const INTERRUPTIBLE: &[&str] = &[
    "fallocate",
    "fcntl",
    "flock",
    "ftruncate",
    "futex",
    "nanosleep",
    "openat",
    "ppoll",
    "read",
];

/// The ways of an operation to the name that differ, and the calls on each.
fn ways(operation: &'static Operation, report: &mut Report) -> Vec<(Rung, Vec<&'static str>)> {
    let mut ways: Vec<(Rung, Vec<&str>)> = Vec::new();
    for rung in Rung::ALL {
        let faults = &[];
        let calls = Cell {
            operation,
            rung,
            faults,
        }
        .run(report);
        if ways.iter().all(|(_, known)| *known != calls) {
            ways.push((rung, calls));
        }
    }
    ways
}

fn every_call_fails(progress: &Progress, mut rotation: Rotation) -> Report {
    let mut report = Report::default();
    for operation in OPERATIONS {
        for (rung, calls) in ways(operation, &mut report) {
            for (at, call) in calls.iter().enumerate() {
                let mut run = |fault| {
                    if !rotation.takes() {
                        return;
                    }
                    progress.step();
                    let faults = &[fault];
                    Cell {
                        operation,
                        rung,
                        faults,
                    }
                    .run(&mut report);
                };
                for errno in ERRNOS {
                    run(Fault::once(call, at, *errno));
                }
                if INTERRUPTIBLE.contains(call) {
                    let once = Fault::once(call, at, libc::EINTR);
                    run(Fault {
                        times: 1000,
                        ..once
                    });
                }
            }
        }
    }
    report
}

/// Which cells a run takes: each one, or one of every ten.
#[derive(Clone, Copy)]
struct Rotation {
    every: u64,
    next: u64,
}

impl Rotation {
    fn takes(&mut self) -> bool {
        let takes = self.next == 0;
        self.next = self.next.checked_sub(1).unwrap_or(self.every - 1);
        takes
    }
}

/// Two calls fail: after the first, the operation goes on by other calls.
fn two_calls_fail(progress: &Progress, seed: u64, pairs: u64) -> Report {
    let mut report = Report::default();
    let mut random = Random::new(seed);
    let ways: Vec<_> = OPERATIONS
        .iter()
        .flat_map(|operation| {
            let ways = ways(operation, &mut report).into_iter();
            ways.map(move |(rung, calls)| (operation, rung, calls))
        })
        .filter(|(_, _, calls)| !calls.is_empty())
        .collect();
    for _ in 0..pairs {
        progress.step();
        let (operation, rung, calls) = &ways[random.index(ways.len())];
        let rung = *rung;
        let at = random.index(calls.len());
        let first = Fault::once(calls[at], at, random.of(ERRNOS));
        // The calls after the first fault.
        let faults = &[first];
        let after = Cell {
            operation,
            rung,
            faults,
        }
        .run(&mut report);
        if after.len() > at + 1 {
            let at = at + 1 + random.index(after.len() - at - 1);
            let second = Fault::once(after[at], at, random.of(ERRNOS));
            let faults = &[first, second];
            Cell {
                operation,
                rung,
                faults,
            }
            .run(&mut report);
        }
    }
    report
}

/// Runs all cells in silence, and says what was found.
fn run(cells: impl FnOnce(&Progress) -> Report + Send + 'static) {
    std::panic::set_hook(Box::new(|_| {}));
    let report = watched(cells);
    let _ = std::panic::take_hook();
    println!("{report}");
    assert!(report.red.is_empty(), "{}", report.red.join("\n"));
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
    )
}

/// One test, since it counts what the process has.
///
/// A run takes a tenth of the single faults, another one each time, and a thousand pairs of faults.
/// `RAWSHM_FAULTS=all` takes all, `RAWSHM_DOUBLE_FAULTS` says how many pairs, and `RAWSHM_SEED`
/// repeats a run.
#[test]
fn what_calls_that_fail_leave_to_operations_and_programs() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").subsec_micros();
    let seed = from_environment("RAWSHM_SEED").unwrap_or(u64::from(now) << 1 | 1);
    let pairs = from_environment("RAWSHM_DOUBLE_FAULTS").unwrap_or(1000);
    let every = if std::env::var_os("RAWSHM_FAULTS").is_some() {
        1
    } else {
        10
    };
    println!("RAWSHM_SEED={seed} repeats this run: one of {every} single faults, {pairs} pairs");
    let next = seed / 2 % every;
    let rotation = Rotation { every, next };
    run(move |progress| every_call_fails(progress, rotation));
    println!("programs:");
    run(move |progress| programs::every_call_of_a_program_fails(progress, rotation));
    println!("pairs:");
    run(move |progress| two_calls_fail(progress, seed, pairs));
}
