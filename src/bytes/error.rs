//! Why shared bytes were not accessed.

use core::fmt;

use crate::Errno;
use crate::error::{Error, Operation};

/// Why shared bytes were not accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessError {
    /// Some of the bytes do not exist.
    OutOfBounds {
        /// Where they begin.
        offset: usize,
        /// How many they are.
        len: usize,
        /// How many exist.
        available: usize,
    },
    /// The address of an atomic integer is not a multiple of its size.
    Misaligned {
        /// Where it is.
        offset: usize,
        /// The alignment that it needs.
        align: usize,
    },
}

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
    /// `EFAULT` for what is out of bounds, `EINVAL` for what is not aligned, with [`Operation::Access`].
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
    /// Keeps the whole error: its kind is `InvalidInput`, its message this error's, and `downcast` gives it back.
    fn from(error: AccessError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}
