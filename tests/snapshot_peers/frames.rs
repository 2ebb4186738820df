//! The example of frames of 8 MiB.

#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::Command;

use rawshm_tests::{Peer, UniqueName, cargo, repository, run};

fn example() -> PathBuf {
    let built = run(cargo().args([
        "build",
        "--quiet",
        "--release",
        "--package=rawshm",
        "--example=frames",
        "--features=snapshot",
    ]));
    assert_eq!(built.status, 0, "{}", built.stderr);
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
    repository().join(target).join("release/examples/frames")
}

#[test]
fn frames_go_from_one_process_to_another_whole_and_in_order() {
    const COUNT: u32 = 30;
    let name = UniqueName::new();
    let frames = example();
    let mut receive = Peer::start(Command::new(&frames).args(["receive", &name.argument()]));
    receive.asleep_in(libc::SYS_ppoll);
    let send = run(Command::new(&frames).args(["send", &name.argument(), &COUNT.to_string()]));
    assert_eq!((send.stderr.as_str(), send.status), ("", 0));
    let line = receive.line();
    let (received, last) = line.split_once(" frames, the last is ").expect("its line");
    assert_eq!(last, COUNT.to_string());
    // The first one, of number 0, too; any but the last can be skipped.
    let received: u32 = received.parse().expect("a number");
    assert!((1..=COUNT + 1).contains(&received), "{line}");
    println!("{line}");
    assert_eq!(receive.end(), 0);
    assert!(!name.path().exists());
}
