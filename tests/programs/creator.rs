//! The static executable `creator`, as its users run it.

#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rawshm::{Object, Size};
use rawshm_tests::rungs::on_each_rung;
use rawshm_tests::{Ended, UniqueName, left_in_shm, run, static_program};

fn program(program: &str, name: &UniqueName, arguments: &[&str]) -> Ended {
    run(Command::new(static_program(program))
        .args(["-n", &name.argument()])
        .args(arguments))
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

fn taken(name: &UniqueName) -> Ended {
    let name = name.argument();
    let line = format!("creator: cannot create {name}: file exists (EEXIST)\n");
    ended("", &line, 1)
}

#[test]
fn the_reader_prints_what_the_creator_stored() {
    on_each_rung(|_| {
        let name = UniqueName::new();
        assert_eq!(program("creator", &name, &[]), silent());
        let report = format!(
            "{}: 4000000000 bytes, 4096 of them in memory\n",
            name.argument()
        );
        let expected = ended("&{100 876 8021}\n", &report, 0);
        assert_eq!(program("reader", &name, &["-v"]), expected);
    });
}

#[test]
fn a_name_that_is_taken_is_an_error_in_one_line_and_keeps_its_object() {
    on_each_rung(|_| {
        let name = UniqueName::new();
        assert_eq!(program("creator", &name, &["1", "2", "3"]), silent());
        assert_eq!(program("creator", &name, &[]), taken(&name));
        assert_eq!(program("reader", &name, &[]), ended("&{1 2 3}\n", "", 0));
        assert_eq!(left_in_shm(&name).len(), 1);
    });
}

#[test]
fn on_request_it_replaces_and_readers_of_the_old_object_keep_it() {
    on_each_rung(|_| {
        let name = UniqueName::new();
        assert_eq!(program("creator", &name, &["-r", "1", "2", "3"]), silent());
        let old = Object::open(&name).expect("opened");
        assert_eq!(program("creator", &name, &["4", "-r", "5", "6"]), silent());
        assert_eq!(program("reader", &name, &[]), ended("&{4 5 6}\n", "", 0));
        assert_eq!(old.is_unlinked(), Ok(true));
        let mapping = old.map(rawshm::Extent::first(24)).expect("mapped");
        assert_eq!(mapping.load::<[i64; 3]>(0).expect("within"), [1, 2, 3]);
        assert_eq!(left_in_shm(&name).len(), 1);
    });
}

#[test]
fn size_and_mode_are_as_asked_for() {
    on_each_rung(|_| {
        let name = UniqueName::new();
        let arguments = ["-rs4096", "-m600", "--", "-1", "2", "3"];
        assert_eq!(program("creator", &name, &arguments), silent());
        assert_eq!(program("reader", &name, &[]), ended("&{-1 2 3}\n", "", 0));
        let metadata = name.path().metadata().expect("an object");
        assert_eq!(metadata.len(), 4096);
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    });
}

#[test]
fn an_impossible_size_or_name_is_an_error_in_one_line_that_leaves_nothing_behind() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let shown = name.argument();
        for arguments in [
            &["-s", "18446744073709551615"][..],
            &["-rs18446744073709551615"],
        ] {
            let line = format!("creator: cannot resize {shown}: file too large (EFBIG)\n");
            assert_eq!(program("creator", &name, arguments), ended("", &line, 1));
        }
        assert!(left_in_shm(&name).is_empty(), "{rung:?}");
    });
    let long = "x".repeat(256);
    for (name, shown, why) in [
        ("/a/b", "/a/b", "not a valid name (EINVAL)"),
        (&long, &long, "file name too long (ENAMETOOLONG)"),
    ] {
        let ran = run(Command::new(static_program("creator")).args(["-n", name]));
        let line = format!("creator: cannot use {shown}: {why}\n");
        assert_eq!(ran, ended("", &line, 1));
    }
}

#[test]
fn creators_that_run_at_once_exclude_each_other_and_readers_see_whole_objects_only() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let missing = format!(
            "reader: cannot open {}: no such file or directory (ENOENT)\n",
            name.argument()
        );
        std::thread::scope(|scope| {
            for (column, how) in [("1", "-m644"), ("2", "-m644"), ("3", "-r"), ("4", "-r")] {
                let name = &name;
                scope.spawn(move || {
                    for _ in 0..25 {
                        let ended = program("creator", name, &[how, column, column, column]);
                        let lost = how != "-r" && ended == taken(name);
                        assert!(lost || ended == silent(), "{rung:?}: {ended:?}");
                    }
                });
            }
            scope.spawn(|| {
                for round in 0..100 {
                    let unlink: &[&str] = if round % 4 == 0 { &["-u"] } else { &[] };
                    let ended = program("reader", &name, unlink);
                    let columns = ended.stdout.trim_matches(['&', '{', '}', '\n']);
                    let whole = ["1 1 1", "2 2 2", "3 3 3", "4 4 4"].contains(&columns);
                    // A peer may have unlinked the name, or replaced it, since it was opened.
                    let expected = whole && ended.status == 0;
                    assert!(expected || ended.stderr == missing, "{rung:?}: {ended:?}");
                }
            });
        });
        let left = left_in_shm(&name).len();
        assert!(left <= 1, "{rung:?}: {left} files");
    });
}

#[test]
fn what_it_creates_is_an_ordinary_object() {
    let name = UniqueName::new();
    Object::create(&name, Size::Sparse(24)).expect("created");
    assert_eq!(program("creator", &name, &[]), taken(&name));
    assert_eq!(program("creator", &name, &["-r"]), silent());
    assert_eq!(program("writer", &name, &["7", "8", "9"]), silent());
    assert_eq!(
        program("reader", &name, &["-u"]),
        ended("&{7 8 9}\n", "", 0)
    );
}

#[test]
fn it_needs_no_standard_stream() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        for arguments in ["", "-r"] {
            let script = format!("exec \"$0\" -n \"$1\" {arguments} <&- >&- 2>&-");
            let ran = run(Command::new("sh")
                .args(["-c", &script])
                .arg(static_program("creator"))
                .arg(name.argument()));
            assert_eq!(ran, silent(), "{rung:?}");
            let read = program("reader", &name, &[]);
            assert_eq!(read, ended("&{100 876 8021}\n", "", 0));
        }
    });
}
