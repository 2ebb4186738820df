//! Objects without a name, whose size is sealed.

#![cfg(target_os = "linux")]

use std::process::{Command, Stdio};

use rawshm::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};
use rawshm::{Errno, Extent, Object, Operation, ReadOnly, ReadWrite, Seals, Size};
use rawshm_tests::{Ended, UniqueName, assert_failed, finish, spawn};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

fn memfd(flags: libc::c_uint) -> OwnedFd {
    // SAFETY: a C string.
    let fd = unsafe { libc::memfd_create(c"test".as_ptr(), flags) };
    assert!(fd >= 0);
    // SAFETY: a new descriptor that nothing else owns.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

#[test]
fn an_anonymous_object_has_its_size_for_ever_and_no_name() {
    for size in [Size::Sparse(5000), Size::Reserved(5000), Size::Sparse(0)] {
        let object = Object::create_anonymous(size).expect("created");
        assert_eq!(object.size(), Ok(size.bytes()));
        assert_eq!(object.is_unlinked(), Ok(true));
        let reserved = matches!(size, Size::Reserved(_));
        assert_eq!(object.allocated(), Ok(if reserved { 8192 } else { 0 }));
        for other in [size.bytes() / 2 + 1, size.bytes() + 1, 1 << 20] {
            assert_failed(
                object.resize(Size::Sparse(other)),
                Operation::Resize,
                Errno::PERM,
            );
        }
        let larger = object.resize(Size::Reserved(1 << 20));
        assert_failed(larger, Operation::Reserve, Errno::PERM);
        assert_eq!(object.size(), Ok(size.bytes()));
    }
}

#[test]
fn a_size_that_cannot_be_is_refused() {
    let created = Object::create_anonymous(Size::Sparse(u64::MAX));
    assert_failed(created, Operation::Resize, Errno::FBIG);
}

#[test]
fn a_descriptor_is_closed_on_exec_and_its_object_cannot_be_executed() {
    let object = Object::create_anonymous(Size::Sparse(1)).expect("created");
    let fd = object.as_fd().as_raw_fd();
    // SAFETY: an open descriptor.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    // SAFETY: an open descriptor.
    let seals = unsafe { libc::fcntl(fd, libc::F_GET_SEALS) };
    assert_eq!(seals & libc::F_SEAL_EXEC, libc::F_SEAL_EXEC);
}

#[test]
fn after_a_seal_against_writes_only_old_mappings_write() {
    let object = Object::create_anonymous(Size::Reserved(4096)).expect("created");
    let writer = object.map(Extent::Whole).expect("mapped");
    object.seal(Seals::SizeAndWrites).expect("sealed");
    assert_failed(object.map(Extent::Whole), Operation::Map, Errno::PERM);
    let fd = object.into_fd();
    // SAFETY: an open descriptor, and a local byte.
    let written = unsafe { libc::pwrite(fd.as_raw_fd(), b"x".as_ptr().cast(), 1, 0) };
    assert_eq!(written, -1);
    let object = Object::<ReadOnly>::from_sealed_fd(fd, Seals::SizeAndWrites).expect("sealed");
    let reader = object.map(Extent::Whole).expect("mapped");
    writer.store(8, &8021_u64).expect("within");
    assert_eq!(reader.load::<u64>(8), Ok(8021));
    assert_eq!(object.read_at::<u64>(8), Ok(8021));
}

#[test]
fn what_has_not_the_seals_is_refused_and_closed() {
    let name = UniqueName::new();
    let with_a_name = Object::create(&name, Size::Sparse(4096)).expect("created");
    let writable = Object::create_anonymous(Size::Sparse(4096)).expect("created");
    let shrinkable = memfd(libc::MFD_ALLOW_SEALING);
    // SAFETY: an open descriptor.
    let sealed =
        unsafe { libc::fcntl(shrinkable.as_raw_fd(), libc::F_ADD_SEALS, libc::F_SEAL_GROW) };
    assert_eq!(sealed, 0);
    // SAFETY: a C string, and a new descriptor that nothing else owns.
    let folder = unsafe { OwnedFd::from_raw_fd(libc::open(c"/".as_ptr(), libc::O_RDONLY)) };
    for (fd, wanted) in [
        (with_a_name.into_fd(), Seals::Size),
        (writable.into_fd(), Seals::SizeAndWrites),
        (shrinkable, Seals::Size),
        (memfd(0), Seals::Size),
        (memfd(libc::MFD_ALLOW_SEALING), Seals::Size),
        (folder, Seals::Size),
    ] {
        let adopted = Object::<ReadOnly>::from_sealed_fd(fd, wanted);
        assert_failed(adopted, Operation::Adopt, Errno::PERM);
    }
}

#[test]
fn a_seal_against_all_writes_is_one_against_those_of_the_future() {
    let fd = memfd(libc::MFD_ALLOW_SEALING);
    let all = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
    // SAFETY: an open descriptor.
    let sized = unsafe { libc::ftruncate(fd.as_raw_fd(), 4096) };
    // SAFETY: an open descriptor.
    let sealed = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_ADD_SEALS, all) };
    assert_eq!((sized, sealed), (0, 0));
    let object = Object::<ReadOnly>::from_sealed_fd(fd, Seals::SizeAndWrites).expect("sealed");
    assert_eq!(object.read_at::<u64>(0), Ok(0));
}

#[test]
fn an_object_with_a_name_cannot_be_sealed() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(4096)).expect("created");
    assert_failed(object.seal(Seals::Size), Operation::Seal, Errno::PERM);
    let error = object.seal(Seals::Size).expect_err("refused");
    assert_eq!(
        error.to_string(),
        "cannot seal the shared memory object: not permitted (EPERM)"
    );
    let refused = Object::<ReadWrite>::from_sealed_fd(object.into_fd(), Seals::Size);
    assert_eq!(
        refused.expect_err("refused").to_string(),
        "cannot adopt the file descriptor: not permitted (EPERM)"
    );
}

#[test]
fn a_peer_that_gets_the_descriptor_cannot_take_bytes_away() {
    let object = Object::create_anonymous(Size::Reserved(65_536)).expect("created");
    let mapping = object.map(Extent::Whole).expect("mapped");
    // SAFETY: an open descriptor, and a new one that nothing else owns.
    let copy = unsafe {
        <Stdio as std::os::fd::FromRawFd>::from_raw_fd(libc::dup(object.as_fd().as_raw_fd()))
    };
    let mut attack = Command::new(PEER);
    attack.args(["reading", "attack-standard-input", "/unused"]);
    let ended = Ended::from(finish(spawn(attack.stdin(copy).stdout(Stdio::piped()))));
    let answer = "Resize EPERM, Resize EPERM, Reserve EPERM, ok, ok\n";
    assert_eq!(ended.stdout, answer, "{}", ended.stderr);
    for offset in (0..mapping.len()).step_by(4096) {
        mapping.store(offset, &1_u64).expect("within");
    }
}
