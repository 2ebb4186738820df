//! The names and the words of errors, as plain text.
//!
//! For programs that cannot afford `core::fmt`: a few hundred bytes of code and text, no table of pointers.

use crate::Errno;
use crate::texts::{self, Entry};

/// Gives the symbolic name of an error, such as `EEXIST`.
///
/// An error that none of this crate's calls is documented to give has no name here. Makes no system call.
///
/// # Examples
///
/// ```
/// use rawshm::{Errno, errno};
///
/// assert_eq!(errno::name(Errno::EXIST), Some("EEXIST"));
/// ```
///
/// # References
/// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/errno.h.html)
/// - [Linux](https://man7.org/linux/man-pages/man3/errno.3.html)
#[must_use]
#[doc(alias = "strerrorname_np")]
pub fn name(errno: Errno) -> Option<&'static str> {
    find(errno).map(|(name, _)| name)
}

/// Says in words what an error means, such as `file exists`.
///
/// An error that none of this crate's calls is documented to give has no words here. The words are the same on
/// every platform and in every locale. Makes no system call.
///
/// # Examples
///
/// ```
/// use rawshm::{Errno, errno};
///
/// assert_eq!(errno::words(Errno::EXIST), Some("file exists"));
/// ```
///
/// # References
/// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/strerror.html)
/// - [Linux](https://man7.org/linux/man-pages/man3/strerror.3.html)
#[must_use]
#[doc(alias = "strerror")]
pub fn words(errno: Errno) -> Option<&'static str> {
    find(errno).map(|(_, words)| words)
}

fn find(errno: Errno) -> Option<(&'static str, &'static str)> {
    texts::find(PACKED, number(errno))
}

/// The low 16 bits: a number that needs more would be no system's errno.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no other conversion is const"
)]
const fn number(errno: Errno) -> u16 {
    errno.raw_os_error() as u16
}

static PACKED: &str = texts::text(&PACKED_BYTES);
static PACKED_BYTES: [u8; texts::packed_len(&TABLE)] = texts::pack(&TABLE);

/// Every errno that the manual pages of the calls of this crate name, those of `write` for who reports, and what a
/// seccomp filter or another kind of file system under an explicitly given directory adds.
const TABLE: [Entry; 31] = [
    (number(Errno::PERM), "EPERM", "operation not permitted"),
    (number(Errno::NOENT), "ENOENT", "no such file or directory"),
    (number(Errno::INTR), "EINTR", "interrupted system call"),
    (number(Errno::IO), "EIO", "input/output error"),
    (number(Errno::NXIO), "ENXIO", "no such device or address"),
    (number(Errno::BADF), "EBADF", "bad file descriptor"),
    (
        number(Errno::AGAIN),
        "EAGAIN",
        "resource temporarily unavailable",
    ),
    (number(Errno::NOMEM), "ENOMEM", "cannot allocate memory"),
    (number(Errno::ACCESS), "EACCES", "permission denied"),
    (number(Errno::FAULT), "EFAULT", "bad address"),
    (number(Errno::BUSY), "EBUSY", "device or resource busy"),
    (number(Errno::EXIST), "EEXIST", "file exists"),
    (number(Errno::NODEV), "ENODEV", "no such device"),
    (number(Errno::NOTDIR), "ENOTDIR", "not a directory"),
    (number(Errno::ISDIR), "EISDIR", "is a directory"),
    (number(Errno::INVAL), "EINVAL", "invalid argument"),
    (
        number(Errno::NFILE),
        "ENFILE",
        "too many open files in system",
    ),
    (number(Errno::MFILE), "EMFILE", "too many open files"),
    (number(Errno::TXTBSY), "ETXTBSY", "text file busy"),
    (number(Errno::FBIG), "EFBIG", "file too large"),
    (number(Errno::NOSPC), "ENOSPC", "no space left on device"),
    (number(Errno::SPIPE), "ESPIPE", "illegal seek"),
    (number(Errno::ROFS), "EROFS", "read-only file system"),
    (number(Errno::PIPE), "EPIPE", "broken pipe"),
    (
        number(Errno::NAMETOOLONG),
        "ENAMETOOLONG",
        "file name too long",
    ),
    (number(Errno::NOSYS), "ENOSYS", "function not implemented"),
    (
        number(Errno::LOOP),
        "ELOOP",
        "too many levels of symbolic links",
    ),
    (number(Errno::OVERFLOW), "EOVERFLOW", "value too large"),
    (
        number(Errno::OPNOTSUPP),
        "EOPNOTSUPP",
        "operation not supported",
    ),
    (number(Errno::STALE), "ESTALE", "stale file handle"),
    (number(Errno::DQUOT), "EDQUOT", "disk quota exceeded"),
];
