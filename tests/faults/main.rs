//! Every call of every operation and every program fails, is faked, or is the last one.
//!
//! They run in processes of their own, by ptrace. `tests/faults.sh` runs all of it.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod answers;
mod cell;
mod errnos;
mod fault;
mod killed;
mod pairs;
mod programs;
mod readers;
mod report;
mod rotation;
mod run;
mod singles;

use std::cell::Cell;
use std::os::unix::fs::PermissionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rawshm_tests::cells::tell;
use rawshm_tests::watchdog::{Progress, watched};
use report::Report;
use rotation::Rotation;

thread_local! {
    /// Whether a panic of this thread is a result, which it catches.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

fn from_environment(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number")),
    )
}

fn mode_of(path: &str) -> u32 {
    std::fs::metadata(path).expect("there").permissions().mode()
}

/// A run takes a tenth of the single faults, another one each time, and a thousand pairs of faults.
/// `RAWSHM_FAULTS=all` takes all, `RAWSHM_DOUBLE_FAULTS` says how many pairs, and `RAWSHM_SEED`
/// repeats a run.
#[test]
fn what_goes_wrong_with_calls_leaves_what_the_docs_say() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").subsec_micros();
    let seed = from_environment("RAWSHM_SEED").unwrap_or(now.into());
    let pairs = from_environment("RAWSHM_DOUBLE_FAULTS").unwrap_or(1000);
    let every = if std::env::var_os("RAWSHM_FAULTS").is_some() {
        1
    } else {
        10
    };
    tell(&format!(
        "RAWSHM_SEED={seed} repeats these faults: one of {every}, and {pairs} pairs"
    ));
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !QUIET.get() {
            hook(panic);
        }
    }));
    let before = mode_of("/dev/null");
    let mut whole = Report::default();
    let mut run = |part: fn(&Progress, u64, u64, Rotation) -> Report| {
        let watched = || {
            watched(move |progress| {
                QUIET.set(true);
                let rotation = Rotation {
                    every,
                    next: seed % every,
                    close_may_fail: singles::close_may_fail(),
                };
                part(progress, seed, pairs, rotation)
            })
        };
        let report = catch_unwind(AssertUnwindSafe(watched)).unwrap_or_else(|panic| {
            eprintln!("in {}", report::current());
            resume_unwind(panic)
        });
        report.cells.print();
        whole.join(report);
    };
    run(|progress, _, _, rotation| singles::every_call(progress, rotation));
    run(|progress, _, _, rotation| programs::every_call(progress, rotation));
    run(|progress, seed, pairs, _| pairs::two_calls_fail(progress, seed, pairs));
    tell(&format!("checked: faults: {}", whole.cells.summary()));
    assert_eq!(mode_of("/dev/null"), before, "the machine's own file");
    assert!(whole.red.is_empty(), "{}", whole.red.join("\n"));
}
