//! A process that is killed after any instruction leaves a whole value and nothing else, and no
//! reader that never learns what follows.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;

use rawshm_tests::cells::{Cells, Outcome};
use rawshm_tests::{
    UniqueName, cargo, in_a_row, repository, run, static_program, with_private_shm,
};

use crate::peers::PEER;

/// Between two kills of a sample, in instructions.
const STRIDE: u32 = 31;

/// `all`, for a kill after each instruction, or where a sample begins. If it is not set, each run
/// takes another sample.
const KILLS: &str = "RAWSHM_KILLS";

/// A kind of kills.
const PUBLISH: &str = "killed after an instruction: `publish`";

/// The peer as a user would compile it: a debug build has ten times as many instructions.
fn optimised_peer() -> PathBuf {
    let built = run(cargo().args(["build", "--quiet", "--release", "--package=rawshm-tests"]));
    assert_eq!(built.status, 0, "{}", built.stderr);
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
    repository().join(target).join("release/peer")
}

/// After which instructions to kill: the stride, and the first one.
fn sample() -> (u32, u32) {
    let (stride, first) = match std::env::var(KILLS).as_deref() {
        Ok("all") => (1, 0),
        Ok(first) => (STRIDE, first.parse().expect("`all` or a number")),
        Err(_) => {
            let now = SystemTime::UNIX_EPOCH.elapsed().expect("a clock");
            (STRIDE, now.subsec_micros() % STRIDE)
        }
    };
    let repeats = if stride == 1 {
        "all".into()
    } else {
        first.to_string()
    };
    println!("{KILLS}={repeats} repeats this sample");
    (stride, first)
}

/// Whether the states are these; of a sample, whether they are among these, in this order. It may
/// miss states of a few instructions.
fn are<'a>(mut found: impl Iterator<Item = &'a str>, states: &[&str], stride: u32) -> bool {
    let mut states = states.iter();
    if stride == 1 {
        states.copied().eq(found)
    } else {
        found.all(|found| states.any(|state| *state == found))
    }
}

/// What there is after each kill of an operation, in order.
fn states(what: &str) -> Vec<&'static str> {
    let parts: Vec<&str> = what.split(", ").collect();
    let is_linked = what.ends_with("Linked");
    let is_temporary = is_linked || what.contains("Temporary");
    match parts[..2] {
        ["create" | "open_or_create" | "replace", "Nothing"] => {
            let mut states = vec!["nothing"];
            states.extend(is_temporary.then_some("nothing and a temporary"));
            states.extend(is_linked.then_some("new and a temporary"));
            states.push("new");
            states
        }
        ["replace", "Current"] => {
            vec![
                "old",
                "old and a temporary",
                "retired and a temporary",
                "new",
            ]
        }
        ["open_or_create" | "replace", "Retired"] => {
            vec!["retired", "retired and a temporary", "new"]
        }
        ["open" | "open_or_create", "Current"] => vec!["old"],
        ["store", "Current"] => vec!["old", "new"],
        ["retire", "Current"] => vec!["old", "retired"],
        ["finish" | "reap", "Current"] => vec!["old", "retired", "nothing"],
        ["reap", "Retired"] => vec!["retired", "nothing"],
        _ => panic!("{what}"),
    }
}

/// The rows of each operation: how many kills in a row led to which state.
fn by_operation(rows: &[(u32, String)]) -> Vec<(&str, Vec<(u32, &str)>)> {
    let mut operations: Vec<(&str, Vec<(u32, &str)>)> = Vec::new();
    for (count, line) in rows {
        let (what, state) = line.split_once(": ").expect("two parts");
        match operations.last_mut() {
            Some((last, rows)) if *last == what => rows.push((*count, state)),
            _ => operations.push((what, vec![(*count, state)])),
        }
    }
    operations
}

/// What a state after a kill is to an operation that began with this one.
fn outcome(before: &str, state: &str, is_an_end: bool) -> Outcome {
    if state.ends_with("a temporary") {
        Outcome::Temporary
    } else if state == before {
        Outcome::AsBefore
    } else if state.ends_with("retired") && is_an_end {
        Outcome::Retired
    } else {
        Outcome::AsAfter
    }
}

/// Prints the rows of a kind of kill: how many in a row led to which state.
fn count(kind: &str, is_an_end: bool, rows: &[(u32, &str)]) -> Cells {
    let mut cells = Cells::default();
    let [(_, before), ..] = rows else {
        return cells;
    };
    for (kills, state) in rows {
        let kills = usize::try_from(*kills).expect("small");
        cells.add_many(kind, outcome(before, state, is_an_end), kills);
    }
    cells
}

mod needs_namespaces {
    use super::*;

    #[test]
    #[ignore = "needs namespaces"]
    fn after_any_instruction_of_an_operation_readers_get_the_next_value_or_learn_that_none_follows()
    {
        let (stride, first) = sample();
        let script = format!(
            "unset RUST_BACKTRACE; exec {} step operations {stride} {first}",
            optimised_peer().display()
        );
        let rows = in_a_row(&with_private_shm(PEER, "mode=1777,size=256k", &script));
        let operations = by_operation(&rows);
        let mut cells = Cells::default();
        for (what, rows) in &operations {
            println!("{what}: {rows:?}");
            let found = rows.iter().map(|(_, state)| *state);
            assert!(are(found, &states(what), stride), "{what}");
            let is_an_end = what.starts_with("finish") || what.starts_with("reap");
            cells.join(count(
                "killed after an instruction: operations on snapshots",
                is_an_end,
                rows,
            ));
        }
        cells.print();
        let kills: u32 = rows.iter().map(|(count, _)| count).sum();
        println!("{kills} kills of {} operations", operations.len());
        assert!(kills > 50_000 / stride, "every instruction");
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn after_any_instruction_of_publish_u_readers_learn_of_the_end_and_nothing_is_left() {
        let (stride, first) = sample();
        let script = format!(
            "unset RUST_BACKTRACE; exec {PEER} step ends {} {stride} {first}",
            static_program("publish").display()
        );
        let rows = in_a_row(&with_private_shm(PEER, "mode=1777,size=64k", &script));
        println!("{rows:?}");
        let operations = by_operation(&rows);
        assert_eq!(operations.len(), 2, "{operations:?}");
        let mut cells = Cells::default();
        for ((what, rows), before) in operations.iter().zip(["nothing", "old"]) {
            let states = [before, "1", "2", "3", "3, retired", "nothing"];
            let found = rows.iter().map(|(_, state)| *state);
            assert!(are(found, &states, stride), "{what}: {rows:?}");
            // Killed at once, and not at all.
            assert_eq!(
                rows.first().map(|(_, state)| *state),
                Some(before),
                "{what}"
            );
            assert_eq!(
                rows.last().map(|(_, state)| *state),
                Some("nothing"),
                "{what}"
            );
            cells.join(count(PUBLISH, true, rows));
        }
        cells.print();
        let kills: u32 = rows.iter().map(|(count, _)| count).sum();
        println!("{kills} kills");
        assert!(kills > 5_000 / stride, "every instruction");
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn after_any_instruction_publish_has_left_nothing_or_a_whole_snapshot_and_no_memory() {
        let script = format!(
            "unset RUST_BACKTRACE; exec {PEER} step life {}",
            static_program("publish").display()
        );
        let rows = in_a_row(&with_private_shm(PEER, "mode=1777,size=64k", &script));
        println!("{rows:?}");
        let states: Vec<&str> = rows.iter().map(|(_, state)| state.as_str()).collect();
        assert_eq!(
            states,
            ["nothing", "number 1: 1", "number 2: 2", "number 3: 3"]
        );
        let rows: Vec<_> = rows
            .iter()
            .map(|(count, state)| (*count, state.as_str()))
            .collect();
        count(PUBLISH, false, &rows).print();
        let kills: u32 = rows.iter().map(|(count, _)| count).sum();
        assert!(kills > 400, "every instruction");
    }
}

#[test]
fn a_name_that_appears_between_the_last_look_and_the_deadline_is_found() {
    let name = UniqueName::new();
    let ended = run(Command::new(PEER).args(["step", "appears-late", &name.argument()]));
    assert_eq!(
        (ended.stdout.as_str(), ended.status),
        ("found\n", 0),
        "{}",
        ended.stderr
    );
}
