//! Shared memory objects.

mod directory;
mod flags;
mod mapping;
mod name;
mod options;
mod size;
mod status;
mod unlink;

use core::marker::PhantomData;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

pub(crate) use self::directory::missing;
pub use self::directory::{Directory, unlink};
pub use self::mapping::Mapping;
pub use self::name::Name;
pub use self::options::{Mode, Options, Outcome};
pub use self::size::{Extent, Size};
pub use self::status::Status;
pub use self::unlink::UnlinkGuard;
pub(crate) use self::unlink::{unlink_if_is, unlink_if_same};
use crate::Rights;
use crate::error::{Error, Operation, because};
use crate::sys::{self, Access};
use crate::{Errno, InitError, ReadOnly, ReadWrite};

/// An open shared memory object: a descriptor with its rights in its type.
///
/// Dropping it closes the descriptor with one `close`. The object itself lives on under its name until that is
/// unlinked, and then until its last mapping and descriptor are gone. [`Options`] says how to set a mode or a
/// directory, and to create or open and map in one step.
///
/// # Examples
///
/// ```
/// use rawshm::{Extent, Name, Object, Size};
///
/// let name = Name::new(&format!("/rawshm-doc-object-{}", std::process::id()))?;
/// let writer = Object::create(&name, Size::Sparse(4096))?;
/// let reader = Object::open(&name)?;
/// rawshm::unlink(&name)?;
///
/// writer.map(Extent::Whole)?.store(0, &[100_i64, 876, 8021])?;
/// let columns: [i64; 3] = reader.map(Extent::first(24))?.load(0)?;
/// assert_eq!(columns, [100, 876, 8021]);
/// # Ok::<(), rawshm::Error>(())
/// ```
///
/// # References
/// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
/// - [Linux](https://man7.org/linux/man-pages/man7/shm_overview.7.html)
#[derive(Debug)]
pub struct Object<R> {
    fd: OwnedFd,
    rights: PhantomData<R>,
}

impl Object<ReadOnly> {
    /// Opens an object to read it: [`Options::open`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::open`].
    #[doc(alias = "shm_open")]
    pub fn open(name: &Name) -> Result<Self, Error> {
        Options::new().open(name)
    }
}

impl Object<ReadWrite> {
    /// Creates a new object, exclusively: [`Options::create`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::create`].
    #[doc(alias = "shm_open")]
    pub fn create(name: &Name, size: Size) -> Result<Self, Error> {
        Options::new().create(name, size)
    }

    /// Creates a new object that appears under its name when it is complete: [`Options::create_complete`] without any
    /// option set.
    ///
    /// # Errors
    ///
    /// As [`Options::create_complete`].
    #[doc(alias = "O_TMPFILE")]
    pub fn create_complete<E>(
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Mapping<ReadWrite>) -> Result<(), E>,
    ) -> Result<(Self, Mapping<ReadWrite>), InitError<E>> {
        Options::new().create_complete(name, size, initialise)
    }

    /// Puts a new, complete object in the place of the one under this name, if there is one: [`Options::replace`]
    /// without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::replace`].
    #[doc(alias = "rename")]
    pub fn replace<E>(
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Mapping<ReadWrite>) -> Result<(), E>,
    ) -> Result<(Self, Mapping<ReadWrite>), InitError<E>> {
        Options::new().replace(name, size, initialise)
    }

    /// Opens an object to read and write it: [`Options::open_read_write`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::open_read_write`].
    #[doc(alias = "shm_open")]
    pub fn open_read_write(name: &Name) -> Result<Self, Error> {
        Options::new().open_read_write(name)
    }

    /// Opens the object if there is one, else creates it: [`Options::open_or_create`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::open_or_create`].
    #[doc(alias = "shm_open")]
    pub fn open_or_create(name: &Name, size: Size) -> Result<(Self, Outcome), Error> {
        Options::new().open_or_create(name, size)
    }

    /// Sets the size. New bytes are zero.
    ///
    /// For [`Size::Sparse`], one `ftruncate`. For [`Size::Reserved`], one `fstat` and one `fallocate`, and an
    /// `ftruncate` where that shrinks the object. If memory runs out, an `ftruncate` sees to it that the size is the
    /// old one, and the bytes are as they were; where signals have made it go in steps, holes that were filled stay
    /// filled.
    ///
    /// Where a peer, or this process, has pages mapped that are cut off by this, touching them is a `SIGBUS` that
    /// ends the process.
    ///
    /// # Errors
    ///
    /// - `EFBIG` with [`Operation::Resize`] – larger than a file may be, or than `RLIMIT_FSIZE` where `SIGXFSZ` is
    ///   ignored.
    /// - `EPERM` with [`Operation::Resize`] – an adopted descriptor is sealed against it.
    /// - `ENOSPC` with [`Operation::Reserve`] – not enough memory.
    ///
    /// # Platform notes
    ///
    /// macOS sets the size of an object only once, at its creation: `EINVAL`.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/ftruncate.html)
    /// - [Linux](https://man7.org/linux/man-pages/man2/fallocate.2.html)
    #[doc(alias = "ftruncate")]
    #[doc(alias = "fallocate")]
    pub fn resize(&self, size: Size) -> Result<(), Error> {
        let bytes = size.checked().map_err(because(Operation::Resize))?;
        match size {
            Size::Sparse(_) => self.set_size(bytes),
            Size::Reserved(_) => {
                let old = self.size()?;
                self.reserve(size).inspect_err(|_| {
                    // What is reported is why memory was refused.
                    let _ = self.set_size(old);
                })?;
                if bytes < old {
                    self.set_size(bytes)?;
                }
                Ok(())
            }
        }
    }

    /// Gives up the right to write. No call: the descriptor itself stays writable for who receives it.
    #[must_use]
    pub fn into_read_only(self) -> Object<ReadOnly> {
        Object::new(self.fd)
    }

    pub(crate) fn set_size(&self, bytes: u64) -> Result<(), Error> {
        sys::set_size(self.as_fd(), bytes).map_err(because(Operation::Resize))
    }

    pub(crate) fn reserve(&self, size: Size) -> Result<(), Error> {
        match size {
            Size::Sparse(_) => Ok(()),
            Size::Reserved(bytes) => {
                sys::reserve(self.as_fd(), bytes).map_err(because(Operation::Reserve))
            }
        }
    }
}

impl<R: Rights> Object<R> {
    /// Takes over a descriptor: one received from a peer or inherited, or a memfd. One `fstat` and one `fcntl`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Adopt`]:
    ///
    /// - `EINVAL` – it is not a regular file's.
    /// - `EACCES` – it was not opened with these rights: write-only, `O_PATH`, or read-only for `ReadWrite`.
    ///
    /// The descriptor is closed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Name, Object, ReadOnly, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-adopt-{}", std::process::id()))?;
    /// let object = Object::create(&name, Size::Sparse(4096))?;
    /// rawshm::unlink(&name)?;
    ///
    /// let again = Object::<ReadOnly>::from_fd(object.into_fd())?;
    /// assert_eq!(again.size()?, 4096);
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    pub fn from_fd(fd: OwnedFd) -> Result<Self, Error> {
        let status = sys::status(fd.as_fd()).map_err(because(Operation::Adopt))?;
        let access = sys::access_of(fd.as_fd()).map_err(because(Operation::Adopt))?;
        if !status.is_regular {
            return Err(Error::new(Operation::Adopt, Errno::INVAL));
        }
        match (Access::of::<R>(), access) {
            (Access::ReadWrite, Access::ReadOnly) => {
                Err(Error::new(Operation::Adopt, Errno::ACCESS))
            }
            _ => Ok(Self::new(fd)),
        }
    }

    /// Gives up the descriptor, without a call.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// Gives the size in bytes. One `fstat`.
    ///
    /// # Errors
    ///
    /// As [`Object::status`].
    ///
    /// # Platform notes
    ///
    /// On macOS the size at creation, rounded up to a page.
    #[doc(alias = "fstat")]
    pub fn size(&self) -> Result<u64, Error> {
        self.status().map(Status::size)
    }

    /// Gives how many bytes of memory the object really holds: what was reserved or has been touched. One `fstat`.
    ///
    /// # Errors
    ///
    /// As [`Object::status`] and [`Status::allocated`].
    #[doc(alias = "st_blocks")]
    pub fn allocated(&self) -> Result<u64, Error> {
        self.status()?.allocated()
    }

    /// Says whether the object has no name any more: it was unlinked, or replaced by another. One `fstat`.
    ///
    /// So a reader tells that what it has mapped is superseded, by [`Options::replace`] or by an unlink and a creation.
    /// What it has mapped stays as it is.
    ///
    /// # Errors
    ///
    /// As [`Object::status`] and [`Status::is_unlinked`].
    #[doc(alias = "st_nlink")]
    pub fn is_unlinked(&self) -> Result<bool, Error> {
        self.status()?.is_unlinked()
    }

    /// Gives size and memory at once. One `fstat`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: only what a filter or a file system of another kind answers.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/fstat.html)
    /// - [Linux](https://man7.org/linux/man-pages/man2/fstat.2.html)
    #[doc(alias = "fstat")]
    pub fn status(&self) -> Result<Status, Error> {
        sys::status(self.as_fd())
            .map(Status::new)
            .map_err(because(Operation::Inspect))
    }

    /// Maps the object or a part of it. One `fstat` to check the size, one `mmap` with `MAP_SHARED`.
    ///
    /// The mapping needs the object no longer. See [`Mapping`] for what a peer can do to it.
    ///
    /// # Errors
    ///
    /// With [`Operation::Map`]:
    ///
    /// - `ENXIO` – the part reaches beyond the object's size, or the size is 0.
    /// - `EINVAL` – the part is empty.
    /// - `EOVERFLOW` – offset and length together exceed 64 bits.
    /// - `ENOMEM` – it does not fit into the address space, or `RLIMIT_AS`, or there are too many mappings.
    /// - `EPERM` – an adopted descriptor is sealed against writing.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/mmap.html)
    /// - [Linux](https://man7.org/linux/man-pages/man2/mmap.2.html)
    #[doc(alias = "mmap")]
    pub fn map(&self, extent: Extent) -> Result<Mapping<R>, Error> {
        self.map_within(extent, self.status()?)
    }

    /// Maps the object or a part of it, within the size of a status that the caller has just got. One `mmap`.
    ///
    /// For who has the status of this object anyway, of [`Options::open_with_status`] or [`Object::status`]: one call
    /// fewer than [`Object::map`]. If the object has been shrunk since, or the status is another's, the mapping may
    /// reach beyond its end, and touching what is there is a `SIGBUS`.
    ///
    /// # Errors
    ///
    /// As [`Object::map`].
    #[doc(alias = "mmap")]
    pub fn map_within(&self, extent: Extent, status: Status) -> Result<Mapping<R>, Error> {
        let part = extent
            .within(status.size())
            .map_err(because(Operation::Map))?;
        Mapping::new(self.as_fd(), part)
    }

    /// Makes a guard that removes the name in [`Directory::DEFAULT`](crate::Directory::DEFAULT) when it is dropped, if
    /// the name then still is this object's. One `fcntl`, which duplicates the
    /// descriptor.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: `EMFILE` – the process has no descriptor left.
    #[doc(alias = "shm_unlink")]
    pub fn unlink_on_drop(&self, name: &Name) -> Result<UnlinkGuard<'static>, Error> {
        Options::new().unlink_on_drop(name, self)
    }
}

impl<R> Object<R> {
    pub(crate) fn new(fd: OwnedFd) -> Self {
        Self {
            fd,
            rights: PhantomData,
        }
    }
}

impl<R> AsFd for Object<R> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl<R> From<Object<R>> for OwnedFd {
    fn from(object: Object<R>) -> Self {
        object.fd
    }
}
