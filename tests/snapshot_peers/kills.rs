//! A writer that is killed after any instruction leaves the old value or the new one, whole.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::process::Command;

use rawshm_tests::{UniqueName, in_a_row, run, static_program, with_private_shm};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

fn check(rows: &[(u32, String)], expected: &[&str]) -> u32 {
    println!("{rows:?}");
    let states: Vec<&str> = rows.iter().map(|(_, state)| state.as_str()).collect();
    assert_eq!(states, expected);
    rows.iter().map(|(count, _)| *count).sum()
}

#[test]
fn after_any_instruction_of_a_store_readers_and_the_next_writer_find_a_whole_value() {
    let name = UniqueName::new();
    let ended = run(Command::new(PEER).args(["step", "store", &name.argument()]));
    let kills = check(&in_a_row(&ended), &["old", "new"]);
    // A value of 1 KiB takes more than a few.
    assert!(kills > 20, "every instruction");
}

mod needs_namespaces {
    use super::*;

    #[test]
    #[ignore = "needs namespaces"]
    fn after_any_instruction_publish_has_left_nothing_or_a_whole_snapshot_and_no_memory() {
        let script = format!(
            "unset RUST_BACKTRACE; exec {PEER} step life {}",
            static_program("publish").display()
        );
        let ended = with_private_shm(PEER, "mode=1777,size=64k", &script);
        let expected = ["nothing", "number 1: 1", "number 2: 2", "number 3: 3"];
        let kills = check(&in_a_row(&ended), &expected);
        assert!(kills > 400, "every instruction");
    }
}
