//! Every call of every operation fails with every errno, on each way to a name.

#![cfg(target_os = "linux")]

mod cell;
mod report;

use cell::{Cell, Fault};
use rawshm_tests::operations::{OPERATIONS, Operation};
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

fn every_call_fails(progress: &Progress) -> Report {
    let mut report = Report::default();
    for operation in OPERATIONS {
        for (rung, calls) in ways(operation, &mut report) {
            for (at, call) in calls.iter().enumerate() {
                let mut run = |fault| {
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

#[test]
fn an_operation_of_which_a_call_fails_says_so_or_goes_on_and_leaves_nothing() {
    std::panic::set_hook(Box::new(|_| {}));
    let report = watched(every_call_fails);
    let _ = std::panic::take_hook();
    println!("{report}");
    assert!(report.red.is_empty(), "{}", report.red.join("\n"));
}
