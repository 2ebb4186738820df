//! How large an object is, and which part of it is mapped.

use crate::Errno;

/// The size of an object in bytes, and whether its memory is reserved. The caller chooses: neither
/// is a default.
///
/// A size of more than `RLIMIT_FSIZE` (`ulimit -f`) ends the process with `SIGXFSZ`, or is `EFBIG`
/// where that signal is ignored: see [`Options::create`](crate::Options::create) and
/// [`Object::resize`](crate::Object::resize) for what is left then.
///
/// On hugetlbfs, which a [`Directory`](crate::Directory) may be on, a size must be a multiple of
/// the huge page. Any other is `EINVAL`, and leaves nothing behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Size {
    /// Pages get memory when they are first touched, so that an object of 4 GB of which one struct
    /// is used costs one page.
    ///
    /// Creating such an object never reports a lack of memory. A lack shows later, when a page is
    /// first touched, as a `SIGBUS` that ends the process; reading touches a page, too.
    /// [`Mapping::prefault`](crate::Mapping::prefault) gets the pages of a mapping with an error
    /// instead.
    Sparse(u64),
    /// Every page has memory from the start, or creation fails with `ENOSPC` and leaves nothing
    /// behind.
    ///
    /// Costs about 0.2 ms per MiB. Beyond the limit of a memory cgroup the kernel does not return
    /// an error, but kills the process.
    Reserved(u64),
}

impl Size {
    /// Returns the number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Sparse(bytes) | Self::Reserved(bytes) => bytes,
        }
    }

    /// The number of bytes, if the system does not read it as negative: its sizes are signed.
    pub(crate) fn checked(self) -> Result<u64, Errno> {
        match i64::try_from(self.bytes()) {
            Ok(_) => Ok(self.bytes()),
            Err(_) => Err(Errno::FBIG),
        }
    }
}

/// Which part of an object is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extent {
    /// All of it, of the size that it has at the time.
    Whole,
    /// `len` bytes from `offset` on.
    ///
    /// The offset need not be a multiple of the page size. The mapping begins at the multiple of
    /// 64 KiB (on macOS 16), or of a huge page, at or before it, and so do
    /// [`Mapping::prefault`](crate::Mapping::prefault) and the like. Pages that are never touched
    /// cost nothing.
    Part {
        /// Where it begins, in bytes from the start of the object.
        offset: u64,
        /// Its length in bytes, at least 1.
        len: usize,
    },
}

impl Extent {
    /// The first `len` bytes.
    #[must_use]
    pub const fn first(len: usize) -> Self {
        Self::Part { offset: 0, len }
    }

    /// The offset and the length within an object of this size.
    pub(crate) fn within(self, size: u64) -> Result<(u64, usize), Errno> {
        let (offset, len) = match self {
            Self::Whole => (0, usize::try_from(size).map_err(|_| Errno::NOMEM)?),
            Self::Part { offset, len } => (offset, len),
        };
        let bytes = u64::try_from(len).map_err(|_| Errno::OVERFLOW)?;
        let end = offset.checked_add(bytes).ok_or(Errno::OVERFLOW)?;
        match (self, len) {
            _ if end > size => Err(Errno::NXIO),
            (Self::Whole, 0) => Err(Errno::NXIO),
            (Self::Part { .. }, 0) => Err(Errno::INVAL),
            _ => Ok((offset, len)),
        }
    }
}
