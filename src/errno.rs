//! The names and the words of errors, as plain text.
//!
//! For programs that cannot afford `core::fmt`: a few hundred bytes of code and text, no table of pointers.

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
    let wanted = digits(errno);
    let mut rest: &'static str = PACKED;
    loop {
        let (header, tail) = rest.split_at_checked(HEADER)?;
        let &[high, low, name_len, words_len] = header.as_bytes() else {
            return None;
        };
        let (name, tail) = tail.split_at_checked(name_len.into())?;
        let (words, tail) = tail.split_at_checked(words_len.into())?;
        if wanted == [high, low] {
            return Some((name, words));
        }
        rest = tail;
    }
}

/// Every errno that the calls of this crate are documented to give, and those that a seccomp filter or a network or
/// fuse file system under an explicitly given directory adds.
const TABLE: [(Errno, &str, &str); 41] = [
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
    (Errno::XDEV, "EXDEV", "invalid cross-device link"),
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
    (Errno::MLINK, "EMLINK", "too many links"),
    (Errno::PIPE, "EPIPE", "broken pipe"),
    (Errno::RANGE, "ERANGE", "result out of range"),
    (Errno::DEADLK, "EDEADLK", "resource deadlock avoided"),
    (Errno::NAMETOOLONG, "ENAMETOOLONG", "file name too long"),
    (Errno::NOLCK, "ENOLCK", "no locks available"),
    (Errno::NOSYS, "ENOSYS", "function not implemented"),
    (Errno::LOOP, "ELOOP", "too many levels of symbolic links"),
    (Errno::OVERFLOW, "EOVERFLOW", "value too large"),
    (Errno::OPNOTSUPP, "EOPNOTSUPP", "operation not supported"),
    (Errno::NOTSUP, "ENOTSUP", "not supported"),
    (Errno::TIMEDOUT, "ETIMEDOUT", "timed out"),
    (Errno::STALE, "ESTALE", "stale file handle"),
    (Errno::DQUOT, "EDQUOT", "disk quota exceeded"),
    (Errno::CANCELED, "ECANCELED", "operation canceled"),
    (
        Errno::DESTADDRREQ,
        "EDESTADDRREQ",
        "destination address required",
    ),
    (Errno::CONNREFUSED, "ECONNREFUSED", "connection refused"),
];

/// An entry is its errno in two digits, the length of its name, the length of its words, the name, the words.
static PACKED: &str = match core::str::from_utf8(&PACKED_BYTES) {
    Ok(text) => text,
    Err(_) => panic!("every byte of an entry is below 128"),
};

const HEADER: usize = 4;

const PACKED_BYTES: [u8; packed_len()] = pack();

/// An errno in base 128, so that each digit is a character of one byte.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "no other conversion is const; a digit is below 128"
)]
const fn digits(errno: Errno) -> [u8; 2] {
    let raw = errno.raw_os_error();
    [(raw >> 7) as u8 & 127, raw as u8 & 127]
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
const fn packed_len() -> usize {
    let mut len = 0;
    let mut entry = 0;
    while entry < TABLE.len() {
        len += HEADER + TABLE[entry].1.len() + TABLE[entry].2.len();
        entry += 1;
    }
    len
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler; a text longer than 127 bytes would not be UTF-8, and fail to compile"
)]
const fn pack() -> [u8; packed_len()] {
    let mut packed = [0; packed_len()];
    let mut at = 0;
    let mut entry = 0;
    while entry < TABLE.len() {
        let (errno, name, words) = TABLE[entry];
        let [high, low] = digits(errno);
        packed[at] = high;
        packed[at + 1] = low;
        packed[at + 2] = name.len() as u8;
        packed[at + 3] = words.len() as u8;
        at = copy(&mut packed, at + HEADER, name.as_bytes());
        at = copy(&mut packed, at, words.as_bytes());
        entry += 1;
    }
    packed
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
const fn copy(packed: &mut [u8], at: usize, text: &[u8]) -> usize {
    let mut byte = 0;
    while byte < text.len() {
        packed[at + byte] = text[byte];
        byte += 1;
    }
    at + text.len()
}
