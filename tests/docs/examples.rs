//! The examples, each with its processes.

#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use rawshm_tests::{Folder, Peer, UniqueName, cargo, repository, run, until};

fn example(name: &str, arguments: &[&str]) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let examples = ["build", "--quiet", "--package=rawshm", "--examples"];
        let built = run(cargo().args(examples).arg("--features=snapshot,derive,std"));
        assert_eq!(built.status, 0, "{}", built.stderr);
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
        repository().join(target).join("debug/examples")
    });
    let mut command = Command::new(folder.join(name));
    command.args(arguments);
    command
}

#[track_caller]
fn succeed(name: &str, arguments: &[&str]) -> String {
    let ended = run(&mut example(name, arguments));
    assert_eq!((ended.stderr.as_str(), ended.status), ("", 0));
    ended.stdout
}

#[test]
fn three_columns_are_written_read_and_removed() {
    let name = UniqueName::new();
    let argument = name.argument();
    succeed("columns", &["write", &argument, "100", "876", "8021"]);
    let printed = succeed("columns", &["read", &argument]);
    assert_eq!(printed, "[100, 876, 8021]\n");
    succeed("columns", &["unlink", &argument]);
    assert!(!name.path().exists());
}

#[test]
fn a_configuration_is_replaced_as_a_whole() {
    let name = UniqueName::new();
    let argument = name.argument();
    for (rate, gain) in [("60", "0.5"), ("120", "0.25")] {
        succeed("config", &["set", &argument, rate, gain]);
        let printed = succeed("config", &["show", &argument]);
        assert_eq!(
            printed,
            format!("Config {{ gain: {gain}, rate: {rate}, retries: 3 }}\n")
        );
    }
}

#[test]
fn every_sample_is_read_or_known_to_be_missed() {
    const COUNT: &str = "20000";
    let name = UniqueName::new();
    let argument = name.argument();
    let mut record = Peer::start(&mut example("samples", &["record", &argument, COUNT]));
    until("it is created", || name.path().exists());
    let printed = succeed("samples", &["read", &argument, COUNT]);
    let (read, missed) = printed.trim_end().split_once(" read, ").expect("its line");
    let missed = missed.trim_end_matches(" missed").parse::<u32>();
    let sum = read.parse::<u32>().expect("a number") + missed.expect("a number");
    assert_eq!(sum.to_string(), COUNT);
    assert_eq!(record.end(), 0);
    assert!(!name.path().exists());
}

#[test]
fn an_object_without_a_name_goes_over_a_socket() {
    let folder = Folder::new();
    let socket = folder.join("socket");
    let path = socket.to_str().expect("text");
    let mut give = Peer::start(&mut example("pass", &["give", path]));
    let mut printed = String::new();
    until("it listens", || {
        let take = run(&mut example("pass", &["take", path]));
        printed = take.stdout;
        take.status == 0
    });
    assert_eq!(printed, "[100, 876, 8021]\n");
    assert_eq!(give.end(), 0);
    assert!(!socket.exists());
}

#[test]
fn a_worker_that_is_killed_is_noticed_and_the_next_one_goes_on() {
    let name = UniqueName::new();
    let argument = name.argument();
    let mut worker = Peer::start(&mut example("liveness", &["work", &argument]));
    assert_eq!(worker.line(), "begins");
    let refused = run(&mut example("liveness", &["work", &argument]));
    assert!(refused.stderr.contains("EBUSY"), "{}", refused.stderr);
    let mut watcher = Peer::start(&mut example("liveness", &["watch", &argument]));
    assert_eq!(watcher.line(), "the worker is alive");
    worker.kill();
    let line = watcher.line();
    let step = line.strip_prefix("the worker has ended after step ");
    assert_eq!(watcher.end(), 0);
    let mut next = Peer::start(&mut example("liveness", &["work", &argument]));
    let expected = format!("goes on after step {}", step.expect("its line"));
    assert_eq!(next.line(), expected);
    next.kill();
}
