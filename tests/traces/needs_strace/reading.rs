//! The system calls of objects that are read through their descriptors, and of sealed ones.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::Path;

use rawshm::snapshot::Writer;
use rawshm::{Object, Size};
use rawshm_tests::UniqueName;
use rawshm_tests::traces::Trace;

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// Traces one command of the peer.
fn library(file: &str, name: &UniqueName, strace: &[&str], command: &str, rest: &[&str]) {
    let status = Trace { file, name, strace }.of(
        Path::new(PEER),
        &[&["reading", command, &name.argument()], rest].concat(),
    );
    assert_eq!(status, 0, "{file}");
}

#[test]
#[ignore = "needs strace"]
fn reading_makes_the_calls_that_its_documentation_names() {
    let name = UniqueName::new();
    Object::create(&name, Size::Sparse(4096)).expect("created");
    for (file, command, offset) in [
        ("Object::read_at/read", "read-at", "8"),
        ("Object::read_at/ends-before", "read-at", "4096"),
        ("Object::read_at/ends-within", "read-at", "4088"),
        ("Object::read_into/read", "read-into", "8"),
    ] {
        library(file, &name, &[], command, &[offset]);
    }
    let adopted = "Object::from_sealed_fd/not-sealed";
    library(adopted, &name, &[], "adopt-not-sealed", &[]);
}

#[test]
#[ignore = "needs strace"]
fn sealing_makes_the_calls_that_its_documentation_names() {
    let name = UniqueName::new();
    let refused = "inject=memfd_create:error=EINVAL:when=1";
    for (file, strace, command) in [
        (
            "Object::create_anonymous/created",
            &[][..],
            "create-anonymous",
        ),
        (
            "Object::create_anonymous/reserved",
            &[],
            "create-anonymous-reserved",
        ),
        (
            "Object::create_anonymous/created-without-MFD_NOEXEC_SEAL",
            &["-e", refused],
            "create-anonymous",
        ),
        (
            "Object::create_anonymous/reserved-without-MFD_NOEXEC_SEAL",
            &["-e", refused],
            "create-anonymous-reserved",
        ),
        ("Object::seal/sealed", &[], "seal"),
        ("Object::from_sealed_fd/adopted", &[], "adopt-sealed"),
    ] {
        library(file, &name, strace, command, &[]);
    }
}

#[test]
#[ignore = "needs strace"]
fn a_reader_without_a_mapping_makes_the_calls_that_its_documentation_names() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &0_u64).expect("created");
    for (file, command) in [
        ("snapshot::UnmappedReader::open/opened", "unmapped-open"),
        ("snapshot::UnmappedReader::of/read", "unmapped-of"),
        ("snapshot::UnmappedReader::load/loaded", "unmapped-load"),
        (
            "snapshot::UnmappedReader::is_retired/asked",
            "unmapped-is-retired",
        ),
        ("drop/snapshot::UnmappedReader", "unmapped-drop"),
    ] {
        library(file, &name, &[], command, &[]);
    }
    for number in 2..=200 {
        writer.store(&number);
    }
    let first = "snapshot::UnmappedReader::load/loaded-first-of-a-late-reader";
    library(first, &name, &[], "unmapped-load", &[]);
}
