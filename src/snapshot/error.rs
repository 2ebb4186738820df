//! Why a snapshot was not opened, or not loaded.

use core::fmt;

use crate::{AccessError, Errno, InitError, Operation};

/// There is no such name, but there is the directory.
pub(super) const MISSING: crate::Error = crate::Error::new(Operation::Open, Errno::NOENT);

/// Why a snapshot was not opened, created or loaded, with what was found and what was expected.
///
/// It converts into a [`rawshm::Error`](crate::Error): [`Error::System`] into the error that it
/// wraps, [`Error::Overrun`] into `EAGAIN` with [`Operation::Access`], and all others into `EINVAL`
/// with [`Operation::Open`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// A system call failed. This is also the [`source`](core::error::Error::source).
    System(crate::Error),
    /// The object does not begin as a snapshot does.
    Foreign {
        /// Its first eight bytes.
        found: [u8; 8],
    },
    /// The snapshot was created on a machine with the other byte order.
    ByteOrder,
    /// The snapshot has another version of the header.
    Version {
        /// The version in the header.
        found: u32,
        /// The version of this crate.
        expected: u32,
    },
    /// The snapshot's values have another size.
    ValueSize {
        /// The size in the header, in bytes.
        found: u64,
        /// The size of the type that was asked for, in bytes.
        expected: u64,
    },
    /// The snapshot's values have another layout.
    Fingerprint {
        /// The fingerprint in the header.
        found: u64,
        /// The fingerprint of the type that was asked for.
        expected: u64,
    },
    /// The number of slots is not a power of two from 2 to 65,536, or they do not fit into an
    /// object.
    Slots {
        /// The number in the header, or the one that was asked for.
        found: u32,
    },
    /// The object is smaller than its header says.
    ObjectSize {
        /// Its size, in bytes.
        found: u64,
        /// The size of a header, or of what the header describes, in bytes.
        expected: u64,
    },
    /// No value will follow: the writer has retired the snapshot, or replaced it with another one
    /// of the same name.
    Retired,
    /// A value could not be loaded: see [`Overrun`](struct@Overrun).
    Overrun,
}

impl Error {
    /// Returns the cause in words, without the numbers, as [`rawshm::Error::words`] does.
    ///
    /// For programs that cannot afford `core::fmt`.
    ///
    /// [`rawshm::Error::words`]: crate::Error::words
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::System(error) => error.words(),
            Self::Foreign { .. } => "not a snapshot",
            Self::ByteOrder => "a snapshot of another byte order",
            Self::Version { .. } => "a snapshot of another version",
            Self::ValueSize { .. } | Self::Fingerprint { .. } => "a snapshot of another type",
            Self::Slots { .. } => "not a possible number of slots",
            Self::ObjectSize { .. } => "the object is too small",
            Self::Retired => "the snapshot is retired",
            Self::Overrun => "the writer is too fast",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words();
        match self {
            Self::System(error) => error.fmt(f),
            Self::Foreign { found } => write!(f, "{words}: it begins with {found:02x?}"),
            Self::Version { found, expected } => write!(f, "{words}: {found}, not {expected}"),
            Self::ValueSize { found, expected } | Self::ObjectSize { found, expected } => {
                write!(f, "{words}: {found} bytes, not {expected}")
            }
            Self::Fingerprint { found, expected } => {
                write!(
                    f,
                    "{words}: its fingerprint is {found:016x}, not {expected:016x}"
                )
            }
            Self::Slots { found } => write!(f, "{words}: {found}, not 2, 4, 8 … 65536"),
            Self::ByteOrder | Self::Retired | Self::Overrun => f.write_str(words),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

impl From<crate::Error> for Error {
    fn from(error: crate::Error) -> Self {
        Self::System(error)
    }
}

impl From<AccessError> for Error {
    fn from(error: AccessError) -> Self {
        Self::System(error.into())
    }
}

impl From<Overrun> for Error {
    fn from(_: Overrun) -> Self {
        Self::Overrun
    }
}

impl From<InitError<Self>> for Error {
    fn from(error: InitError<Self>) -> Self {
        match error {
            InitError::Object(error) => Self::System(error),
            InitError::Initialiser(error) => error,
        }
    }
}

impl From<Error> for crate::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::System(error) => error,
            Error::Overrun => Self::new(Operation::Access, Errno::AGAIN),
            _ => Self::new(Operation::Open, Errno::INVAL),
        }
    }
}

#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    /// Keeps the whole error: its kind is the errno's, its message this error's, and `downcast`
    /// returns it.
    fn from(error: Error) -> Self {
        let errno = crate::Error::from(error).errno();
        let kind = Self::from_raw_os_error(errno.raw_os_error()).kind();
        Self::new(kind, error)
    }
}

/// The writer reached the slot that was being copied, a thousand times in a row. More slots help:
/// see [how many slots to take](super#how-many-slots).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Overrun;

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::Overrun.fmt(f)
    }
}

impl core::error::Error for Overrun {}

impl From<Overrun> for crate::Error {
    /// `EAGAIN` with [`Operation::Access`].
    fn from(overrun: Overrun) -> Self {
        Error::from(overrun).into()
    }
}

#[cfg(feature = "std")]
impl From<Overrun> for std::io::Error {
    fn from(overrun: Overrun) -> Self {
        Error::from(overrun).into()
    }
}
