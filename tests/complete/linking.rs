//! How an object gets its name at the end: refusals, and changes since the beginning.

#![cfg(target_os = "linux")]

use std::ffi::CString;
use std::os::unix::fs::MetadataExt as _;
use std::sync::mpsc;
use std::thread;

use rawshm::fd::{AsFd as _, AsRawFd as _, FromRawFd as _, OwnedFd};
use rawshm::{Complete, Errno, Error, Mapping, Name, Operation, Options, ReadWrite};
use rawshm_tests::complete::{
    SMALL, alone, assert_failed, create, entries, folder, load, number, replace, temporary,
};
use rawshm_tests::rungs::{Rung, on, on_each_rung, refuse_links, where_nothing_is_unnamed};
use rawshm_tests::{UniqueName, is_alone, left_in_shm};

#[test]
fn a_thread_with_descriptors_of_its_own_links_its_own_object() {
    if !is_alone(a_thread_with_descriptors_of_its_own_links_its_own_object) {
        return;
    }
    for make in [create, replace] {
        on(Rung::ByProc, || {
            let name = UniqueName::new();
            let (apart, is_apart) = mpsc::channel();
            let (taken, is_taken) = mpsc::channel();
            let name_of_it = &name;
            let numbers = thread::scope(|scope| {
                let own = scope.spawn(move || {
                    // SAFETY: no pointer is passed.
                    let done = unsafe { libc::unshare(libc::CLONE_FILES) };
                    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
                    apart.send(()).expect("a listener");
                    is_taken.recv().expect("a sender");
                    let Complete { object, .. } = make(name_of_it, 1).expect("made");
                    assert_eq!(object.is_unlinked(), Ok(false));
                    object.as_fd().as_raw_fd()
                });
                is_apart.recv().expect("a sender");
                // Each can be linked, and they take the numbers that are free in both tables.
                let others: Vec<_> = (0..64).map(|_| unnamed()).collect();
                taken.send(()).expect("a listener");
                let own = own.join().expect("the thread");
                (own, others.last().expect("some").as_raw_fd())
            });
            assert!(
                numbers.0 <= numbers.1,
                "no number is in both tables: {numbers:?}"
            );
            assert_eq!(load(&name), Ok(1));
            let file = name.path().metadata().expect("a file");
            assert_eq!((file.size(), file.nlink()), (64, 1));
            assert_eq!(left_in_shm(&name), alone(&name));
        });
    }
}

/// A file in `/dev/shm` without a name, of the same size as the objects here.
fn unnamed() -> OwnedFd {
    let path = CString::new("/dev/shm").expect("no NUL");
    let flags = libc::O_TMPFILE | libc::O_RDWR | libc::O_CLOEXEC;
    // SAFETY: a path that ends in a NUL.
    let fd = unsafe { libc::open(path.as_ptr(), flags, 0o600) };
    assert_ne!(fd, -1, "{}", std::io::Error::last_os_error());
    // SAFETY: it has just been opened, and nothing else owns it.
    let file = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: an open descriptor.
    let done = unsafe { libc::ftruncate(file.as_raw_fd(), 64) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    file
}

#[test]
fn whatever_refuses_an_object_without_a_name_leads_to_a_temporary_one() {
    for errno in [
        libc::EOPNOTSUPP,
        libc::EISDIR,
        libc::EINVAL,
        libc::EPERM,
        libc::EACCES,
        libc::ENOSYS,
    ] {
        where_nothing_is_unnamed(errno, || {
            let name = UniqueName::new();
            let there = [temporary(name.argument().trim_start_matches('/'), 0)];
            let made = Options::new().create_complete(&name, SMALL, |mapping| {
                assert_eq!(left_in_shm(&name), there, "errno {errno}");
                number(1)(mapping)
            });
            made.unwrap_or_else(|error| panic!("errno {errno}: {error}"));
            assert_eq!(load(&name), Ok(1));
            replace(&name, 2).unwrap_or_else(|error| panic!("errno {errno}: {error}"));
            assert_eq!(load(&name), Ok(2));
            assert_eq!(left_in_shm(&name), alone(&name));
        });
    }
}

#[test]
fn what_is_gone_at_the_end_is_distinguished_from_a_missing_directory() {
    on_each_rung(|rung| {
        let (folder, directory) = folder();
        let options = Options::new().directory(&directory);
        let name = Name::new("x").expect("a name");
        // The temporary name is gone, or links are refused from now on, in this thread only.
        let lost = |mapping: &Mapping<ReadWrite>| {
            if rung.is_temporary() {
                std::fs::remove_file(folder.join(temporary("x", 0))).expect("removed");
            } else {
                refuse_links();
            }
            number(1)(mapping)
        };
        let nothing: [&str; 0] = [];
        let created = on(rung, || options.create_complete(&name, SMALL, lost));
        assert_failed(created, Operation::Create, Errno::NOENT);
        assert_eq!(entries(&folder), nothing, "{rung:?}");
        let replaced = on(rung, || options.replace(&name, SMALL, lost));
        assert_failed(replaced, Operation::Create, Errno::NOENT);
        assert_eq!(entries(&folder), nothing, "{rung:?}");
        let once = on(rung, || options.open_or_create_complete(&name, SMALL, lost));
        assert_failed(once.map(|_| ()), Operation::Create, Errno::NOENT);
        assert_eq!(entries(&folder), nothing, "{rung:?}");
    });
}

#[test]
fn a_directory_that_is_gone_at_the_end_is_what_is_missing() {
    on_each_rung(|rung| {
        type Way = fn(Options<'_>, &Name, &std::path::Path) -> Result<(), rawshm::InitError<Error>>;
        let ways: [Way; 3] = [
            |options, name, path| {
                options
                    .create_complete(name, SMALL, removing(path))
                    .map(|_| ())
            },
            |options, name, path| options.replace(name, SMALL, removing(path)).map(|_| ()),
            |options, name, path| {
                options
                    .open_or_create_complete(name, SMALL, removing(path))
                    .map(|_| ())
            },
        ];
        for way in ways {
            let (folder, directory) = folder();
            let name = Name::new("x").expect("a name");
            let made = way(Options::new().directory(&directory), &name, &folder);
            assert_failed(made, Operation::Directory, Errno::NOENT);
            assert!(!folder.exists(), "{rung:?}");
        }
    });
}

fn removing(path: &std::path::Path) -> impl Fn(&Mapping<ReadWrite>) -> Result<(), Error> {
    move |_| {
        std::fs::remove_dir_all(path).expect("removed");
        Ok(())
    }
}
