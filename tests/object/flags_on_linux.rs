//! Opening with C's flags, as the C drop-in does.

#![cfg(target_os = "linux")]

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;

use rawshm::fd::{AsRawFd as _, OwnedFd};
use rawshm::{Directory, Errno, Name, Object, Operation, ReadOnly, ReadWrite, Size};
use rawshm_tests::{Folder, UniqueName, assert_failed};

fn status_flags(fd: &OwnedFd) -> i32 {
    // SAFETY: an open descriptor.
    unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) }
}

#[test]
fn the_flags_are_passed_on_and_what_every_open_adds_is_added() {
    let name = UniqueName::new();
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_APPEND;
    let fd = Directory::DEFAULT
        .open_with_flags(&name, flags, 0o600)
        .expect("created");
    let found = status_flags(&fd);
    assert_eq!(found & libc::O_ACCMODE, libc::O_RDWR);
    assert_ne!(found & libc::O_APPEND, 0);
    assert_ne!(found & libc::O_NONBLOCK, 0);
    // SAFETY: an open descriptor.
    let of_descriptor = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) };
    assert_eq!(of_descriptor, libc::FD_CLOEXEC);
    let object = Object::<ReadWrite>::from_fd(fd).expect("an object");
    assert_eq!(object.size().expect("a size"), 0);
}

#[test]
fn creating_without_excl_opens_what_is_there() {
    let name = UniqueName::new();
    Object::create(&name, Size::Sparse(24)).expect("created");
    let size = |flags| {
        let opened = Directory::DEFAULT.open_with_flags(&name, flags, 0o600);
        let object = Object::<ReadOnly>::from_fd(opened.expect("opened"));
        object.expect("an object").size().expect("a size")
    };
    assert_eq!(size(libc::O_RDWR | libc::O_CREAT), 24);
    assert_eq!(size(libc::O_RDONLY), 24);
    assert_eq!(size(libc::O_RDWR | libc::O_TRUNC), 0);
}

#[test]
fn failures_are_of_opening() {
    let name = UniqueName::new();
    let open = |flags| Directory::DEFAULT.open_with_flags(&name, flags, 0o600);
    assert_failed(open(libc::O_RDONLY), Operation::Open, Errno::NOENT);
    let exclusive = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    assert!(open(exclusive).is_ok());
    assert_failed(open(exclusive), Operation::Open, Errno::EXIST);
}

#[test]
fn another_directory_works_too_and_a_folder_in_it_is_no_object() {
    let folder = Folder::new();
    let path = CString::new(folder.as_os_str().as_bytes()).expect("no NUL");
    let directory = Directory::open(&path).expect("opened");
    let open = |name: &str, flags| {
        let name = Name::new(name).expect("a name");
        directory.open_with_flags(&name, flags, 0o600)
    };
    assert!(open("x", libc::O_RDWR | libc::O_CREAT).is_ok());
    assert!(folder.join("x").exists());
    std::fs::create_dir(folder.join("inner")).expect("a folder");
    for flags in [
        libc::O_RDONLY,
        libc::O_RDWR,
        libc::O_RDWR | libc::O_CREAT,
        libc::O_PATH,
    ] {
        assert_failed(open("inner", flags), Operation::Open, Errno::INVAL);
    }
    std::os::unix::fs::symlink("x", folder.join("link")).expect("a link");
    assert_failed(open("link", libc::O_RDONLY), Operation::Open, Errno::LOOP);
}
