//! How large an object is, and which part of it is mapped.

use crate::Errno;

/// The size of an object in bytes, and whether its memory is reserved: the caller's choice, never a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// Pages get memory when they are first touched, so that 4 GB of which a struct is used cost one page.
    ///
    /// Making such an object never reports a lack of memory. It shows later, at the first touch of a page for which
    /// there is none, as a `SIGBUS` that ends the process; reading touches a page too.
    /// [`Mapping::prefault`](crate::Mapping::prefault) gets the pages of a mapping with an error instead.
    Sparse(u64),
    /// Every page has memory from the start, or creation fails with `ENOSPC` and leaves nothing behind.
    ///
    /// Costs about 0.2 ms per MiB. Beyond the limit of a memory cgroup the kernel gives no error, but kills.
    Reserved(u64),
}

impl Size {
    /// Gives the number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Sparse(bytes) | Self::Reserved(bytes) => bytes,
        }
    }

    /// The system's sizes are signed; what it would read as negative is too large.
    pub(crate) fn checked(self) -> Result<u64, Errno> {
        match i64::try_from(self.bytes()) {
            Ok(_) => Ok(self.bytes()),
            Err(_) => Err(Errno::FBIG),
        }
    }
}

/// Which part of an object is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extent {
    /// All of it, as large as it is at the time.
    Whole,
    /// `len` bytes from `offset` on.
    ///
    /// The offset need not be a multiple of the page size: the call begins at the multiple of 64 KiB (on macOS 16)
    /// at or before it, and so do [`Mapping::prefault`](crate::Mapping::prefault) and the like. Pages that nobody
    /// touches cost nothing.
    Part {
        /// Where it begins, in bytes from the start of the object.
        offset: u64,
        /// How many bytes, at least 1.
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
