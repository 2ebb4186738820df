//! The names and the words of errors, as plain text.
//!
//! For programs that cannot afford `core::fmt`: a few hundred bytes of code and text, no table of pointers.

use super::packed_str::{self, Packed};
use crate::Errno;

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
    find(errno).map(|place| TEXTS.get(place))
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
    find(errno).map(|place| TEXTS.get(place.wrapping_add(1)))
}

/// The place of the name of an error in the list, which its words follow.
fn find(errno: Errno) -> Option<usize> {
    let entry = NUMBERS.iter().position(|found| *found == number(errno))?;
    Some(entry.wrapping_mul(2))
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

static TEXTS: Packed<{ packed_str::len(&LIST) }> = Packed::new(&LIST);

/// The name and the words of each error, in the order of `NUMBERS`.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
const LIST: [&str; TABLE.len() * 2] = {
    let mut list = [""; TABLE.len() * 2];
    let mut entry = 0;
    while entry < TABLE.len() {
        (_, list[2 * entry], list[2 * entry + 1]) = TABLE[entry];
        entry += 1;
    }
    list
};

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
static NUMBERS: [u16; TABLE.len()] = {
    let mut numbers = [0; TABLE.len()];
    let mut entry = 0;
    while entry < TABLE.len() {
        numbers[entry] = number(TABLE[entry].0);
        entry += 1;
    }
    numbers
};

/// Every errno that the calls of this crate can give according to their manual pages, that `write` can for who reports,
/// and that a filter of system calls or another file system under an explicitly given directory is likely to give.
const TABLE: [(Errno, &str, &str); 32] = [
    (Errno::PERM, "EPERM", "operation not permitted"),
    (Errno::NOENT, "ENOENT", "no such file or directory"),
    (Errno::INTR, "EINTR", "interrupted system call"),
    (Errno::IO, "EIO", "input/output error"),
    (Errno::NXIO, "ENXIO", "no such device or address"),
    (Errno::BADF, "EBADF", "bad file descriptor"),
    (Errno::AGAIN, "EAGAIN", "resource temporarily unavailable"),
    (Errno::NOMEM, "ENOMEM", "cannot allocate memory"),
    (Errno::ACCESS, "EACCES", "permission denied"),
    (Errno::FAULT, "EFAULT", "bad address"),
    (Errno::BUSY, "EBUSY", "device or resource busy"),
    (Errno::EXIST, "EEXIST", "file exists"),
    (Errno::NODEV, "ENODEV", "no such device"),
    (Errno::NOTDIR, "ENOTDIR", "not a directory"),
    (Errno::ISDIR, "EISDIR", "is a directory"),
    (Errno::INVAL, "EINVAL", "invalid argument"),
    (Errno::NFILE, "ENFILE", "too many open files in system"),
    (Errno::MFILE, "EMFILE", "too many open files"),
    (Errno::TXTBSY, "ETXTBSY", "text file busy"),
    (Errno::FBIG, "EFBIG", "file too large"),
    (Errno::NOSPC, "ENOSPC", "no space left on device"),
    (Errno::SPIPE, "ESPIPE", "illegal seek"),
    (Errno::ROFS, "EROFS", "read-only file system"),
    (Errno::PIPE, "EPIPE", "broken pipe"),
    (Errno::NAMETOOLONG, "ENAMETOOLONG", "file name too long"),
    (Errno::NOSYS, "ENOSYS", "function not implemented"),
    (Errno::LOOP, "ELOOP", "too many levels of symbolic links"),
    (Errno::OVERFLOW, "EOVERFLOW", "value too large"),
    (Errno::OPNOTSUPP, "EOPNOTSUPP", "operation not supported"),
    // The same as the one before on Linux.
    (Errno::NOTSUP, "ENOTSUP", "not supported"),
    (Errno::STALE, "ESTALE", "stale file handle"),
    (Errno::DQUOT, "EDQUOT", "disk quota exceeded"),
];
