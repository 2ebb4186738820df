//! The static executable `creator`, as its users run it.

#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rawshm::{Object, Size};
use rawshm_tests::rungs::on_each_rung;
use rawshm_tests::{Ended, Folder, UniqueName, left_in_shm, run, static_program, with_private_shm};

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
fn wrong_usage_names_the_argument() {
    let name = UniqueName::new();
    let letters = format!("-{}", "x".repeat(99));
    for (arguments, wrong) in [
        (&["-x"][..], "-x"),
        (&["-Rx"], "-Rx"),
        (&["-s"], "-s"),
        (&["-s", "23"], "23"),
        (&["-s23", "-m", "600"], "-s23"),
        (&["-m", "778", "-R"], "778"),
        (&["-d"], "-d"),
        (&["1", "two", "3"], "two"),
        (&["1", "2"], "2"),
        (&["1", "2", "3", "4"], "4"),
        (&["1", ""], ""),
        (&[""], ""),
        (&[&letters], &letters),
    ] {
        let ran = program("creator", &name, arguments);
        let line = format!("creator: wrong usage at '{wrong}'\nusage: creator ");
        assert!(ran.stderr.starts_with(&line), "{arguments:?}: {ran:?}");
        assert_eq!((ran.stdout.as_str(), ran.status), ("", 2));
        assert!(left_in_shm(&name).is_empty());
    }
}

#[test]
fn wrong_usage_with_a_long_argument_is_as_long_as_a_line_and_keeps_its_beginning_and_its_end() {
    let name = UniqueName::new();
    let usage = program("creator", &name, &["-x"]).stderr;
    let (_, usage) = usage.split_once('\n').expect("two lines");
    for length in [200, 250, 300, 5000] {
        let ran = program("creator", &name, &[&"y".repeat(length)]);
        let text = ran.stderr.strip_prefix("creator: wrong usage at 'yy");
        let text = text.unwrap_or_else(|| panic!("{ran:?}"));
        let end = text.trim_start_matches('y');
        assert_eq!(end, format!("'\n{usage}"), "{length}");
        let whole = ran.stderr.contains(&"y".repeat(length));
        assert!(whole || ran.stderr.len() == 384, "{ran:?}");
    }
}

#[test]
fn help_is_printed_and_nothing_created() {
    let name = UniqueName::new();
    let ran = program("creator", &name, &["-rh", "1", "2", "3"]);
    assert!(ran.stdout.starts_with("usage: creator "), "{ran:?}");
    for letter in ["-d", "-R", "-r", "-h"] {
        assert!(ran.stdout.contains(&format!("\n{letter}  ")), "{letter}");
    }
    assert_eq!((ran.stderr.as_str(), ran.status), ("", 0));
    assert!(left_in_shm(&name).is_empty());
}

#[test]
fn an_object_may_be_in_another_directory() {
    let (name, folder) = (UniqueName::new(), Folder::new());
    let path = folder.join(name.argument().trim_start_matches('/'));
    let directory = folder.to_str().expect("text");
    for arguments in [&["-d", directory][..], &["-r", "-d", directory]] {
        let ran = program("creator", &name, &[arguments, &["-s", "4096"]].concat());
        assert_eq!(ran, silent());
        assert_eq!(path.metadata().expect("a file").len(), 4096);
    }
    let there = program("creator", &name, &["-d", directory]);
    assert_eq!(there, taken(&name));
    assert!(left_in_shm(&name).is_empty());
}

#[test]
fn a_directory_that_cannot_be_opened_is_named() {
    let name = UniqueName::new();
    let long = "x".repeat(4096);
    for (directory, shown, why) in [
        ("/nowhere", "/nowhere", "no such file or directory (ENOENT)"),
        ("/dev/null", "/dev/null", "not a directory (ENOTDIR)"),
        ("", "", "no such file or directory (ENOENT)"),
        (&long, &long[..256], "file name too long (ENAMETOOLONG)"),
    ] {
        let ran = program("creator", &name, &["-d", directory]);
        let line = format!("creator: cannot find {shown}: {why}\n");
        assert_eq!(ran, ended("", &line, 1));
    }
}

#[test]
fn reserved_memory_is_there_before_anything_is_stored() {
    let name = UniqueName::new();
    let size = ["-s", "1000000"];
    assert_eq!(
        program("creator", &name, &[&size[..], &["-R"]].concat()),
        silent()
    );
    let report = format!(
        "{}: 1000000 bytes, 1003520 of them in memory\n",
        name.argument()
    );
    let expected = ended("&{100 876 8021}\n", &report, 0);
    assert_eq!(program("reader", &name, &["-v"]), expected);
}

mod needs_namespaces {
    use super::*;

    #[test]
    #[ignore = "needs namespaces"]
    fn a_full_dev_shm_is_an_error_in_words_if_memory_is_reserved() {
        let script =
            "$CREATOR -Rs 1000000; echo $?; $CREATOR -Rrs 1000000; echo $?; ls -A /dev/shm";
        let ran = with_private_shm("", "size=64k", script);
        let line = "creator: cannot reserve /my_shm: no space left on device (ENOSPC)\n";
        assert_eq!(ran, ended("1\n1\n", &line.repeat(2), 0));
    }
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
