//! The names and the words of errors, as plain text.
//!
//! For programs that cannot afford `core::fmt`: a few hundred bytes of code and text, without a
//! table of pointers.

use super::{FIRST_ERRNO, TEXTS};
use crate::Errno;

/// Returns the symbolic name of an error, such as `EEXIST`.
///
/// `None` if no call of this crate is documented to fail with it. Makes no system call.
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

/// Returns what an error means in words, such as `file exists`.
///
/// `None` if no call of this crate is documented to fail with it. The words are the same on every
/// platform and in every locale. Makes no system call.
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

/// Where the name of an errno is in the list of all texts. Its words are next.
pub(super) fn find(errno: Errno) -> Option<usize> {
    let entry = NUMBERS.iter().position(|found| *found == number(errno))?;
    Some(entry.wrapping_mul(2).wrapping_add(FIRST_ERRNO))
}

/// The low 16 bits. No system has an errno that needs more.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no other conversion is const"
)]
pub(super) const fn number(errno: Errno) -> u16 {
    errno.raw_os_error() as u16
}

static NUMBERS: [u16; LEN] = LISTS.1;

/// The name and the words of each errno, in the order of `NUMBERS`.
pub(super) const LIST: [&str; LEN * 2] = LISTS.0;

/// Without the last entry of the table where another one has the same number.
const LEN: usize = if number(Errno::NOTSUP) == number(Errno::OPNOTSUPP) {
    TABLE.len() - 1
} else {
    TABLE.len()
};

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
const LISTS: ([&str; LEN * 2], [u16; LEN]) = {
    let (mut texts, mut numbers) = ([""; LEN * 2], [0; LEN]);
    let mut entry = 0;
    while entry < LEN {
        let (errno, name, words) = TABLE[entry];
        (texts[2 * entry], texts[2 * entry + 1]) = (name, words);
        numbers[entry] = number(errno);
        entry += 1;
    }
    (texts, numbers)
};

/// Every errno with which the calls of this crate fail according to their manual pages, and
/// `write`, for programs that report errors; and those likely from a filter of system calls, or
/// from another file system under an explicitly given directory.
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
    (Errno::STALE, "ESTALE", "stale file handle"),
    (Errno::DQUOT, "EDQUOT", "disk quota exceeded"),
    // On Linux the same number as `OPNOTSUPP`, so it comes last: see `LEN`.
    (Errno::NOTSUP, "ENOTSUP", "not supported"),
];
