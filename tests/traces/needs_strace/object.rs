//! The system calls of objects and mappings, and of `writer` and `reader`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::Path;

use rawshm::{Extent, Object, Options, Size};
use rawshm_tests::traces::Trace;
use rawshm_tests::{UniqueName, static_program};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

fn writer(file: &str, strace: &[&str], arguments: &[&str]) -> i32 {
    let name = UniqueName::new();
    let argument = name.argument();
    let status = Trace {
        file,
        name: &name,
        strace,
    }
    .of(
        &static_program("writer"),
        &[&["-n", &argument], arguments].concat(),
    );
    if file != "writer-killed-before-ftruncate" {
        let left = name.path().symlink_metadata().is_ok();
        assert_eq!(left, status == 0, "an error leaves nothing behind");
    }
    status
}

/// Traces the reader on an object of this size.
fn reader(file: &str, size: Option<u64>, strace: &[&str], arguments: &[&str]) -> i32 {
    let name = UniqueName::new();
    let argument = name.argument();
    if let Some(size) = size {
        let mode = rawshm::Mode::Exact(0o644);
        let object = Options::new()
            .mode(mode)
            .create(&name, Size::Sparse(size))
            .expect("created");
        if let Ok(mapping) = object.map(Extent::first(24)) {
            mapping.store(0, &[100_i64, 876, 8021]).expect("within");
        }
    }
    Trace {
        file,
        name: &name,
        strace,
    }
    .of(
        &static_program("reader"),
        &[&["-n", &argument], arguments].concat(),
    )
}

/// Traces one command of the peer: only the calls that the library makes.
fn library(file: &str, command: &str, arguments: &[&str], strace: &[&str], existing: bool) {
    let name = UniqueName::new();
    let argument = name.argument();
    let path = name.path();
    let path = path.to_str().expect("text");
    if existing {
        Object::create(&name, Size::Sparse(4096)).expect("created");
    }
    // An injected error must not hit what the peer does before: so only calls on the object are
    // traced, and the others are not affected.
    let strace = match strace {
        [] => vec!["-E", "RAWSHM_PEER_BEGIN=1"],
        injected => [&["-P", path, "-P", "/dev/shm"], injected].concat(),
    };
    let status = Trace {
        file,
        name: &name,
        strace: &strace,
    }
    .of(
        Path::new(PEER),
        &[&[command, &argument], arguments].concat(),
    );
    assert_eq!(status, 0, "{file}");
}

const SIZE: u64 = 4_000_000_000;

#[test]
#[ignore = "needs strace"]
fn the_writer_makes_eight_calls() {
    assert_eq!(writer("writer", &[], &[]), 0);
}

#[test]
#[ignore = "needs strace"]
fn the_reader_makes_eight_calls() {
    assert_eq!(reader("reader", Some(SIZE), &[], &[]), 0);
}

#[test]
#[ignore = "needs strace"]
fn showing_and_unlinking_are_one_call_each() {
    assert_eq!(reader("reader-v-u", Some(SIZE), &[], &["-v", "-u"]), 0);
}

#[test]
#[ignore = "needs strace"]
fn a_writer_that_fails_leaves_nothing_behind() {
    for (file, injected) in [
        ("writer-out-of-descriptors", "openat:error=EMFILE"),
        ("writer-no-directory", "openat:error=ENOENT"),
        ("writer-unlink-not-permitted", "unlinkat:error=EPERM"),
        ("writer-no-space", "ftruncate:error=ENOSPC"),
        ("writer-no-address-space", "mmap:error=ENOMEM"),
        ("writer-unknown-errno", "openat:error=EUCLEAN"),
    ] {
        let inject = format!("inject={injected}");
        assert_eq!(writer(file, &["-e", &inject], &[]), 1, "{file}");
    }
}

#[test]
#[ignore = "needs strace"]
fn an_interrupted_call_is_made_again() {
    assert_eq!(
        writer(
            "writer-interrupted",
            &["-e", "inject=openat,ftruncate:error=EINTR:when=1"],
            &[]
        ),
        0
    );
    assert_eq!(
        reader(
            "reader-interrupted",
            Some(SIZE),
            &["-e", "inject=openat,write:error=EINTR:when=1"],
            &[]
        ),
        0
    );
}

#[test]
#[ignore = "needs strace"]
fn a_writer_killed_before_it_has_set_the_size_leaves_an_object_that_the_reader_refuses() {
    let inject = "inject=ftruncate:signal=SIGKILL";
    let status = writer("writer-killed-before-ftruncate", &["-e", inject], &[]);
    assert_eq!(status, 128 + 9);
    assert_eq!(reader("reader-too-small", Some(0), &[], &[]), 1);
}

#[test]
#[ignore = "needs strace"]
fn a_reader_that_fails_says_so_in_one_write() {
    assert_eq!(reader("reader-missing", None, &[], &[]), 1);
    let filter = ["-e", "inject=faccessat:error=EPERM"];
    assert_eq!(
        reader("reader-missing-behind-a-filter", None, &filter, &[]),
        1
    );
    for (file, injected) in [
        ("reader-not-permitted", "openat:error=EACCES"),
        ("reader-no-address-space", "mmap:error=ENOMEM"),
        ("reader-broken-pipe", "write:error=EPIPE:when=1"),
    ] {
        let inject = format!("inject={injected}");
        assert_eq!(reader(file, Some(SIZE), &["-e", &inject], &[]), 1, "{file}");
    }
}

#[test]
#[ignore = "needs strace"]
fn each_operation_of_the_library_makes_the_calls_that_its_documentation_names() {
    library("create", "create", &["4096"], &[], false);
    library("create-taken", "create", &["4096"], &[], true);
    library("create-reserved", "create-reserved", &["8192"], &[], false);
    library(
        "create-reserved-interrupted",
        "create-reserved",
        &["8388608"],
        &["-e", "inject=fallocate:error=EINTR:when=1..2"],
        false,
    );
    library(
        "create-reserved-no-space",
        "create-reserved",
        &["8192"],
        &["-e", "inject=fallocate:error=ENOSPC"],
        false,
    );
    library("create-exact", "create-exact", &["666"], &[], false);
    library(
        "create-exact-refused",
        "create-exact",
        &["666"],
        &["-e", "inject=fchmod:error=EPERM"],
        false,
    );
    library("create-mapping", "create-mapping", &["4096"], &[], false);
    library("open", "open", &[], &[], true);
    library("open-missing", "open", &[], &[], false);
    library("open-read-write", "open-read-write", &[], &[], true);
    library(
        "open-or-create-creates",
        "open-or-create",
        &["4096"],
        &[],
        false,
    );
    library(
        "open-or-create-opens",
        "open-or-create",
        &["4096"],
        &[],
        true,
    );
    library("unlink", "unlink", &[], &[], true);
    library("unlink-missing", "unlink", &[], &[], false);
    library("load", "load", &[], &[], true);
    library("resize-reserved", "resize-reserved", &["8192"], &[], true);
    library(
        "resize-reserved-no-space",
        "resize-reserved",
        &["8192"],
        &["-e", "inject=fallocate:error=ENOSPC"],
        true,
    );
    library("guard", "guard", &[], &[], true);
    library("map", "map", &[], &[], true);
    library("prefault", "prefault", &[], &[], true);
    library("lock", "lock", &[], &[], true);
    library("advise", "advise", &[], &[], true);
    library("into-read-only", "into-read-only", &[], &[], true);
    library("adopt", "adopt", &[], &[], true);
    library("resize", "resize", &["8192"], &[], true);
    library("is-memory", "is-memory", &[], &[], true);
    library(
        "create-in-another-directory",
        "create-in",
        &["/dev/shm"],
        &[],
        false,
    );
    library(
        "open-missing-in-another-directory",
        "open-in",
        &["/dev/shm"],
        &[],
        false,
    );
}

#[test]
#[ignore = "needs strace"]
fn a_name_that_a_peer_unlinks_between_the_two_calls_is_tried_again() {
    let strace = ["-e", "inject=openat:error=EEXIST:when=1"];
    library(
        "open-or-create-raced",
        "open-or-create",
        &["4096"],
        &strace,
        false,
    );
}
