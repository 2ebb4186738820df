//! Objects on Linux: sizes, modes, directories, foreign descriptors, and what a failure leaves
//! behind.

#![cfg(target_os = "linux")]

use std::ffi::CString;
use std::os::fd::IntoRawFd as _;
use std::os::unix::fs::PermissionsExt as _;

use rawshm::fd::{AsFd as _, AsRawFd as _, FromRawFd as _};
use rawshm::{Directory, Errno, Mode, Name, Object, Operation, Options, Size};
use rawshm::{ReadOnly, ReadWrite};
use rawshm_tests::{Folder, UniqueName, assert_failed};

/// Whether the name exists. No failure may leave it behind.
fn left_behind(name: &UniqueName) -> bool {
    name.path().symlink_metadata().is_ok()
}

#[test]
fn open_or_create_does_not_change_an_existing_object() {
    let name = UniqueName::new();
    Object::create(&name, Size::Sparse(64)).expect("created");
    let (object, _) = Object::open_or_create(&name, Size::Sparse(8192)).expect("opened");
    assert_eq!(object.size().expect("a size"), 64);
}

#[test]
fn a_size_that_no_file_can_have_is_refused_before_anything_is_created() {
    let name = UniqueName::new();
    for bytes in [u64::MAX, 1 << 63] {
        for size in [Size::Sparse(bytes), Size::Reserved(bytes)] {
            assert_failed(Object::create(&name, size), Operation::Resize, Errno::FBIG);
            let either = Object::open_or_create(&name, size);
            assert_failed(either, Operation::Resize, Errno::FBIG);
            assert!(!left_behind(&name));
        }
    }
}

#[test]
fn a_mode_with_other_bits_is_refused_before_anything_is_created() {
    let name = UniqueName::new();
    for mode in [
        Mode::LessUmask(0o1000),
        Mode::Exact(0o4755),
        Mode::Exact(u32::MAX),
    ] {
        let created = Options::new().mode(mode).create(&name, Size::Sparse(1));
        assert_failed(created, Operation::SetMode, Errno::INVAL);
        assert!(!left_behind(&name));
    }
}

#[test]
fn the_mode_is_0600_unless_given_and_exact_on_request() {
    let mode_of = |name: &UniqueName| {
        let metadata = name.path().metadata().expect("metadata");
        metadata.permissions().mode() & 0o7777
    };
    let name = UniqueName::new();
    Object::create(&name, Size::Sparse(1)).expect("created");
    assert_eq!(mode_of(&name), 0o600);
    let name = UniqueName::new();
    let options = Options::new().mode(Mode::Exact(0o666));
    options.create(&name, Size::Sparse(1)).expect("created");
    assert_eq!(mode_of(&name), 0o666, "whatever the umask");
    let name = UniqueName::new();
    let options = Options::new().mode(Mode::Exact(0));
    options.create(&name, Size::Sparse(1)).expect("created");
    assert_eq!(mode_of(&name), 0);
}

#[test]
fn a_sparse_object_costs_nothing_and_a_reserved_one_all_of_it() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(4_000_000_000)).expect("created");
    let status = object.status().expect("a status");
    assert_eq!(status.size(), 4_000_000_000);
    assert_eq!(status.allocated(), Ok(0));
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Reserved(1 << 20)).expect("created");
    assert_eq!(object.size(), Ok(1 << 20));
    assert_eq!(object.allocated(), Ok(1 << 20));
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Reserved(0)).expect("created");
    assert_eq!((object.size(), object.allocated()), (Ok(0), Ok(0)));
}

#[test]
fn an_object_can_be_resized_both_ways_and_new_bytes_are_zero() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(8)).expect("created");
    let fill = |object: &Object<ReadWrite>| {
        let mapping = object.map(rawshm::Extent::Whole).expect("mapped");
        mapping
            .copy_from(0, &vec![7_u8; mapping.len()])
            .expect("within");
    };
    fill(&object);
    object.resize(Size::Sparse(4)).expect("shrunk");
    object.resize(Size::Sparse(10_000)).expect("grown");
    assert_eq!(object.size(), Ok(10_000));
    let mapping = object.map(rawshm::Extent::Whole).expect("mapped");
    assert_eq!(
        mapping.load::<[u8; 8]>(0).expect("within"),
        [7, 7, 7, 7, 0, 0, 0, 0]
    );
    object.resize(Size::Reserved(20_480)).expect("reserved");
    assert_eq!(object.allocated(), Ok(20_480));
    object.resize(Size::Reserved(4096)).expect("shrunk");
    assert_eq!((object.size(), object.allocated()), (Ok(4096), Ok(4096)));
    assert_failed(
        object.resize(Size::Sparse(u64::MAX)),
        Operation::Resize,
        Errno::FBIG,
    );
    assert_eq!(object.size(), Ok(4096));
}

#[test]
fn a_guard_leaves_another_object_alone_where_a_file_system_uses_inodes_again() {
    // This matters if the temporary folder is on a disk. On a tmpfs, it is the same as the next
    // test.
    let folder = Folder::new();
    let path = CString::new(folder.to_str().expect("text")).expect("no NUL");
    let directory = Directory::open(&path).expect("opened");
    let options = Options::new().directory(&directory);
    let name = Name::new("/x").expect("valid");
    let old = options.create(&name, Size::Sparse(1)).expect("created");
    let guard = directory.unlink_on_drop(&name, &old).expect("a guard");
    drop(old);
    directory.unlink(&name).expect("unlinked");
    let new = options.create(&name, Size::Sparse(2)).expect("created");
    assert_eq!(guard.unlink(), Ok(false));
    assert_eq!(options.open(&name).expect("still there").size(), new.size());
}

#[test]
fn a_guard_leaves_another_object_of_the_same_name_alone() {
    let name = UniqueName::new();
    let old = Object::create(&name, Size::Sparse(1)).expect("created");
    let dropped = old.unlink_on_drop(&name).expect("a guard");
    let asked = old.unlink_on_drop(&name).expect("a guard");
    rawshm::unlink(&name).expect("unlinked");
    Object::create(&name, Size::Sparse(2)).expect("created anew");
    drop(dropped);
    assert_eq!(asked.unlink(), Ok(false));
    assert_eq!(Object::open(&name).expect("still there").size(), Ok(2));
}

#[test]
fn what_is_no_object_cannot_be_adopted() {
    let (socket, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
    let adopted = Object::<ReadOnly>::from_fd(owned(socket.into()));
    assert_failed(adopted, Operation::Adopt, Errno::INVAL);
    let name = UniqueName::new();
    Object::create(&name, Size::Sparse(1)).expect("created");
    let write_only = std::fs::OpenOptions::new().write(true).open(name.path());
    let adopted = Object::<ReadOnly>::from_fd(owned(write_only.expect("opened").into()));
    assert_failed(adopted, Operation::Adopt, Errno::ACCESS);
    let path = CString::new(name.path().to_str().expect("text")).expect("no NUL");
    // SAFETY: a C string.
    let path_only = unsafe { libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
    assert!(path_only >= 0);
    // SAFETY: just opened, and nothing else owns it.
    let path_only = unsafe { rawshm::fd::OwnedFd::from_raw_fd(path_only) };
    let adopted = Object::<ReadOnly>::from_fd(path_only);
    assert_failed(adopted, Operation::Adopt, Errno::ACCESS);
}

/// The crate's descriptor type, which is std's only with the feature `std`.
fn owned(fd: std::os::fd::OwnedFd) -> rawshm::fd::OwnedFd {
    // SAFETY: owned, and released by std's type.
    unsafe { rawshm::fd::OwnedFd::from_raw_fd(fd.into_raw_fd()) }
}

#[test]
fn a_memfd_can_be_adopted_and_its_seals_are_errors() {
    // SAFETY: a valid C string.
    let fd = unsafe { libc::memfd_create(c"rawshm-test".as_ptr(), libc::MFD_ALLOW_SEALING) };
    assert!(fd >= 0);
    // SAFETY: just created, and nothing else owns it.
    let fd = unsafe { rawshm::fd::OwnedFd::from_raw_fd(fd) };
    let object = Object::<ReadWrite>::from_fd(fd).expect("adopted");
    object.resize(Size::Sparse(4096)).expect("sized");
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_WRITE;
    // SAFETY: an open descriptor.
    let sealed = unsafe { libc::fcntl(object.as_fd().as_raw_fd(), libc::F_ADD_SEALS, seals) };
    assert_eq!(sealed, 0);
    assert_failed(
        object.resize(Size::Sparse(1)),
        Operation::Resize,
        Errno::PERM,
    );
    assert_failed(
        object.map(rawshm::Extent::Whole),
        Operation::Map,
        Errno::PERM,
    );
    let object = object.into_read_only();
    assert_eq!(
        object.map(rawshm::Extent::Whole).expect("mapped").len(),
        4096
    );
}

#[test]
fn descriptors_are_closed_on_exec() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(1)).expect("created");
    let opened = Object::open(&name).expect("opened");
    for fd in [object.as_fd().as_raw_fd(), opened.as_fd().as_raw_fd()] {
        // SAFETY: an open descriptor.
        let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
        assert_eq!(flags, libc::FD_CLOEXEC);
    }
}

#[test]
fn objects_live_in_another_directory_if_asked_to() {
    let folder = Folder::new();
    let path = CString::new(folder.to_str().expect("text")).expect("no NUL");
    let directory = Directory::open(&path).expect("opened");
    let name = Name::new("/x").expect("valid");
    let options = Options::new().directory(&directory);

    assert_failed(options.open(&name), Operation::Open, Errno::NOENT);
    let object = options.create(&name, Size::Sparse(5)).expect("created");
    assert_eq!(folder.join("x").metadata().expect("a file").len(), 5);
    assert_eq!(options.open(&name).expect("opened").size(), Ok(5));
    assert!(options.open_mapping(&name, rawshm::Extent::Whole).is_ok());
    drop(directory.unlink_on_drop(&name, &object).expect("a guard"));
    assert_failed(directory.unlink(&name), Operation::Unlink, Errno::NOENT);

    std::fs::remove_dir(&*folder).expect("empty");
    let gone = options.create(&name, Size::Sparse(5));
    assert_failed(gone, Operation::Directory, Errno::NOENT);
    assert_failed(options.open(&name), Operation::Directory, Errno::NOENT);
    assert_failed(Directory::open(&path), Operation::Directory, Errno::NOENT);
    assert_failed(
        Directory::open(c"/dev/null"),
        Operation::Directory,
        Errno::NOTDIR,
    );
}

#[test]
fn dev_shm_is_memory_and_proc_is_not() {
    assert_eq!(Directory::DEFAULT.is_memory(), Ok(true));
    let proc = Directory::open(c"/proc").expect("opened");
    assert_eq!(proc.is_memory(), Ok(false));
}
