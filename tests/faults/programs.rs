//! Every call of every program fails with every errno.

use std::process::Command;

use rawshm::snapshot::Writer;
use rawshm::{Extent, Mode, Options, Size};
use rawshm_tests::faults::{Call, where_each_call_is_asked};
use rawshm_tests::rungs::Answer;
use rawshm_tests::values::message;
use rawshm_tests::watchdog::Progress;
use rawshm_tests::{Ended, UniqueName, left_in_shm, run, static_program};

use crate::report::Report;
use crate::{ERRNOS, Rotation};

/// What has the name beforehand.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Object,
    Snapshot,
    Retired,
}

const SCENARIOS: &[(&str, Before, &[&str])] = &[
    ("writer", Before::Nothing, &[]),
    ("writer", Before::Object, &[]),
    ("reader", Before::Object, &["-v", "-u"]),
    ("creator", Before::Nothing, &[]),
    ("creator", Before::Object, &["-r"]),
    ("publish", Before::Nothing, &["-r", "1000000", "-c", "2"]),
    (
        "publish",
        Before::Snapshot,
        &["-u", "-r", "1000000", "-c", "1"],
    ),
    ("publish", Before::Retired, &["-r", "1000000", "-c", "1"]),
    ("watch", Before::Snapshot, &["-c", "1"]),
    ("watch", Before::Nothing, &["-t", "0"]),
];

fn prepare(before: Before, name: &UniqueName) {
    let snapshot = || Writer::create(name, 4, &message("first")).expect("created");
    match before {
        Before::Nothing => {}
        Before::Object => {
            let options = Options::new().mode(Mode::Exact(0o644));
            let object = options.create(name, Size::Sparse(4096)).expect("created");
            let mapping = object.map(Extent::Whole).expect("mapped");
            mapping.store(0, &8021_i64).expect("within");
        }
        Before::Snapshot => drop(snapshot()),
        Before::Retired => snapshot().retire(),
    }
}

/// Runs a program, of which a call fails, and returns its calls and how it ended.
fn run_with(
    (program, before, arguments): (&str, Before, &[&str]),
    name: &UniqueName,
    fault: Option<(usize, i32)>,
) -> (Vec<&'static str>, Ended) {
    prepare(before, name);
    // It may have to be built.
    let program = static_program(program);
    let mut calls = Vec::new();
    let answer = |call: Call| {
        if !call.is_of_a_child {
            return Answer::Made;
        }
        calls.push(call.name());
        match fault {
            Some((at, errno)) if at == calls.len() - 1 => Answer::FailsWith(errno),
            _ => Answer::Made,
        }
    };
    let ended = where_each_call_is_asked(answer, || {
        let mut command = Command::new(&program);
        run(command.args(["-n", &name.argument()]).args(arguments))
    });
    (calls, ended)
}

/// What must be so after a program has ended of which a call has failed.
fn check(program: &str, call: &str, errno: i32, ended: &Ended) -> Result<&'static str, String> {
    match ended.status {
        0 => return Ok("done"),
        1 => {}
        status => return Err(format!("status {status}: {}", ended.stderr)),
    }
    // The message itself could not be written.
    if call == "write" {
        return Ok("an error");
    }
    // `reader -v` says more before it.
    let last = ended.stderr.lines().last().unwrap_or("");
    let is_a_line = last.starts_with(&format!("{program}: ")) && ended.stderr.ends_with('\n');
    let errno = rawshm::errno::name(rawshm::Errno::from_raw_os_error(errno)).unwrap_or("?");
    let says = |errno: &str| last.contains(&format!("({errno})"));
    // As the functions of C have it; and an old object that the kernel denies is in the way.
    let is_told = says(errno)
        || errno == "EPERM" && says("EACCES")
        || errno == "ENOENT" && call == "unlinkat" && says("EEXIST");
    let no_value = last.contains("no new value");
    if is_a_line && (is_told || no_value) {
        Ok("an error")
    } else {
        Err(format!("it says {:?}", ended.stderr))
    }
}

pub fn every_call_of_a_program_fails(progress: &Progress, mut rotation: Rotation) -> Report {
    let mut report = Report::default();
    for scenario in SCENARIOS {
        let (program, _, arguments) = scenario;
        let name = UniqueName::new();
        let (calls, ended) = run_with(*scenario, &name, None);
        let expected = i32::from(arguments.contains(&"0"));
        assert_eq!(
            ended.status, expected,
            "{program} {arguments:?}: {}",
            ended.stderr
        );
        for (at, call) in calls.iter().enumerate() {
            for errno in ERRNOS {
                if !rotation.takes() {
                    continue;
                }
                progress.step();
                let name = UniqueName::new();
                let (_, ended) = run_with(*scenario, &name, Some((at, *errno)));
                let checked = check(program, call, *errno, &ended).and_then(|outcome| {
                    let left = left_in_shm(&name);
                    let own = name.argument();
                    let temporary = left.iter().any(|file| *file != own.trim_start_matches('/'));
                    if temporary {
                        return Err(format!("it leaves {left:?}"));
                    }
                    Ok(outcome)
                });
                report.add(checked.map_err(|why| {
                    let errno = rawshm::Errno::from_raw_os_error(*errno);
                    let errno = rawshm::errno::name(errno).unwrap_or("?");
                    format!("{program} {arguments:?}, {call} {at} {errno}: {why}")
                }));
            }
        }
    }
    report
}
