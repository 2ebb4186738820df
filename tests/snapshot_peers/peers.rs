//! The other processes of these tests.

#![cfg(target_os = "linux")]

use std::process::Command;

use rawshm::{Name, Object};
use rawshm_tests::{Peer, run};

pub(crate) const PEER: &str = env!("CARGO_BIN_EXE_peer");

pub(crate) fn peer(command: &str, name: &Name, rest: &[&str]) -> Command {
    let mut peer = Command::new(PEER);
    peer.args(["snapshot", command, &name.to_string()])
        .args(rest);
    peer
}

/// The answer of a command, run in a process of its own, without the line `begin`.
pub(crate) fn answer(command: &str, name: &Name) -> String {
    let ended = run(&mut peer(command, name, &[]));
    let lines = ended.stdout.lines().filter(|line| *line != "begin");
    assert_eq!(ended.stderr, "");
    lines.collect()
}

/// A process that has the claim.
pub(crate) fn hold(name: &Name, rest: &[&str]) -> Peer {
    Peer::ready(&mut peer("hold", name, rest))
}

pub(crate) fn alive(name: &Name) -> bool {
    let object = Object::open(name).expect("an object");
    object.writer_alive().expect("a file system with locks")
}
