//! The system calls of complete objects, on each rung, and of `creator`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use rawshm::{Object, Size};
use rawshm_tests::rungs::{Rung, on, on_each_rung};
use rawshm_tests::traces::Trace;
use rawshm_tests::{UniqueName, left_in_shm, static_program};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// What exists under the name and under its first temporary name before the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    Old,
    /// A temporary name that is not locked.
    Left,
    /// A temporary name that this process has locked.
    Locked,
}

/// A trace of one run, and the number of files after it.
struct Run<'a> {
    file: &'a str,
    before: Before,
    inject: &'a str,
    files: usize,
}

fn run_of<'a>(file: &'a str, before: Before, inject: &'a str, files: usize) -> Run<'a> {
    Run {
        file,
        before,
        inject,
        files,
    }
}

impl Run<'_> {
    fn of(&self, program: &Path, arguments: &[&str]) -> i32 {
        let name = UniqueName::new();
        let argument = name.argument();
        let temporary = temporary(&name);
        let locked: Option<File> = match self.before {
            Before::Locked => Some(lock(&temporary)),
            _ => None,
        };
        match self.before {
            Before::Old => drop(Object::create(&name, Size::Sparse(4096)).expect("created")),
            Before::Left => std::fs::write(&temporary, "left").expect("written"),
            _ => {}
        }
        let inject = format!("inject={}", self.inject);
        let strace: &[&str] = match self.inject {
            "" => &[],
            _ => &["-e", &inject],
        };
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|one| if *one == "NAME" { &argument } else { *one })
            .collect();
        let trace = Trace {
            file: self.file,
            name: &name,
            strace,
        };
        let status = trace.of(program, &arguments);
        let left = left_in_shm(&name);
        let _ = std::fs::remove_file(&temporary);
        drop(locked);
        assert_eq!(left.len(), self.files, "{}: {left:?}", self.file);
        status
    }
}

fn temporary(name: &UniqueName) -> PathBuf {
    let name = name.argument();
    let file = rawshm_tests::complete::temporary(name.trim_start_matches('/'), 0);
    Path::new("/dev/shm").join(file)
}

fn lock(path: &Path) -> File {
    let file = File::create(path).expect("a file");
    // SAFETY: an open descriptor.
    let locked = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    assert_eq!(locked, 0);
    file
}

/// Traces the creator, from its start to its end.
fn creator(run: &Run, arguments: &[&str]) -> i32 {
    let arguments = [&["-n", "NAME"], arguments].concat();
    run.of(&static_program("creator"), &arguments)
}

/// Traces one command of the peer: only the calls that the library makes.
fn library(run: &Run, command: &str, arguments: &[&str]) {
    let arguments = [&[command, "NAME"], arguments].concat();
    assert_eq!(run.of(Path::new(PEER), &arguments), 0, "{}", run.file);
}

#[test]
#[ignore = "needs strace"]
fn the_creator_makes_nine_calls_and_replaces_in_thirteen() {
    on_each_rung(|rung| {
        let way = rung.suffix();
        let run = |file: &str, before, files, arguments: &[&str], status| {
            let file = format!("{file}{way}");
            let run = run_of(&file, before, "", files);
            assert_eq!(creator(&run, arguments), status, "{file}");
        };
        run("creator/created", Before::Nothing, 1, &[], 0);
        run("creator/taken", Before::Old, 1, &[], 1);
        run("creator/replaced", Before::Old, 1, &["-r"], 0);
    });
}

#[test]
#[ignore = "needs strace"]
fn a_creator_that_reserves_in_a_directory_makes_three_calls_more_and_help_is_one() {
    let file = "creator/reserved-in-another-directory";
    let run = run_of(file, Before::Nothing, "", 1);
    let arguments = ["-R", "-s", "4096", "-d", "/dev/shm"];
    assert_eq!(creator(&run, &arguments), 0);
    let run = run_of("creator/help", Before::Nothing, "", 0);
    assert_eq!(creator(&run, &["-h"]), 0);
}

#[test]
#[ignore = "needs strace"]
fn each_way_of_the_library_makes_the_calls_that_its_documentation_names() {
    on_each_rung(|rung| {
        let way = rung.suffix();
        let run = |file: &str, before, files, command: &str, arguments: &[&str]| {
            let file = format!("{file}{way}");
            let run = run_of(&file, before, "", files);
            library(&run, command, arguments);
        };
        let (create, replace, once) = ("create-complete", "replace", "open-or-create-complete");
        run(
            "Options::create_complete/created",
            Before::Nothing,
            1,
            create,
            &[],
        );
        run(
            "Options::create_complete/initialiser-failed",
            Before::Nothing,
            0,
            create,
            &["fails"],
        );
        run("Options::replace/replaced", Before::Old, 1, replace, &[]);
        run(
            "Options::replace/initialiser-failed",
            Before::Old,
            1,
            replace,
            &["fails"],
        );
        run(
            "Options::open_or_create_complete/created",
            Before::Nothing,
            1,
            once,
            &[],
        );
        run(
            "Options::create_complete/past-a-temporary-name-that-was-left",
            Before::Left,
            usize::from(!rung.is_temporary()) + 1,
            create,
            &[],
        );
        run(
            "Options::replace/past-a-temporary-name-that-was-left",
            Before::Left,
            1,
            replace,
            &[],
        );
        run(
            "Options::replace/past-a-temporary-name-in-use",
            Before::Locked,
            2,
            replace,
            &[],
        );
        run(
            "Options::create_complete/reserved-with-an-exact-mode",
            Before::Nothing,
            1,
            create,
            &["exact=666", "reserved"],
        );
        run(
            "Options::create_complete/in-another-directory",
            Before::Nothing,
            1,
            create,
            &["in=/dev/shm"],
        );
        run(
            "Options::replace/in-another-directory",
            Before::Old,
            1,
            replace,
            &["in=/dev/shm"],
        );
    });
    let run = |file, before, files, command: &str, arguments: &[&str]| {
        library(&run_of(file, before, "", files), command, arguments);
    };
    run(
        "Options::open_or_create_complete/opened",
        Before::Old,
        1,
        "open-or-create-complete",
        &[],
    );
}

#[test]
#[ignore = "needs strace"]
fn what_cannot_be_renamed_exclusively_is_linked_and_unlinked() {
    let run = run_of(
        "Options::create_complete/renaming-that-keeps-refused",
        Before::Nothing,
        "renameat2:error=ENOSYS",
        1,
    );
    on(Rung::Temporary, || library(&run, "create-complete", &[]));
}

#[test]
#[ignore = "needs strace"]
fn a_call_that_fails_leaves_no_name_and_keeps_the_old_object() {
    for (file, rung, inject, arguments) in [
        (
            "Options::create_complete/no-space",
            Rung::ByDescriptor,
            "fallocate:error=ENOSPC",
            &["reserved"][..],
        ),
        (
            "Options::create_complete/no-space-without-O_TMPFILE",
            Rung::Temporary,
            "fallocate:error=ENOSPC",
            &["reserved"],
        ),
        (
            "Options::create_complete/exact-mode-refused",
            Rung::ByDescriptor,
            "fchmod:error=EPERM",
            &["exact=666"],
        ),
        (
            "Options::create_complete/link-refused",
            Rung::ByDescriptor,
            "linkat:error=ENOSPC:when=2",
            &[],
        ),
        (
            "Options::create_complete/renaming-refused",
            Rung::Temporary,
            "renameat2:error=EACCES",
            &[],
        ),
    ] {
        let run = run_of(file, Before::Nothing, inject, 0);
        on(rung, || library(&run, "create-complete", arguments));
    }
    for (file, rung, inject) in [
        (
            "Options::replace/link-refused",
            Rung::ByDescriptor,
            "linkat:error=ENOSPC:when=2",
        ),
        (
            "Options::replace/renaming-refused",
            Rung::ByDescriptor,
            "renameat:error=EACCES",
        ),
        (
            "Options::replace/renaming-refused-without-O_TMPFILE",
            Rung::Temporary,
            "renameat:error=EACCES",
        ),
    ] {
        let run = run_of(file, Before::Old, inject, 1);
        on(rung, || library(&run, "replace", &[]));
    }
}

#[test]
#[ignore = "needs strace"]
fn without_locks_it_goes_on_and_an_interrupted_call_is_made_again() {
    for (file, rung, inject) in [
        (
            "Options::replace/without-locks",
            Rung::ByDescriptor,
            "flock:error=ENOLCK",
        ),
        (
            "Options::replace/without-locks-without-O_TMPFILE",
            Rung::Temporary,
            "flock:error=ENOSYS",
        ),
        (
            "Options::replace/interrupted",
            Rung::ByDescriptor,
            "linkat,renameat,flock:error=EINTR:when=1",
        ),
        (
            "Options::replace/interrupted-without-O_TMPFILE",
            Rung::Temporary,
            "flock,renameat:error=EINTR:when=1",
        ),
        // A peer took the new name for one that was left behind, or has already removed it.
        (
            "Options::replace/raced-without-O_TMPFILE",
            Rung::Temporary,
            "flock:error=EAGAIN:when=1",
        ),
    ] {
        let run = run_of(file, Before::Old, inject, 1);
        on(rung, || library(&run, "replace", &[]));
    }
    let inject = "linkat:error=EEXIST:when=2";
    let run = run_of(
        "Options::open_or_create_complete/raced",
        Before::Nothing,
        inject,
        1,
    );
    library(&run, "open-or-create-complete", &[]);
}

#[test]
#[ignore = "needs strace"]
fn strace_forces_each_way_as_a_filter_does() {
    for (file, inject) in [
        (
            "creator/link-by-descriptor-refused",
            "linkat:error=ENOENT:when=1",
        ),
        ("creator/links-refused", "linkat:error=EPERM:when=1..2"),
        (
            "creator/unnamed-file-refused",
            "openat:error=EOPNOTSUPP:when=1",
        ),
        (
            "creator/unnamed-file-unknown-to-an-old-kernel",
            "openat:error=EISDIR:when=1",
        ),
        (
            "creator/unnamed-file-refused-by-a-filter",
            "openat:error=EPERM:when=1",
        ),
    ] {
        let run = run_of(file, Before::Nothing, inject, 1);
        assert_eq!(creator(&run, &[]), 0, "{file}");
    }
    for (file, inject) in [
        ("creator/out-of-descriptors", "openat:error=EMFILE"),
        ("creator/no-directory", "openat:error=ENOENT"),
        ("creator/no-address-space", "mmap:error=ENOMEM"),
    ] {
        let run = run_of(file, Before::Nothing, inject, 0);
        assert_eq!(creator(&run, &[]), 1, "{file}");
    }
}
