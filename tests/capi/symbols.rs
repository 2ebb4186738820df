//! The symbols that the C drop-in defines and needs.

#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use rawshm_tests::capi::{self, Linkage};
use rawshm_tests::{Folder, repository, run};

pub(crate) const DEFINED: [&str; 4] = ["rawshm_open", "rawshm_unlink", "shm_open", "shm_unlink"];
pub(crate) const ASKED_FOR: [&str; 1] = ["__errno_location"];

/// The names that `nm` prints with these arguments.
pub(crate) fn names(arguments: &[&str], file: &Path) -> BTreeSet<String> {
    let printed = run(Command::new("nm")
        .args(["--format=just-symbols"])
        .args(arguments)
        .arg(file));
    assert_eq!(printed.status, 0, "{}", printed.stderr);
    let lines = printed.stdout.lines();
    lines
        .map(|line| line.split('@').next().expect("a name").to_owned())
        .collect()
}

pub(crate) fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_shared_library_exports_four_functions_and_asks_for_the_place_of_errno() {
    let library = capi::shared();
    assert_eq!(
        names(&["--dynamic", "--defined-only"], &library),
        set(&DEFINED)
    );
    assert_eq!(
        names(&["--dynamic", "--undefined-only"], &library),
        set(&ASKED_FOR)
    );
}

#[test]
fn the_shared_library_needs_no_other_library() {
    let printed = run(Command::new("readelf")
        .args(["--dynamic", "--wide"])
        .arg(capi::shared()));
    assert_eq!(printed.status, 0);
    assert!(printed.stdout.contains("SYMTAB"));
    assert!(!printed.stdout.contains("NEEDED"), "{}", printed.stdout);
    assert!(!printed.stdout.contains("TEXTREL"), "{}", printed.stdout);
}

#[test]
fn what_a_program_takes_of_the_archive_asks_for_the_place_of_errno() {
    let folder = Folder::new();
    let object = folder.join("all.o");
    let mut linker = Command::new("cc");
    linker.args(["-r", "-nostdlib", "-o"]).arg(&object);
    linker.args(DEFINED.map(|name| format!("-Wl,--undefined={name}")));
    let ended = run(linker.arg(capi::library().join("librawshm_capi.a")));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert_eq!(
        names(&["--extern-only", "--defined-only"], &object),
        set(&DEFINED)
    );
    assert_eq!(names(&["--undefined-only"], &object), set(&ASKED_FOR));
}

#[test]
fn a_program_without_a_c_library_needs_none() {
    needs_no_c_library(&capi::library().join("librawshm_capi.a"));
}

/// Checks that a program that links this archive runs without a C library.
#[track_caller]
pub(crate) fn needs_no_c_library(archive: &Path) {
    let folder = Folder::new();
    let program = folder.join("freestanding");
    let compiled = run(Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-ffreestanding"])
        .args(["-nostdlib", "-static", "-Wl,--gc-sections", "-I"])
        .arg(repository().join("examples/capi"))
        .arg("-o")
        .arg(&program)
        .arg(repository().join("tests/c/freestanding.c"))
        .arg(archive));
    assert_eq!(compiled.status, 0, "{}", compiled.stderr);
    let ended = run(&mut Command::new(program));
    assert_eq!((ended.status, ended.stderr.as_str()), (2, ""), "ENOENT");
}

#[test]
fn a_program_that_links_the_archive_has_its_functions_and_not_the_c_librarys() {
    let program = capi::program("tests/c/columns.c", Linkage::Archive);
    assert!(names(&["--defined-only"], &program).contains("shm_open"));
    let asked_for = names(&["--undefined-only"], &program);
    assert!(asked_for.contains("__errno_location"));
    assert!(!asked_for.contains("shm_open"), "{asked_for:?}");
}
