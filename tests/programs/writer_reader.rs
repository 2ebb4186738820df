//! The static executables, as their users run them.

#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use rawshm::{Object, Size};
use rawshm_tests::{Ended, UniqueName, finish, run, spawn, static_program};

const WRITER_USAGE: &str = "usage: writer [-n NAME] [-s BYTES] [-m MODE] [COL1 COL2 COL3] \
    (MODE is less the umask)\n";
const CREATOR_USAGE: &str = "usage: creator [-n NAME] [-d DIR] [-s BYTES] [-m MODE] [-R] [-r] \
    [-h] [COL1 COL2 COL3] (MODE is less the umask)\n";
const READER_USAGE: &str = "usage: reader [-n NAME] [-v] [-u]\n";

/// Arguments that no program that creates an object accepts.
const WRONG: [&[&str]; 27] = [
    &["-x"],
    &["-"],
    &["--help"],
    &["-n"],
    &["-s"],
    &["-m"],
    &["-s", ""],
    &["-s", "x"],
    &["-s", "-1"],
    &["-s", "+1"],
    &["-s", "4k"],
    &["-s", "23"],
    &["-s", "0"],
    &["-s", "18446744073709551616"],
    &["-m", "8"],
    &["-m", "1000"],
    &["-m", "0644x"],
    &["-m", ""],
    &["1"],
    &["1", "2"],
    &["1", "2", "3", "4"],
    &["1", "2", ""],
    &["1", "2", "x"],
    &["1", "2", "9223372036854775808"],
    &["1", "2", "-9223372036854775809"],
    &["1", "2", "0x1"],
    &["1", "2", "1.5"],
];

fn writer(arguments: &[&str]) -> Ended {
    run(Command::new(static_program("writer")).args(arguments))
}

fn reader(arguments: &[&str]) -> Ended {
    run(Command::new(static_program("reader")).args(arguments))
}

fn ended(stdout: &str, stderr: &str, status: i32) -> Ended {
    Ended {
        stdout: stdout.into(),
        stderr: stderr.into(),
        status,
    }
}

fn silent() -> Ended {
    ended("", "", 0)
}

#[test]
fn the_reader_prints_what_the_writer_stored() {
    let name = UniqueName::new();
    assert_eq!(writer(&["-n", &name.argument()]), silent());
    assert_eq!(
        reader(&["-n", &name.argument()]),
        ended("&{100 876 8021}\n", "", 0)
    );
    assert_eq!(writer(&["-n", &name.argument(), "1", "2", "3"]), silent());
    assert_eq!(
        reader(&["-n", &name.argument()]),
        ended("&{1 2 3}\n", "", 0)
    );
}

#[test]
fn numbers_are_printed_exactly_from_the_smallest_to_the_largest() {
    let name = UniqueName::new();
    let columns = ["-9223372036854775808", "0", "9223372036854775807"];
    let mut arguments = vec!["-n", "", columns[0], columns[1], columns[2]];
    let argument = name.argument();
    arguments[1] = &argument;
    assert_eq!(writer(&arguments), silent());
    let line = format!("&{{{}}}\n", columns.join(" "));
    assert_eq!(reader(&["-n", &argument]), ended(&line, "", 0));
    assert_eq!(writer(&["-n", &argument, "-10", "-1", "10"]), silent());
    assert_eq!(reader(&["-n", &argument]), ended("&{-10 -1 10}\n", "", 0));
}

#[test]
fn the_reader_shows_size_and_memory_and_unlinks_if_asked_to() {
    let name = UniqueName::new();
    let argument = name.argument();
    assert_eq!(writer(&["-n", &argument]), silent());
    let report = format!("{argument}: 4000000000 bytes, 4096 of them in memory\n");
    let expected = ended("&{100 876 8021}\n", &report, 0);
    assert_eq!(reader(&["-v", "-n", &argument]), expected);
    assert_eq!(reader(&["-uvn", &argument]), expected);
    let missing = format!("reader: cannot open {argument}: no such file or directory (ENOENT)\n");
    assert_eq!(reader(&["-n", &argument]), ended("", &missing, 1));
}

#[test]
fn options_may_be_joined_and_ended() {
    let name = UniqueName::new();
    let argument = name.argument();
    let joined = format!("-n{argument}");
    assert_eq!(
        writer(&[&joined, "-s4096", "-m600", "--", "-1", "2", "3"]),
        silent()
    );
    assert_eq!(reader(&[&joined]), ended("&{-1 2 3}\n", "", 0));
    let metadata = name.path().metadata().expect("an object");
    assert_eq!(metadata.len(), 4096);
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

#[test]
fn operands_may_stand_between_options() {
    let name = UniqueName::new();
    assert_eq!(
        writer(&["5", "-n", &name.argument(), "6", "-s", "24", "7"]),
        silent()
    );
    assert_eq!(
        reader(&["-n", &name.argument()]),
        ended("&{5 6 7}\n", "", 0)
    );
}

#[test]
fn wrong_usage_of_the_writer_or_the_creator_is_status_2_with_the_usage_line() {
    let name = UniqueName::new();
    let argument = name.argument();
    for arguments in WRONG {
        let arguments = [&["-n", &argument], arguments].concat();
        for (program, usage) in [("writer", WRITER_USAGE), ("creator", CREATOR_USAGE)] {
            let ran = run(Command::new(static_program(program)).args(&arguments));
            assert_eq!((ran.stdout.as_str(), ran.status), ("", 2));
            // The creator has another line before it.
            assert!(ran.stderr.ends_with(usage), "{program} {arguments:?}");
            assert!(program == "creator" || ran.stderr == usage);
            assert!(Object::open(&name).is_err(), "{program} {arguments:?}");
        }
    }
    let arguments = ["-r", "-n", &argument];
    assert_eq!(
        writer(&arguments),
        ended("", WRITER_USAGE, 2),
        "-r is the creator's"
    );
}

#[test]
fn wrong_usage_of_the_reader_is_status_2_with_the_usage_line() {
    let wrong: [&[&str]; 6] = [
        &["-x"],
        &["-"],
        &["-n"],
        &["name"],
        &["-v", "1"],
        &["--", "-v"],
    ];
    for arguments in wrong {
        assert_eq!(
            reader(arguments),
            ended("", READER_USAGE, 2),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_bad_name_is_an_error_in_one_line() {
    let long = "x".repeat(1000);
    for (name, shown, why) in [
        // A name with the slash and without is the same.
        ("", "/", "not a valid name (EINVAL)"),
        ("/", "/", "not a valid name (EINVAL)"),
        ("..", "..", "not a valid name (EINVAL)"),
        ("/a/b", "/a/b", "not a valid name (EINVAL)"),
        ("/a\n\x1b[31m/b", "/a??[31m/b", "not a valid name (EINVAL)"),
        (&long, &long[..256], "file name too long (ENAMETOOLONG)"),
    ] {
        for (program, run) in [
            ("writer", writer(&["-n", name])),
            ("reader", reader(&["-n", name])),
        ] {
            let line = format!("{program}: cannot use {shown}: {why}\n");
            assert_eq!(run, ended("", &line, 1));
        }
    }
}

#[test]
fn an_object_that_is_too_small_is_an_error_and_no_signal() {
    for size in [0, 1, 23] {
        let name = UniqueName::new();
        Object::create(&name, Size::Sparse(size)).expect("created");
        let line = format!(
            "reader: cannot map {}: the object is too small (ENXIO)\n",
            name.argument()
        );
        assert_eq!(reader(&["-n", &name.argument()]), ended("", &line, 1));
    }
    let name = UniqueName::new();
    Object::create(&name, Size::Sparse(24)).expect("created");
    assert_eq!(
        reader(&["-n", &name.argument()]),
        ended("&{0 0 0}\n", "", 0)
    );
}

#[test]
fn an_impossible_size_is_an_error_that_leaves_nothing_behind() {
    let name = UniqueName::new();
    let argument = name.argument();
    let resize = format!("writer: cannot resize {argument}: file too large (EFBIG)\n");
    let writer_of = |size: &str| writer(&["-n", &argument, "-s", size]);
    assert_eq!(writer_of("18446744073709551615"), ended("", &resize, 1));
    #[cfg(target_pointer_width = "64")]
    {
        let map = format!("writer: cannot map {argument}: cannot allocate memory (ENOMEM)\n");
        assert_eq!(writer_of("1152921504606846976"), ended("", &map, 1));
    }
    assert!(name.path().symlink_metadata().is_err());
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let name = UniqueName::new();
    writer(&["-n", &name.argument()]);
    let shell = |redirection: &str| {
        let script = format!("exec \"$0\" -n \"$1\" {redirection}");
        let program = static_program("reader");
        run(Command::new("sh")
            .args(["-c", &script])
            .arg(program)
            .arg(name.argument()))
    };
    let full = "reader: cannot write to standard output: no space left on device (ENOSPC)\n";
    assert_eq!(shell(">/dev/full"), ended("", full, 1));
    let closed = "reader: cannot write to standard output: bad file descriptor (EBADF)\n";
    assert_eq!(shell(">&-"), ended("", closed, 1));
    assert_eq!(shell("2>&-"), ended("&{100 876 8021}\n", "", 0));
    assert_eq!(shell("-v 2>&-"), ended("&{100 876 8021}\n", "", 0));
    assert_eq!(shell("<&- >&- 2>&-"), ended("", "", 1));
}

#[test]
fn a_closed_pipe_ends_the_reader_with_sigpipe() {
    const SIGPIPE: i32 = 13;
    let name = UniqueName::new();
    writer(&["-n", &name.argument()]);
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a pair");
    drop(ours);
    let child = spawn(
        Command::new(static_program("reader"))
            .args(["-n", &name.argument()])
            .stdin(Stdio::null())
            .stdout(std::os::fd::OwnedFd::from(theirs))
            .stderr(Stdio::piped()),
    );
    assert_eq!(Ended::from(finish(child)), ended("", "", 128 + SIGPIPE));
}

#[test]
fn writers_and_readers_that_run_at_once_never_see_another_size_or_a_wrong_integer() {
    let name = UniqueName::new();
    let argument = name.argument();
    writer(&["-n", &argument, "1", "1", "1"]);
    let errors = [
        format!("reader: cannot open {argument}: no such file or directory (ENOENT)\n"),
        format!("reader: cannot map {argument}: the object is too small (ENXIO)\n"),
    ];
    let errors = errors.map(|line| ended("", &line, 1));
    std::thread::scope(|scope| {
        for columns in ["1", "2"] {
            let argument = &argument;
            scope.spawn(move || {
                for _ in 0..100 {
                    let ended = writer(&["-n", argument, columns, columns, columns]);
                    let lost = format!("writer: cannot create {argument}: file exists (EEXIST)\n");
                    assert!(ended == silent() || ended.stderr == lost, "{ended:?}");
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..200 {
                let ended = reader(&["-n", &argument]);
                // Each integer is whole, whether it was loaded before or after what was stored.
                let columns = ended.stdout.trim_matches(['&', '{', '}', '\n']).split(' ');
                let whole = columns
                    .filter(|column| ["0", "1", "2"].contains(column))
                    .count()
                    == 3;
                assert!(
                    errors.contains(&ended) || (whole && ended.status == 0),
                    "{ended:?}"
                );
            }
        });
    });
}

#[test]
fn the_sources_build_and_run_unoptimised_too() {
    let built = run(rawshm_tests::cargo().args([
        "build",
        "--quiet",
        "--package",
        "rawshm-static",
        "--bins",
        "--profile",
        "dev",
    ]));
    assert_eq!(built.status, 0, "{}", built.stderr);
    let folder = static_program("writer");
    let folder = folder.ancestors().nth(2).expect("target").join("debug");
    let name = UniqueName::new();
    let argument = name.argument();
    let wrote = run(Command::new(folder.join("writer")).args(["-n", &argument]));
    assert_eq!(wrote, silent());
    let read = run(Command::new(folder.join("reader")).args(["-un", &argument]));
    assert_eq!(read, ended("&{100 876 8021}\n", "", 0));
    let again = run(Command::new(folder.join("reader")).args(["-n", &argument]));
    assert_eq!(again.status, 1);
    for arguments in [&["-n", &argument][..], &["-rn", &argument]] {
        let created = run(Command::new(folder.join("creator")).args(arguments));
        assert_eq!(created, silent());
    }
    let read = run(Command::new(folder.join("reader")).args(["-un", &argument]));
    assert_eq!(read, ended("&{100 876 8021}\n", "", 0));
}
