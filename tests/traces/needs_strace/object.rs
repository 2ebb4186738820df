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
    if file != "writer/killed-before-it-has-set-the-size" {
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
fn library(file: &str, command: &str, rest: &str, inject: &str, existing: bool) {
    let name = UniqueName::new();
    let argument = name.argument();
    let path = name.path();
    let path = path.to_str().expect("text");
    if existing {
        Object::create(&name, Size::Sparse(4096)).expect("created");
    }
    // An injected error must not hit what the peer does before: so only calls on the object are
    // traced, and the others are not affected.
    let inject = format!("inject={inject}");
    let strace: &[&str] = match inject.as_str() {
        "inject=" => &[],
        inject => &["-P", path, "-P", "/dev/shm", "-e", inject],
    };
    let status = Trace {
        file,
        name: &name,
        strace,
    }
    .of(Path::new(PEER), &[command, &argument, rest]);
    assert_eq!(status, 0, "{file}");
}

const SIZE: u64 = 4_000_000_000;

#[test]
#[ignore = "needs strace"]
fn the_writer_makes_eight_calls() {
    assert_eq!(writer("writer/stored", &[], &[]), 0);
}

#[test]
#[ignore = "needs strace"]
fn the_reader_makes_eight_calls() {
    assert_eq!(reader("reader/printed", Some(SIZE), &[], &[]), 0);
}

#[test]
#[ignore = "needs strace"]
fn showing_and_unlinking_are_one_call_each() {
    assert_eq!(
        reader(
            "reader/printed-with-sizes-and-unlinked",
            Some(SIZE),
            &[],
            &["-v", "-u"]
        ),
        0
    );
}

#[test]
#[ignore = "needs strace"]
fn a_writer_that_fails_leaves_nothing_behind() {
    for (file, injected) in [
        ("writer/out-of-descriptors", "openat:error=EMFILE"),
        ("writer/no-directory", "openat:error=ENOENT"),
        ("writer/unlink-not-permitted", "unlinkat:error=EPERM"),
        ("writer/no-space", "ftruncate:error=ENOSPC"),
        ("writer/no-address-space", "mmap:error=ENOMEM"),
        ("writer/unknown-errno", "openat:error=EUCLEAN"),
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
            "writer/interrupted",
            &["-e", "inject=openat,ftruncate:error=EINTR:when=1"],
            &[]
        ),
        0
    );
    assert_eq!(
        reader(
            "reader/interrupted",
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
    let status = writer(
        "writer/killed-before-it-has-set-the-size",
        &["-e", inject],
        &[],
    );
    assert_eq!(status, 128 + 9);
    assert_eq!(reader("reader/too-small", Some(0), &[], &[]), 1);
}

#[test]
#[ignore = "needs strace"]
fn a_reader_that_fails_says_so_in_one_write() {
    assert_eq!(reader("reader/missing", None, &[], &[]), 1);
    let filter = ["-e", "inject=faccessat:error=EPERM"];
    assert_eq!(
        reader("reader/missing-behind-a-filter", None, &filter, &[]),
        1
    );
    for (file, injected) in [
        ("reader/not-permitted", "openat:error=EACCES"),
        ("reader/no-address-space", "mmap:error=ENOMEM"),
        ("reader/broken-pipe", "write:error=EPIPE:when=1"),
    ] {
        let inject = format!("inject={injected}");
        assert_eq!(reader(file, Some(SIZE), &["-e", &inject], &[]), 1, "{file}");
    }
}

#[test]
#[ignore = "needs strace"]
fn objects_make_the_calls_that_their_documentation_names() {
    const NO_SPACE: &str = "fallocate:error=ENOSPC";
    // A peer unlinks the name between the two calls.
    const RACED: &str = "openat:error=EEXIST:when=1";
    for (file, command, argument, inject) in [
        ("Object::create/created", "create", "4096", ""),
        ("Object::create/reserved", "create-reserved", "8192", ""),
        (
            "Object::create/no-space",
            "create-reserved",
            "8192",
            NO_SPACE,
        ),
        (
            "Object::create/interrupted-while-it-reserves",
            "create-reserved",
            "8388608",
            "fallocate:error=EINTR:when=1..2",
        ),
        (
            "Options::create/with-an-exact-mode",
            "create-exact",
            "666",
            "",
        ),
        (
            "Options::create/exact-mode-refused",
            "create-exact",
            "666",
            "fchmod:error=EPERM",
        ),
        (
            "Options::create/in-another-directory",
            "create-in",
            "/dev/shm",
            "",
        ),
        ("Object::open/missing", "open", "", ""),
        (
            "Options::open/missing-in-another-directory",
            "open-in",
            "/dev/shm",
            "",
        ),
        (
            "Object::open_or_create/created",
            "open-or-create",
            "4096",
            "",
        ),
        (
            "Object::open_or_create/raced",
            "open-or-create",
            "4096",
            RACED,
        ),
        ("unlink/missing", "unlink", "", ""),
        ("Mapping::create/created", "create-mapping", "4096", ""),
        ("Directory::open/opened", "open-directory", "", ""),
        ("Directory::is_memory/asked", "is-memory", "", ""),
        (
            "Directory::is_memory/asked-of-an-open-one",
            "is-memory-opened",
            "",
            "",
        ),
    ] {
        library(file, command, argument, inject, false);
    }
    for (file, command, argument, inject) in [
        ("Object::create/taken", "create", "4096", ""),
        ("Object::open/opened", "open", "", ""),
        ("Object::open_read_write/opened", "open-read-write", "", ""),
        (
            "Object::open_or_create/opened",
            "open-or-create",
            "4096",
            "",
        ),
        ("Object::resize/resized", "resize", "8192", ""),
        ("Object::resize/reserved", "resize-reserved", "8192", ""),
        (
            "Object::resize/reserved-and-shrunk",
            "resize-reserved",
            "1024",
            "",
        ),
        (
            "Object::resize/no-space",
            "resize-reserved",
            "8192",
            NO_SPACE,
        ),
    ] {
        library(file, command, argument, inject, true);
    }
}

#[test]
#[ignore = "needs strace"]
fn a_kernel_that_cannot_prefault_says_so_in_one_call() {
    let name = UniqueName::new();
    let argument = name.argument();
    Object::create(&name, Size::Sparse(4096)).expect("created");
    let status = Trace {
        file: "Mapping::prefault/prefaulted-unknown-to-the-kernel",
        name: &name,
        strace: &["-e", "inject=madvise:error=EINVAL"],
    }
    .of(Path::new(PEER), &["prefault", &argument]);
    assert_eq!(status, 0);
}

#[test]
#[ignore = "needs strace"]
fn what_is_done_to_an_object_makes_the_calls_that_its_documentation_names() {
    for (file, command) in [
        ("Object::status/asked", "status"),
        ("Object::map/mapped", "map"),
        ("Object::map_within/mapped", "map-within"),
        ("Object::from_fd/adopted", "from-fd"),
        ("Object::into_read_only/no-call", "object-into-read-only"),
        ("Object::unlink/unlinked", "unlink-object"),
        ("Object::unlink_on_drop/guarded", "unlink-on-drop"),
        ("unlink/unlinked", "unlink"),
        ("Mapping::open/opened", "open-mapping"),
        ("Mapping::open_read_write/opened", "open-mapping-read-write"),
        ("Directory::open_with_flags/opened", "open-with-flags"),
        ("UnlinkGuard::unlink/unlinked", "unlink-guard"),
        ("UnlinkGuard::keep/closed", "keep-guard"),
        ("Mapping::prefault/prefaulted", "prefault"),
        ("Mapping::lock/locked", "lock"),
        ("Mapping::unlock/unlocked", "unlock"),
        ("Mapping::advise/advised", "advise"),
        ("Mapping::into_read_only/protected", "into-read-only"),
        ("SharedBytes::load/no-call", "access"),
        ("drop/Object", "drop-object"),
        ("drop/Mapping", "drop-mapping"),
        ("drop/UnlinkGuard", "drop-guard"),
        ("drop/Directory", "drop-directory"),
        ("drop/Complete", "drop-complete"),
    ] {
        library(file, command, "", "", true);
    }
}
