//! The static programs, where a newer call is refused.

use std::process::Command;

use rawshm_tests::rungs::where_refused;
use rawshm_tests::{Ended, UniqueName, run, static_program};

use crate::each_call::{ERRNOS, NEWER};

/// What runs before, what runs where the call is refused, and what that prints if it works. `%` is
/// the name of the object.
const RUNS: [(&str, &str, &str); 9] = [
    ("", "$WRITER -n % -s 4096", ""),
    (
        "$WRITER -n % -s 4096",
        "$READER -n % -u",
        "&{100 876 8021}\n",
    ),
    ("", "$CREATOR -n % -s 4096", ""),
    ("$WRITER -n % -s 4096", "$CREATOR -n % -s 4096 -r", ""),
    ("", "echo one | $PUBLISH -n %", ""),
    (
        "echo one | $PUBLISH -n %",
        "echo two | $PUBLISH -n % -u",
        "",
    ),
    ("", "$PUBLISH -n % -r 1000 -c 3", ""),
    ("echo one | $PUBLISH -n %", "$WATCH -n % -c 1", "one\n"),
    ("", "$WATCH -n % -t 1 || test $? = 1", ""),
];

fn shell(script: &str, name: &UniqueName) -> Ended {
    let script = script.replace('%', &name.argument());
    let mut shell = Command::new("sh");
    for program in ["writer", "reader", "creator", "publish", "watch"] {
        shell.env(program.to_uppercase(), static_program(program));
    }
    run(shell.args(["-c", &script]))
}

#[test]
fn without_a_newer_call_each_program_works_or_says_why_not() {
    for refused in NEWER {
        for errno in ERRNOS {
            for (before, script, printed) in RUNS {
                let name = UniqueName::new();
                assert_eq!(shell(before, &name).status, 0);
                let ended = where_refused(&[*refused], errno, || shell(script, &name));
                let what = format!("{script} without {} ({errno}): {ended:?}", refused.name);
                if ended.status == 0 {
                    assert_eq!(ended.stdout, printed, "{what}");
                    continue;
                }
                assert_eq!((ended.status, ended.stdout.as_str()), (1, ""), "{what}");
                let (_, cannot) = ended.stderr.split_once(": cannot ").expect(&what);
                assert!(cannot.contains(" (E") && cannot.ends_with(")\n"), "{what}");
                // Claims are the only calls without an older form that the programs make.
                assert!(refused.name.starts_with("fcntl"), "{what}");
            }
        }
    }
}
