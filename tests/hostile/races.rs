//! A thousand processes do the same at a time, and exactly one of them wins.

use std::process::Command;

use rawshm::snapshot::Writer;
use rawshm::{Object, Size};
use rawshm_tests::rungs::Rung;
use rawshm_tests::{UniqueName, left_in_shm, run};

use crate::cells::Cells;
use crate::worker::PEER;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Object,
    /// Without a writer.
    Snapshot,
}

/// What they do, what is there before, and whether there are several ways to the name.
const RACES: [(&str, Before, bool); 13] = [
    ("create", Before::Nothing, false),
    ("create_mapping", Before::Nothing, false),
    ("create_complete", Before::Nothing, true),
    ("Writer::create", Before::Nothing, true),
    ("open_or_create", Before::Nothing, false),
    ("open_or_create_complete", Before::Nothing, true),
    ("Writer::open_or_create", Before::Nothing, true),
    ("Writer::open", Before::Snapshot, false),
    ("Writer::replace", Before::Snapshot, true),
    ("claim", Before::Object, false),
    ("unlink", Before::Object, false),
    ("unlink an object", Before::Object, false),
    ("reap", Before::Snapshot, false),
];

const ENDS: [&str; 3] = ["unlink", "unlink an object", "reap"];

fn race((what, before, _): (&str, Before, bool), rung: Rung) -> Result<&'static str, String> {
    let name = UniqueName::new();
    match before {
        Before::Nothing => {}
        Before::Object => drop(Object::create(&name, Size::Sparse(4096)).expect("created")),
        Before::Snapshot => drop(Writer::create(&name, 2, &1_u64).expect("created")),
    }
    // There are a thousand temporary names, and each process tries those before it.
    let processes = if rung.is_temporary() { 200 } else { 1000 };
    let rung_index = Rung::ALL.iter().position(|other| *other == rung);
    let numbers = [processes, rung_index.expect("one of them")].map(|number| number.to_string());
    let mut peer = Command::new(PEER);
    peer.args(["race", what, &name.argument()]).args(numbers);
    let ended = run(&mut peer);
    let expected = format!("1 {} 0", processes - 1);
    if ended.status != 0 || ended.stdout.lines().last() != Some(&expected) {
        return Err(format!("{what}, {rung:?}: {ended:?}"));
    }
    let left = left_in_shm(&name);
    if left.len() == usize::from(!ENDS.contains(&what)) {
        Ok("one wins")
    } else {
        Err(format!("{what}, {rung:?}: {left:?} is left"))
    }
}

#[test]
fn of_a_thousand_processes_exactly_one_wins_each_exclusive_operation() {
    let mut cells = Cells::all("races of 1000 processes (200 by temporary names)");
    for what in RACES {
        let rungs = if what.2 {
            &Rung::ALL[..]
        } else {
            &Rung::ALL[..1]
        };
        for rung in rungs {
            cells.add(race(what, *rung));
        }
    }
    cells.end();
}
