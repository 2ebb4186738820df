//! Errors: their words, their names, and what they convert into.

use std::collections::HashSet;

use rawshm::{Errno, Error, Operation, errno};

/// Every errno that the calls can return: see the table in `src/error/errno.rs`.
const KNOWN: [(Errno, &str); 37] = [
    (Errno::PERM, "EPERM"),
    (Errno::NOENT, "ENOENT"),
    (Errno::INTR, "EINTR"),
    (Errno::IO, "EIO"),
    (Errno::NXIO, "ENXIO"),
    (Errno::BADF, "EBADF"),
    (Errno::AGAIN, "EAGAIN"),
    (Errno::NOMEM, "ENOMEM"),
    (Errno::ACCESS, "EACCES"),
    (Errno::FAULT, "EFAULT"),
    (Errno::BUSY, "EBUSY"),
    (Errno::EXIST, "EEXIST"),
    (Errno::NODEV, "ENODEV"),
    (Errno::NOTDIR, "ENOTDIR"),
    (Errno::ISDIR, "EISDIR"),
    (Errno::INVAL, "EINVAL"),
    (Errno::NFILE, "ENFILE"),
    (Errno::MFILE, "EMFILE"),
    (Errno::TXTBSY, "ETXTBSY"),
    (Errno::FBIG, "EFBIG"),
    (Errno::NOSPC, "ENOSPC"),
    (Errno::SPIPE, "ESPIPE"),
    (Errno::ROFS, "EROFS"),
    (Errno::PIPE, "EPIPE"),
    (Errno::NAMETOOLONG, "ENAMETOOLONG"),
    (Errno::NOSYS, "ENOSYS"),
    (Errno::LOOP, "ELOOP"),
    (Errno::OVERFLOW, "EOVERFLOW"),
    (Errno::OPNOTSUPP, "EOPNOTSUPP"),
    (Errno::STALE, "ESTALE"),
    (Errno::DQUOT, "EDQUOT"),
    (Errno::NOLCK, "ENOLCK"),
    (Errno::XDEV, "EXDEV"),
    (Errno::MLINK, "EMLINK"),
    (Errno::TIMEDOUT, "ETIMEDOUT"),
    (Errno::DEADLK, "EDEADLK"),
    (Errno::DESTADDRREQ, "EDESTADDRREQ"),
];

const OPERATIONS: [Operation; 20] = [
    Operation::Name,
    Operation::Directory,
    Operation::Create,
    Operation::Open,
    Operation::Unlink,
    Operation::SetMode,
    Operation::Resize,
    Operation::Reserve,
    Operation::Inspect,
    Operation::Adopt,
    Operation::Map,
    Operation::Protect,
    Operation::Prefault,
    Operation::Lock,
    Operation::Unlock,
    Operation::Advise,
    Operation::Access,
    Operation::Claim,
    Operation::Wait,
    Operation::Notify,
];

/// Every errno in the manual pages of the calls that the crate and its programs make: openat,
/// fstat, statfs, ftruncate, fallocate, mmap, munmap, mprotect, madvise, mlock, fchmod, fcntl,
/// flock, linkat, renameat, unlinkat, faccessat, inotify, ppoll, read, pread, write, futex,
/// `clock_gettime`, nanosleep, close.
const IN_THE_MANUAL: &str = "EACCES EAGAIN EBADF EBUSY EDEADLK EDESTADDRREQ EDQUOT EEXIST EFAULT \
     EFBIG EINTR EINVAL EIO EISDIR ELOOP EMFILE EMLINK ENAMETOOLONG ENFILE ENODEV ENOENT ENOLCK \
     ENOMEM ENOSPC ENOSYS ENOTDIR ENXIO EOPNOTSUPP EOVERFLOW EPERM EPIPE EROFS ESPIPE ETIMEDOUT \
     ETXTBSY EXDEV";

#[test]
fn every_errno_of_these_calls_has_its_name_and_words_of_its_own() {
    let mut seen = HashSet::new();
    for (errno, name) in KNOWN {
        assert_eq!(errno::name(errno), Some(name));
        let words = errno::words(errno).expect("words");
        assert!(words.len() > 5 && seen.insert(words), "{name}: {words}");
    }
}

#[test]
fn what_the_manual_pages_list_is_known() {
    // Missing here, because no call as it is made can return it: ENOTEMPTY, which only the rename
    // of a directory can; ENOEXEC and ESRCH, which belong to other flags; EHWPOISON, which comes
    // as EIO.
    for name in IN_THE_MANUAL.split_whitespace() {
        assert!(KNOWN.iter().any(|(_, known)| *known == name), "{name}");
    }
}

#[test]
fn what_a_platform_does_not_offer_has_a_name_too() {
    let name = errno::name(Errno::NOTSUP);
    // One number on Linux, two elsewhere.
    assert_eq!(
        name,
        Some(if Errno::NOTSUP == Errno::OPNOTSUPP {
            "EOPNOTSUPP"
        } else {
            "ENOTSUP"
        })
    );
}

#[test]
#[cfg(target_os = "linux")]
fn no_other_errno_has_a_name_and_none_panics() {
    for raw in 1..4096 {
        let errno = Errno::from_raw_os_error(raw);
        let known = KNOWN.iter().find(|(known, _)| *known == errno);
        assert_eq!(errno::name(errno), known.map(|(_, name)| *name));
    }
}

#[test]
fn every_operation_has_a_verb() {
    let verbs: HashSet<_> = OPERATIONS
        .iter()
        .map(|operation| operation.verb())
        .collect();
    assert_eq!(verbs.len(), OPERATIONS.len());
    assert!(!verbs.contains(""));
    assert!(
        OPERATIONS
            .iter()
            .all(|operation| !operation.noun().is_empty())
    );
}

#[test]
fn the_message_says_what_failed_and_why() {
    let message = |operation, errno| Error::new(operation, errno).to_string();
    assert_eq!(
        message(Operation::Create, Errno::EXIST),
        "cannot create the shared memory object: file exists (EEXIST)"
    );
    assert_eq!(
        message(Operation::Directory, Errno::NOENT),
        "cannot find the directory of shared memory objects: no such file or directory (ENOENT)"
    );
    assert_eq!(
        message(Operation::Lock, Errno::NOMEM),
        "cannot lock the mapping: cannot allocate memory (ENOMEM)"
    );
}

#[test]
fn the_words_name_the_cause_where_there_is_one() {
    let words = |operation, errno| Error::new(operation, errno).words();
    assert_eq!(words(Operation::Name, Errno::INVAL), "not a valid name");
    assert_eq!(
        words(Operation::Open, Errno::INVAL),
        "not a shared memory object"
    );
    assert_eq!(
        words(Operation::Map, Errno::NXIO),
        "the object is too small"
    );
    assert_eq!(words(Operation::Map, Errno::INVAL), "invalid argument");
    assert_eq!(words(Operation::Adopt, Errno::INVAL), "not a regular file");
    assert_eq!(
        words(Operation::Create, Errno::OVERFLOW),
        "user or group not mapped"
    );
    assert_eq!(
        words(Operation::Unlink, Errno::OVERFLOW),
        "user or group not mapped"
    );
    assert_eq!(words(Operation::Map, Errno::OVERFLOW), "value too large");
    // A cause belongs to one errno alone.
    assert_eq!(words(Operation::Open, Errno::ISDIR), "is a directory");
    assert_eq!(words(Operation::Map, Errno::NODEV), "no such device");
}

#[test]
fn what_an_access_error_converts_into_has_words_for_it() {
    let out_of_bounds = rawshm::AccessError::OutOfBounds {
        offset: 8,
        len: 8,
        available: 8,
    };
    let misaligned = rawshm::AccessError::Misaligned {
        offset: 1,
        align: 4,
    };
    for (error, words) in [
        (out_of_bounds, "out of bounds (EFAULT)"),
        (misaligned, "misaligned (EINVAL)"),
    ] {
        let message = Error::from(error).to_string();
        assert_eq!(message, format!("cannot access the mapping: {words}"));
    }
    let other = Error::new(Operation::Prefault, Errno::FAULT);
    assert_eq!(other.words(), "bad address");
}

#[test]
#[cfg(target_os = "linux")]
fn an_errno_without_a_name_is_shown_as_a_number() {
    let error = Error::new(Operation::Open, Errno::from_raw_os_error(117));
    assert_eq!(error.name(), None);
    assert_eq!(
        error.to_string(),
        "cannot open the shared memory object: unknown error (errno 117)"
    );
    assert_eq!(
        format!("{error:?}"),
        r#"Error { operation: Open, errno: 117, words: "unknown error" }"#
    );
}

#[test]
fn an_error_is_small_and_copied() {
    fn copied<T: Copy + std::error::Error + Send + Sync + 'static>() {}
    copied::<Error>();
    assert!(size_of::<Error>() <= size_of::<usize>());
    let error = Error::new(Operation::Open, Errno::NOENT);
    assert_eq!(
        format!("{error:?}"),
        r#"Error { operation: Open, errno: ENOENT, words: "no such file or directory" }"#
    );
}

#[test]
#[cfg(feature = "std")]
fn it_converts_into_an_io_error_of_its_kind_and_back() {
    fn failing() -> std::io::Result<()> {
        Err(Error::new(Operation::Open, Errno::NOENT))?;
        Ok(())
    }
    let error = failing().expect_err("an error");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "cannot open the shared memory object: no such file or directory (ENOENT)"
    );
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    assert_eq!(inner, Some(&Error::new(Operation::Open, Errno::NOENT)));
}

#[test]
#[cfg(feature = "std")]
fn an_access_error_converts_into_an_io_error_too() {
    let error = rawshm::AccessError::Misaligned {
        offset: 1,
        align: 4,
    };
    let io = std::io::Error::from(error);
    assert_eq!(io.kind(), std::io::ErrorKind::InvalidInput);
    assert_eq!(io.to_string(), "offset 1 is not aligned to 4 bytes");
}

#[test]
#[cfg(feature = "std")]
fn the_descriptor_types_are_those_of_std() {
    fn same(fd: std::os::fd::OwnedFd) -> rawshm::fd::OwnedFd {
        fd
    }
    let (socket, _) = std::os::unix::net::UnixStream::pair().expect("a pair");
    drop(same(socket.into()));
}
