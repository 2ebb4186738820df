//! Readers without a mapping, beside peers that take the object's memory away.

#![cfg(target_os = "linux")]

use std::process::Command;

use rawshm::snapshot::Writer;
use rawshm_tests::values::fill;
use rawshm_tests::{Peer, UniqueName};

use crate::peers::PEER;

fn reading(arguments: &[&str]) -> Command {
    let mut peer = Command::new(PEER);
    peer.arg("reading").args(arguments);
    peer
}

#[test]
fn a_million_loads_meet_no_signal_while_a_peer_truncates() {
    let name = UniqueName::new();
    let mut value = [0_u64; 128];
    fill(&mut value, 1, 7);
    drop(Writer::create(&name, 4, &value).expect("created"));
    let size = name.path().metadata().expect("an object").len();
    let argument = name.argument();
    let arguments = ["load-unmapped", &argument, "1000000"];
    let mut reader = Peer::ready(&mut reading(&arguments));
    // In the middle of the value, whose end is lost and reads as zeros where it is there again.
    let cut = (64 + 1152 + 500).to_string();
    let arguments = ["toggle", &argument, &cut, &size.to_string()];
    let mut toggle = Peer::ready(&mut reading(&arguments));
    let line = reader.line();
    assert_eq!(reader.end(), 0, "{line}");
    toggle.close();
    let times: u64 = toggle.line().parse().expect("a number");
    assert_eq!(toggle.end(), 0);
    let counts: Vec<u64> = line
        .split(|other: char| !other.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    println!("{line}, the size was changed {times} times");
    // What was cut off of the value is zeros now, so that most are not whole.
    let [values, _, ends, overruns] = counts[..] else {
        panic!("{line}");
    };
    assert_eq!(values + ends + overruns, 1_000_000);
    assert!(ends > 1000 && times > 1000, "{line}, {times}");
}
