//! An operation that tries again because a peer is faster gives up in the end.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::process::Command;

use rawshm::{Object, Size};
use rawshm_tests::{UniqueName, run};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// The peer's answer if creating always finds the name, and opening never does.
fn beside_a_faster_peer(command: &[&str], opens: &str) -> String {
    let name = UniqueName::new();
    let _object = Object::create(&name, Size::Sparse(1)).expect("created");
    let inject = format!("inject=openat:error=ENOENT:when={opens}");
    let mut strace = Command::new("strace");
    strace
        .args(["-o", "/dev/null", "-P"])
        .arg(name.path())
        .args(["-e", &inject, PEER])
        .args(command)
        .arg(name.argument());
    if !command.contains(&"snapshot") {
        strace.arg("1");
    }
    let ended = run(&mut strace);
    ended.stdout.lines().last().unwrap_or_default().into()
}

#[test]
#[ignore = "needs strace"]
fn a_name_that_is_always_there_and_never_found_is_an_error_in_the_end() {
    for (command, opens) in [
        // Every second one creates.
        (&["open-or-create"][..], "2+2"),
        (&["open-or-create-complete"], "1+1"),
        (&["snapshot", "open-or-create-writer"], "1+1"),
        (&["snapshot", "replace-writer"], "1+1"),
    ] {
        let said = beside_a_faster_peer(command, opens);
        assert_eq!(said, "Open EAGAIN", "{command:?}");
    }
}
