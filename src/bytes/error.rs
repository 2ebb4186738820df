//! Why shared bytes were not accessed.

use core::fmt;

use crate::Errno;
use crate::error::{Error, Operation};

/// Why shared bytes were not accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessError {
    /// Not all of the bytes exist.
    OutOfBounds {
        /// Where the access begins.
        offset: usize,
        /// How many bytes it needs.
        len: usize,
        /// How many bytes exist.
        available: usize,
    },
    /// The address of an atomic integer is not a multiple of its size.
    Misaligned {
        /// Where the integer is.
        offset: usize,
        /// The alignment that it needs.
        align: usize,
    },
}

impl AccessError {
    /// Checks that `len` bytes from an offset on are within those that there are: then the offset
    /// is at most `available`, too.
    #[inline]
    pub(crate) const fn check(offset: usize, len: usize, available: usize) -> Result<(), Self> {
        if offset <= available && len <= available.wrapping_sub(offset) {
            return Ok(());
        }
        rare();
        Err(Self::OutOfBounds {
            offset,
            len,
            available,
        })
    }
}

/// Tells the compiler that the way here is seldom taken.
#[cold]
const fn rare() {}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBounds {
                offset,
                len,
                available,
            } => write!(
                f,
                "{len} bytes at offset {offset} are not within the {available} bytes there are"
            ),
            Self::Misaligned { offset, align } => {
                write!(f, "offset {offset} is not aligned to {align} bytes")
            }
        }
    }
}

impl core::error::Error for AccessError {}

impl From<AccessError> for Error {
    /// With [`Operation::Access`]:
    ///
    /// - `EFAULT` – [`AccessError::OutOfBounds`]
    /// - `EINVAL` – [`AccessError::Misaligned`]
    ///
    /// The words say so too, without the numbers.
    fn from(error: AccessError) -> Self {
        let errno = match error {
            AccessError::OutOfBounds { .. } => Errno::FAULT,
            AccessError::Misaligned { .. } => Errno::INVAL,
        };
        Self::new(Operation::Access, errno)
    }
}

#[cfg(feature = "std")]
impl From<AccessError> for std::io::Error {
    /// An error of the kind `InvalidInput` that holds this one: it has the same message, and
    /// `downcast` returns it. `raw_os_error()` is `None`.
    fn from(error: AccessError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}
