//! The programs of `examples/capi`, which link the C drop-in, and the static executables see the
//! same objects.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rawshm_tests::capi::{self, Linkage};
use rawshm_tests::{Ended, Folder, UniqueName, cargo, repository, run, static_program};

const WRITER: &str = "examples/capi/writer.c";
const READER: &str = "examples/capi/reader.c";
const PRINTED: &str = "&{100 876 8021}\n";

/// Runs a program that must succeed, and returns what it prints.
#[track_caller]
fn succeed(command: &mut Command) -> String {
    let Ended {
        stdout,
        stderr,
        status,
    } = run(command);
    assert_eq!((status, stderr.as_str()), (0, ""), "{command:?}");
    stdout
}

/// Checks that a writer and a reader exchange data with each other, and with `writer` and `reader`.
#[track_caller]
pub(crate) fn exchange(writer: &Path, reader: &Path) {
    let name = UniqueName::new();
    let argument = name.argument();
    let missing = run(Command::new(reader).arg(&argument));
    assert_eq!(missing.status, 1, "{}", reader.display());
    assert!(missing.stderr.to_lowercase().contains("no such file"));
    // Their own, twice, because the second one replaces an object.
    for _ in 0..2 {
        assert_eq!(succeed(Command::new(writer).arg(&argument)), "");
        let of_ours = succeed(Command::new(static_program("reader")).args(["-n", &argument]));
        assert_eq!(of_ours, PRINTED);
    }
    // The same name without a slash.
    let bare = argument.trim_start_matches('/');
    assert_eq!(succeed(Command::new(reader).arg(bare)), PRINTED);
    let columns = ["-7", "0", "9223372036854775807"];
    let ours = ["-n", &argument, "-s", "4096"];
    succeed(
        Command::new(static_program("writer"))
            .args(ours)
            .args(columns),
    );
    let of_theirs = succeed(Command::new(reader).arg(&argument));
    assert_eq!(of_theirs, "&{-7 0 9223372036854775807}\n");
}

#[test]
fn c_programs_exchange_data_with_the_static_pair_however_they_are_linked() {
    for linkage in Linkage::ALL {
        exchange(
            &capi::program(WRITER, linkage),
            &capi::program(READER, linkage),
        );
    }
}

/// Compiles a Go program, which finds the archive where `cargo capi` puts it by default. Go has its
/// own build cache.
fn go_program(source: &str) -> PathBuf {
    static ARCHIVE: OnceLock<()> = OnceLock::new();
    ARCHIVE.get_or_init(|| {
        let target = repository().join("target");
        let built = run(cargo()
            .args(["capi", "--quiet", "--target-dir"])
            .arg(target));
        assert_eq!(built.status, 0, "cargo capi: {}", built.stderr);
    });
    let source = repository().join(source);
    let stem = source.file_stem().expect("a name").to_string_lossy();
    let test = std::env::current_exe().expect("a path");
    let program = test.with_file_name(format!("go-{stem}"));
    let compiled = run(&mut go_build(&program, &source, ""));
    assert_eq!(compiled.status, 0, "{}", compiled.stderr);
    program
}

/// The command that compiles a Go program, with these flags for the linker beside its own.
pub(crate) fn go_build(program: &Path, source: &Path, flags: &str) -> Command {
    let mut go = Command::new("go");
    go.env("CGO_LDFLAGS", flags);
    go.args(["build", "-o"]).arg(program).arg(source);
    go
}

#[test]
fn no_source_or_command_of_the_examples_asks_for_librt() {
    for name in [
        "writer.c",
        "reader.c",
        "writer.go",
        "reader.go",
        "README.md",
    ] {
        let path = repository().join("examples/capi").join(name);
        let text = std::fs::read_to_string(path).expect("a file");
        assert!(text.contains("open") && text.lines().count() > 20, "{name}");
        let commands = text.lines().filter(|line| !line.contains("no `-lrt`"));
        assert!(!commands.collect::<String>().contains("-lrt"), "{name}");
    }
}

/// The system calls on the object's path, and `fstat`s, as strace sees them.
fn trace(program: &Path, name: &UniqueName, injection: &str) -> Vec<String> {
    let folder = Folder::new();
    let file = folder.join("trace");
    let mut strace = Command::new("strace");
    strace.arg("-o").arg(&file).arg("-P").arg(name.path());
    if !injection.is_empty() {
        strace.arg("-e").arg(injection);
    }
    let ended = run(strace.arg(program).arg(name.argument()));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    let lines = std::fs::read_to_string(file).expect("a trace");
    let call = |line: &str| Some(line.split_once('(')?.0.to_owned());
    lines.lines().filter_map(call).collect()
}

mod needs_musl_gcc {
    use super::*;

    #[test]
    #[ignore = "needs musl gcc"]
    fn c_programs_of_musls_exchange_data_with_the_static_pair() {
        exchange(
            &capi::program(WRITER, Linkage::Musl),
            &capi::program(READER, Linkage::Musl),
        );
    }
}

mod needs_go {
    use super::*;

    #[test]
    #[ignore = "needs go"]
    fn go_programs_exchange_data_with_the_static_pair() {
        exchange(
            &go_program("examples/capi/writer.go"),
            &go_program("examples/capi/reader.go"),
        );
    }

    #[test]
    #[ignore = "needs go"]
    fn go_programs_find_the_archive_in_another_target_directory() {
        let folder = Folder::new();
        // Not where these programs look by themselves.
        let sources = folder.join("examples/capi");
        std::fs::create_dir_all(&sources).expect("a folder");
        for file in ["writer.go", "reader.go", "rawshm.h"] {
            let from = repository().join("examples/capi").join(file);
            std::fs::copy(from, sources.join(file)).expect("copied");
        }
        let built = |name: &str, flags: &str| {
            let program = folder.join(name);
            let source = sources.join(name).with_extension("go");
            let ended = run(&mut go_build(&program, &source, flags));
            (program, ended)
        };
        let (_, failed) = built("writer", "");
        assert!(failed.stderr.contains("librawshm_capi.a"), "{failed:?}");
        let programs = ["writer", "reader"].map(|name| {
            let (program, ended) = built(name, &format!("-L{}", capi::library().display()));
            assert_eq!(ended.status, 0, "{}", ended.stderr);
            program
        });
        exchange(&programs[0], &programs[1]);
    }

    #[test]
    #[ignore = "needs go"]
    fn go_sees_no_stale_errno_after_an_shm_open_that_worked() {
        let name = UniqueName::new();
        let printed = succeed(Command::new(go_program("tests/go/errno.go")).arg(name.argument()));
        assert_eq!(
            printed,
            "no such file or directory | true <nil> | file exists | <nil>\n"
        );
    }
}

mod needs_strace {
    use super::*;

    #[test]
    #[ignore = "needs strace"]
    fn shm_open_is_one_openat_and_one_fstat_and_shm_unlink_one_unlinkat() {
        let name = UniqueName::new();
        let writer = capi::program(WRITER, Linkage::Static);
        let calls = trace(&writer, &name, "");
        assert_eq!(
            calls,
            ["unlinkat", "openat", "fstat", "ftruncate", "mmap"],
            "{calls:?}"
        );
    }

    #[test]
    #[ignore = "needs strace"]
    fn a_call_that_a_signal_interrupts_is_made_again() {
        let name = UniqueName::new();
        let writer = capi::program(WRITER, Linkage::Static);
        let calls = trace(
            &writer,
            &name,
            "inject=openat,unlinkat:error=EINTR:when=1..2",
        );
        let made = |call| calls.iter().filter(|made| *made == call).count();
        assert_eq!((made("unlinkat"), made("openat")), (3, 3), "{calls:?}");
        let read = run(Command::new(static_program("reader")).args(["-n", &name.argument()]));
        assert_eq!(read.stdout, PRINTED);
    }
}
