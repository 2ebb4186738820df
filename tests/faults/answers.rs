//! What an operation may answer when one of its calls has this answer.

use rawshm::{Errno, Error};

use crate::errnos;

/// The calls whose faked success no answer contradicts: 0 is a descriptor, too, the kernel may have
/// done what it says, and memory that it is to fill has a value anyway.
pub const BELIEVED: &[&str] = &[
    "fallocate",
    "fchmod",
    "fcntl",
    "fcntl, of a lock",
    "fcntl, to claim",
    "fcntl, to find a lock",
    "fstat",
    "ftruncate",
    "inotify_init1",
    "linkat",
    "memfd_create",
    "newfstatat",
    "openat",
    "renameat",
    "renameat2",
    "unlinkat",
];

/// The calls that have no substitute: if one fails, so does the operation. The others have one, or
/// are made to undo something, to look whether a name is there, or to wake.
const NEEDED: &[&str] = &[
    "clock_gettime",
    "fallocate",
    "fchmod",
    "fcntl, to claim",
    "fcntl, to find a lock",
    "ftruncate",
    "madvise",
    "madvise, to prefault",
    "memfd_create",
    "mlock",
    "mmap",
    "mprotect",
    "munlock",
    "nanosleep",
    "ppoll",
    "pread64",
    "pwrite64",
    "read",
    "renameat",
];

/// Whether an operation may be done although a call has failed so.
pub fn may_be_done(call: &str, errno: i32) -> bool {
    let is_done_otherwise = match (call, errno) {
        (_, libc::EINTR) => errnos::REPEATED.contains(&call),
        // As if another process had just taken the name, so that all of it is done again.
        (_, libc::EEXIST) => true,
        ("fcntl, to claim", errno) => [libc::EACCES, libc::EAGAIN].contains(&errno),
        // Without the newest flag.
        ("memfd_create", errno) => errno == libc::EINVAL,
        // There is no event.
        ("read", errno) => errno == libc::EAGAIN,
        _ => false,
    };
    is_done_otherwise || !NEEDED.contains(&call)
}

/// Whether an operation may find that there is nothing to do, since a call has failed so.
pub fn may_be_nothing_to_do(call: &str, errno: i32) -> bool {
    let says_so = match call {
        "newfstatat" | "unlinkat" => &[libc::ENOENT][..],
        // Another process has the claim. The kernel never says so by this errno, only a filter.
        "fcntl, to claim" | "fcntl, to find a lock" => &[libc::EBUSY],
        _ => &[],
    };
    says_so.contains(&errno)
}

/// Whether an operation may fail with this error, since a call has failed so.
pub fn may_fail(error: Error, call: &str, errno: i32) -> bool {
    let is_repeated = errno == libc::EINTR && errnos::REPEATED.contains(&call);
    // That is an answer.
    let is_missing = errno == libc::ENOENT && call == "newfstatat";
    !is_repeated && !is_missing && is(error, Errno::from_raw_os_error(errno), call)
}

/// Whether an error is this errno, as the functions of C would have it.
fn is(error: Error, errno: Errno, call: &str) -> bool {
    match (error.errno(), errno) {
        (found, Errno::PERM) if ["renameat", "unlinkat"].contains(&call) => found == Errno::ACCESS,
        // Linked instead.
        (Errno::ACCESS, Errno::PERM) => ["linkat", "renameat2"].contains(&call),
        (Errno::INVAL, Errno::ISDIR | Errno::NXIO) => call == "openat",
        (found, Errno::HWPOISON) if call == "madvise, to prefault" => found == Errno::IO,
        // It says that its file system knows no seals.
        (Errno::PERM, Errno::INVAL) => error.operation() == rawshm::Operation::Adopt,
        // It seems that a link works, which this way refuses.
        (Errno::NOENT, Errno::EXIST) => call == "linkat",
        // The name is missing, and so is the directory.
        (Errno::NOENT, Errno::NOTDIR) => call == "faccessat",
        (found, errno) => found == errno,
    }
}
