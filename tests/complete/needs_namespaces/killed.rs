//! A creator that is killed at any time leaves neither an incomplete object nor memory.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use rawshm_tests::cells::{Cells, Outcome};
use rawshm_tests::rungs::{Rung, on_each_rung};
use rawshm_tests::{c_program, in_a_row, static_program, with_private_shm};

/// The states during a creation, in order.
fn creation(rung: Rung) -> &'static [&'static str] {
    if rung.is_temporary() {
        &[
            "nothing",
            "nothing and a temporary",
            "nothing and a complete temporary",
            "new",
        ]
    } else {
        &["nothing", "new"]
    }
}

/// The states during a replacement. The complete object has its temporary name between `linkat` and
/// `renameat`: no call does both.
fn replacement(rung: Rung) -> &'static [&'static str] {
    if rung.is_temporary() {
        &[
            "old",
            "old and a temporary",
            "old and a complete temporary",
            "new",
        ]
    } else {
        &["old", "old and a complete temporary", "new"]
    }
}

/// Kills a creator after each unit of its run, and returns how many kills in a row led to which
/// state.
fn kill(unit: &str, what: &str) -> Vec<(u32, String)> {
    let script = format!(
        "exec {} {unit} {what} {}",
        c_program("tests/c/kill.c").display(),
        static_program("creator").display()
    );
    let ended = with_private_shm("", "mode=1777,size=64k", &script);
    in_a_row(&ended)
}

fn count(rows: &[(u32, String)]) -> Cells {
    let mut cells = Cells::default();
    for (kills, state) in rows {
        let outcome = match state.as_str() {
            "nothing" | "old" => Outcome::AsBefore,
            "new" => Outcome::AsAfter,
            _ => Outcome::Temporary,
        };
        let kills = usize::try_from(*kills).expect("small");
        cells.add_many("killed after an instruction: `creator`", outcome, kills);
    }
    cells
}

fn check(rung: Rung, unit: &str, what: &str, expected: &[&str]) -> Vec<u32> {
    let rows = kill(unit, what);
    println!("{rung:?}, {what}, {unit}: {rows:?}");
    let states: Vec<&str> = rows.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(states, expected, "{rung:?}");
    if unit == "instructions" {
        count(&rows).print();
    }
    rows.iter().map(|(count, _)| *count).collect()
}

#[test]
#[ignore = "needs namespaces"]
fn after_any_instruction_a_creation_has_left_nothing_or_a_complete_object() {
    on_each_rung(|rung| {
        let kills = check(rung, "instructions", "create", creation(rung));
        assert!(kills.iter().sum::<u32>() > 400, "every instruction");
    });
}

#[test]
#[ignore = "needs namespaces"]
fn after_any_instruction_a_replacement_has_left_the_old_object_or_the_new_one() {
    on_each_rung(|rung| {
        let kills = check(rung, "instructions", "replace", replacement(rung));
        assert!(kills.iter().sum::<u32>() > 1000, "every instruction");
    });
}

#[test]
#[ignore = "needs namespaces"]
fn before_and_after_any_system_call_too() {
    on_each_rung(|rung| {
        check(rung, "calls", "create", creation(rung));
        let kills = check(rung, "calls", "replace", replacement(rung));
        if !rung.is_temporary() {
            assert_eq!(kills[1], 2, "only after linkat and before renameat");
        }
    });
}
