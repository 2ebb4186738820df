//! The names and the words of errors, as plain text.
//!
//! For programs that cannot afford `core::fmt`: a few hundred bytes of code and text, without a
//! table of pointers.

use super::Operation;
use super::packed::{Packed, Packer};
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
    find(errno, None).map(|(name, _)| name)
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
    find(errno, None).map(|(_, words)| words)
}

/// The name of an errno, and its words: those for an operation of this number, if it has any.
pub(super) fn find(errno: Errno, operation: Option<u8>) -> Option<(&'static str, &'static str)> {
    let (wanted, operation) = (number(errno), operation.map(|number| CAUSE | number));
    let mut place = LIST.start();
    let mut cause = None;
    loop {
        // SAFETY: an entry is here, or the end.
        let key = unsafe { place.byte() };
        if key == END {
            return None;
        }
        // SAFETY: a text follows the key of an entry.
        let text = unsafe { place.text() };
        if key >= CAUSE {
            if Some(key) == operation {
                cause = Some(text);
            }
            continue;
        }
        // SAFETY: the words follow the name of an errno.
        let words = unsafe { place.text() };
        if u16::from(key) == wanted {
            return Some((text, cause.unwrap_or(words)));
        }
        cause = None;
    }
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

/// An entry for each errno: its number as the key, its name, its words. Before it, an entry for
/// each of its particular causes: a key that is more than any errno, and the words.
static LIST: Packed<{ pack::<4096>().len() }> = pack().finish();

/// The key of a cause is this and the number of the operation.
const CAUSE: u8 = 192;
/// The key after the last entry.
const END: u8 = 0;

#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
const fn pack<const LEN: usize>() -> Packer<LEN> {
    let mut list = Packer::new();
    let mut entry = 0;
    while entry < TABLE_LEN {
        let (errno, name, words) = TABLE[entry];
        // Only EDQUOT on MIPS is not, and has no words there.
        if number(errno) < CAUSE as u16 {
            let mut cause = 0;
            while cause < CAUSES.len() {
                let (operation, of, words) = CAUSES[cause];
                if number(of) == number(errno) {
                    list.byte(CAUSE | operation.number());
                    list.text(words);
                }
                cause += 1;
            }
            list.byte(number(errno) as u8);
            list.text(name);
            list.text(words);
        }
        entry += 1;
    }
    list.byte(END);
    list
}

/// The errors whose errno has one particular cause, and words for that. A user or a group without
/// an id in the user namespace of the file system owns no file there.
const CAUSES: [(Operation, Errno, &str); 8] = [
    (Operation::Name, Errno::INVAL, "not a valid name"),
    (Operation::Open, Errno::INVAL, "not a shared memory object"),
    (Operation::Adopt, Errno::INVAL, "not a regular file"),
    (
        Operation::Create,
        Errno::OVERFLOW,
        "user or group not mapped",
    ),
    (
        Operation::Unlink,
        Errno::OVERFLOW,
        "user or group not mapped",
    ),
    (Operation::Map, Errno::NXIO, "the object is too small"),
    (Operation::Access, Errno::FAULT, "out of bounds"),
    (Operation::Access, Errno::INVAL, "misaligned"),
];

/// Without the last entry of the table where another one has the same number.
const TABLE_LEN: usize = if number(Errno::NOTSUP) == number(Errno::OPNOTSUPP) {
    TABLE.len() - 1
} else {
    TABLE.len()
};

/// Every errno with which the calls of this crate fail according to their manual pages, and
/// `write`, for programs that report errors; and those likely from a filter of system calls, or
/// from another file system under an explicitly given directory.
const TABLE: [(Errno, &str, &str); 38] = [
    (Errno::PERM, "EPERM", "not permitted"),
    (Errno::NOENT, "ENOENT", "no such file or directory"),
    (Errno::INTR, "EINTR", "interrupted"),
    (Errno::IO, "EIO", "I/O error"),
    (Errno::NXIO, "ENXIO", "beyond the end"),
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
    (Errno::NOSYS, "ENOSYS", "not implemented"),
    (Errno::LOOP, "ELOOP", "too many symbolic links"),
    (Errno::OVERFLOW, "EOVERFLOW", "value too large"),
    (Errno::OPNOTSUPP, "EOPNOTSUPP", "not supported"),
    (Errno::STALE, "ESTALE", "stale file handle"),
    (Errno::DQUOT, "EDQUOT", "quota exceeded"),
    (Errno::NOLCK, "ENOLCK", "no locks available"),
    (Errno::XDEV, "EXDEV", "cross-device link"),
    (Errno::MLINK, "EMLINK", "too many links"),
    (Errno::TIMEDOUT, "ETIMEDOUT", "timed out"),
    (Errno::DEADLK, "EDEADLK", "deadlock"),
    (Errno::DESTADDRREQ, "EDESTADDRREQ", "no destination"),
    // On Linux the same number as `OPNOTSUPP`, so it comes last: see `TABLE_LEN`.
    (Errno::NOTSUP, "ENOTSUP", "not supported"),
];
