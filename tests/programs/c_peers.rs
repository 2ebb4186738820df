//! Programs in C that use the C library's `shm_open` see the same objects.

#![cfg(unix)]

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use rawshm::{Extent, Mapping, Options, Size};
use rawshm_tests::{UniqueName, c_program, run, static_program};

fn columns() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| c_program("tests/c/columns.c"))
}

fn c(arguments: &[&str]) -> String {
    let ended = run(Command::new(columns()).args(arguments));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    ended.stdout
}

#[test]
fn the_crate_reads_what_c_wrote() {
    let name = UniqueName::new();
    c(&["write", &name.argument(), "-7", "0", "9223372036854775807"]);
    let mapping = Mapping::open(&name, Extent::first(24)).expect("opened");
    assert_eq!(
        mapping.load::<[i64; 3]>(0).expect("within"),
        [-7, 0, i64::MAX]
    );
}

#[test]
fn c_reads_what_the_crate_wrote() {
    let name = UniqueName::new();
    let mapping = Options::new()
        .create_mapping(&name, Size::Sparse(24))
        .expect("created");
    mapping.store(0, &[100_i64, 876, 8021]).expect("within");
    assert_eq!(c(&["read", &name.argument()]), "100 876 8021\n");
}

#[test]
fn c_reads_what_writer_wrote() {
    let name = UniqueName::new();
    let written = run(Command::new(static_program("writer")).args(["-n", &name.argument()]));
    assert_eq!((written.status, written.stderr.as_str()), (0, ""));
    assert_eq!(c(&["read", &name.argument()]), "100 876 8021\n");
}

#[test]
fn reader_prints_what_c_wrote() {
    let name = UniqueName::new();
    c(&["write", &name.argument(), "1", "-22", "333"]);
    let read = run(Command::new(static_program("reader")).args(["-n", &name.argument()]));
    assert_eq!((read.status, read.stdout.as_str()), (0, "&{1 -22 333}\n"));
}

mod needs_musl_gcc {
    use super::*;

    #[test]
    #[ignore = "needs musl gcc"]
    fn a_static_c_program_of_musl_sees_the_same_objects() {
        let source = rawshm_tests::repository().join("tests/c/columns.c");
        let program = columns().with_extension("musl");
        let compiled = run(Command::new("musl-gcc")
            .args(["-static", "-o"])
            .arg(&program)
            .arg(source));
        assert_eq!(compiled.status, 0, "{}", compiled.stderr);
        let name = UniqueName::new();
        let written = run(Command::new(&program).args(["write", &name.argument(), "1", "2", "3"]));
        assert_eq!(written.status, 0);
        let read = run(Command::new(static_program("reader")).args(["-n", &name.argument()]));
        assert_eq!((read.status, read.stdout.as_str()), (0, "&{1 2 3}\n"));
        run(Command::new(static_program("writer")).args(["-n", &name.argument(), "4", "5", "6"]));
        let read = run(Command::new(&program).args(["read", &name.argument()]));
        assert_eq!(read.stdout, "4 5 6\n");
    }
}
