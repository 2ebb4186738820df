//! Reading an object through its descriptor.

use core::fmt;
use core::mem::{MaybeUninit, size_of};
use core::slice;

use bytemuck::{AnyBitPattern, Pod};
use rustix::fd::AsFd as _;

use crate::error::{Error, Operation, because};
use crate::{Errno, Object, Rights, sys};

impl<R: Rights> Object<R> {
    /// Reads a value at an offset in bytes, without a mapping. One `pread64`.
    ///
    /// Nothing that a peer does to the object ends this process: where it is shrunk, this is an
    /// error, and not the `SIGBUS` of a mapping. Holes take no memory: a page of `/dev/shm` or of a
    /// memfd that was never touched reads as zeros, and stays a hole. In return, each read is a
    /// system call.
    ///
    /// The offset need not be aligned. If a peer writes meanwhile, the value may be mixed of old
    /// and new bytes, even if it is an aligned integer, which a
    /// [`load`](crate::SharedBytes::load) has whole. Each byte is one that was there during the
    /// call.
    ///
    /// A value of more than 2 GiB takes a call for each 2 GiB, and one that the object ends within
    /// takes one more. A type of no size takes none.
    ///
    /// # Errors
    ///
    /// - [`ReadError::End`] – the object ends before the last byte.
    /// - [`ReadError::System`] with [`Operation::Read`]: `EIO` – a page with a hardware error;
    ///   `ENOMEM` – no memory for a page that was swapped out; and whatever a filter or another
    ///   kind of file system returns. It does not say how many bytes were read.
    ///
    /// # Platform notes
    ///
    /// The objects of macOS cannot be read: `ENOTSUP`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Name, Object, ReadError, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-read-{}", std::process::id()))?;
    /// let writer = Object::create(&name, Size::Sparse(24))?;
    /// let reader = Object::open(&name)?;
    /// rawshm::unlink(&name)?;
    /// # if cfg!(target_os = "macos") {
    /// #     return Ok(()); // It cannot read.
    /// # }
    ///
    /// assert_eq!(reader.read_at::<[i64; 3]>(0)?, [0; 3]);
    /// writer.resize(Size::Sparse(16))?;
    /// let end = reader.read_at::<[i64; 3]>(0).unwrap_err();
    /// assert_eq!(end, ReadError::End { offset: 0, len: 24, read: 16 });
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/pread.html)
    /// - [Linux](https://man7.org/linux/man-pages/man2/pread.2.html)
    #[doc(alias = "pread")]
    pub fn read_at<T: AnyBitPattern>(&self, offset: u64) -> Result<T, ReadError> {
        let mut value = MaybeUninit::<T>::uninit();
        let start = value.as_mut_ptr().cast::<u8>();
        // In place, since a move of the value would lose the bytes that are padding.
        // SAFETY: a local has as many bytes.
        unsafe { start.write_bytes(0, size_of::<T>()) };
        // SAFETY: these are all bytes of a local, which are zero, and can have any value.
        let bytes = unsafe { slice::from_raw_parts_mut(start, size_of::<T>()) };
        self.read_bytes(offset, bytes)?;
        // SAFETY: every byte has been written, and every bit pattern is a `T`.
        Ok(unsafe { value.assume_init() })
    }

    /// Reads values at an offset in bytes, as many as `into` has, as [`Object::read_at`] reads one.
    ///
    /// # Errors
    ///
    /// Those of [`Object::read_at`]. Then `into` has the bytes that were read before, and after
    /// these its own.
    #[doc(alias = "pread")]
    pub fn read_into<T: Pod>(&self, offset: u64, into: &mut [T]) -> Result<(), ReadError> {
        self.read_bytes(offset, bytemuck::cast_slice_mut(into))
    }

    fn read_bytes(&self, offset: u64, into: &mut [u8]) -> Result<(), ReadError> {
        let len = into.len();
        let mut rest = into;
        let mut at = offset;
        while !rest.is_empty() {
            let count = sys::read_at(self.as_fd(), rest, at).map_err(because(Operation::Read))?;
            let read = len.saturating_sub(rest.len());
            let end = ReadError::End { offset, len, read };
            rest = match count {
                0 => return Err(end),
                // More than was asked for cannot be.
                _ => rest.get_mut(count..).ok_or(end)?,
            };
            at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        }
        Ok(())
    }
}

/// Why an object was not read.
///
/// It converts into an [`Error`]: [`ReadError::System`] into the one that it wraps, and
/// [`ReadError::End`] into `ENXIO` with [`Operation::Read`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadError {
    /// A system call failed. This is also the [`source`](core::error::Error::source).
    System(Error),
    /// The object ends before the last of the bytes.
    End {
        /// Where the bytes begin.
        offset: u64,
        /// How many were asked for.
        len: usize,
        /// How many of them there are.
        read: usize,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => error.fmt(f),
            Self::End { offset, len, read } => {
                write!(f, "the object has {read} of {len} bytes at offset {offset}")
            }
        }
    }
}

impl core::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            Self::End { .. } => None,
        }
    }
}

impl From<Error> for ReadError {
    fn from(error: Error) -> Self {
        Self::System(error)
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::System(error) => error,
            ReadError::End { .. } => Self::new(Operation::Read, Errno::NXIO),
        }
    }
}

#[cfg(feature = "std")]
impl From<ReadError> for std::io::Error {
    /// Keeps the whole error: its message is this error's, and `downcast` returns it. The kind of
    /// [`ReadError::End`] is `UnexpectedEof`, that of the other is the errno's.
    fn from(error: ReadError) -> Self {
        let kind = match error {
            ReadError::System(error) => Self::from(error).kind(),
            ReadError::End { .. } => std::io::ErrorKind::UnexpectedEof,
        };
        Self::new(kind, error)
    }
}
