//! Shared memory objects.

mod directory;
mod flags;
mod mapping;
mod name;
mod options;
mod read;
mod sealed;
mod size;
mod status;
mod unlink;

use core::marker::PhantomData;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};

pub use self::directory::Directory;
pub(crate) use self::directory::missing;
pub use self::mapping::Mapping;
pub use self::name::Name;
pub use self::options::{Mode, Options, Outcome};
pub use self::read::ReadError;
pub use self::size::{Extent, Size};
pub use self::status::Status;
pub(crate) use self::unlink::unlink_if_same;
pub use self::unlink::{UnlinkGuard, unlink};
#[cfg(feature = "snapshot")]
pub(crate) use self::unlink::{denotes, is_same};
use crate::error::{Error, Operation, because};
use crate::sys::{self, Access};
use crate::{Errno, ReadOnly, ReadWrite, Rights};

/// An open shared memory object: a descriptor with its rights in its type.
///
/// Dropping it closes the descriptor with one `close`. The object itself lives on under its name
/// until that is unlinked, and then until its last mapping and descriptor are gone. [`Options`]
/// sets a mode or a directory, and creates or opens and maps in one step.
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
    /// Opens an object to read it, as [`Options::open`] does with the defaults.
    ///
    /// # Errors
    ///
    /// Those of [`Options::open`].
    #[doc(alias = "shm_open")]
    pub fn open(name: &Name) -> Result<Self, Error> {
        Options::new().open(name)
    }
}

impl Object<ReadWrite> {
    /// Creates a new object, exclusively, as [`Options::create`] does with the defaults.
    ///
    /// # Errors
    ///
    /// Those of [`Options::create`].
    #[doc(alias = "shm_open")]
    pub fn create(name: &Name, size: Size) -> Result<Self, Error> {
        Options::new().create(name, size)
    }

    /// Opens an object to read and write it, as [`Options::open_read_write`] does with the
    /// defaults.
    ///
    /// # Errors
    ///
    /// Those of [`Options::open_read_write`].
    #[doc(alias = "shm_open")]
    pub fn open_read_write(name: &Name) -> Result<Self, Error> {
        Options::new().open_read_write(name)
    }

    /// Opens the object if there is one, else creates it, as [`Options::open_or_create`] does with
    /// the defaults.
    ///
    /// # Errors
    ///
    /// Those of [`Options::open_or_create`].
    #[doc(alias = "shm_open")]
    pub fn open_or_create(name: &Name, size: Size) -> Result<(Self, Outcome), Error> {
        Options::new().open_or_create(name, size)
    }

    /// Sets the size. New bytes are zero.
    ///
    /// For [`Size::Sparse`], one `ftruncate`. For [`Size::Reserved`], one `fstat` and one
    /// `fallocate`, and an `ftruncate` if that shrinks the object. If signals have interrupted
    /// `fallocate`, it goes on in smaller steps.
    ///
    /// Only the last call changes the size, and it is the point of no return. If one fails, the
    /// size is what it was, or what a peer has set meanwhile: nothing is put back. The memory that
    /// earlier steps have got stays allocated until the object is resized to a size that is not
    /// larger than it has. If the size is more than `RLIMIT_FSIZE` (`ulimit -f`), the kernel ends
    /// the process with `SIGXFSZ`, and the size is what it was.
    ///
    /// If a peer makes the object larger than [`Size::Reserved`] asks for, between the first call
    /// and the last, it stays as large.
    ///
    /// If this cuts off pages that a peer or this process has mapped, touching them is a `SIGBUS`
    /// that ends the process.
    ///
    /// # Errors
    ///
    /// - `EFBIG` with [`Operation::Resize`] – larger than a file can be, or than `RLIMIT_FSIZE`
    ///   where `SIGXFSZ` is ignored.
    /// - `EINVAL` with [`Operation::Resize`] – the object consists of huge pages, and the size is
    ///   not a multiple of one.
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
                self.reserve(size)?;
                if bytes < old {
                    self.set_size(bytes)?;
                }
                Ok(())
            }
        }
    }

    /// Gives up the right to write, without a call. The descriptor itself stays writable: for
    /// [`Object::from_fd`], and for a process that receives it or opens it again through `/proc`.
    #[must_use]
    pub fn into_read_only(self) -> Object<ReadOnly> {
        Object::new(self.fd)
    }

    fn set_size(&self, bytes: u64) -> Result<(), Error> {
        sys::set_size(self.as_fd(), bytes).map_err(because(Operation::Resize))
    }

    fn reserve(&self, size: Size) -> Result<(), Error> {
        match size {
            Size::Sparse(_) => Ok(()),
            Size::Reserved(bytes) => {
                sys::reserve(self.as_fd(), bytes).map_err(because(Operation::Reserve))
            }
        }
    }
}

impl<R: Rights> Object<R> {
    /// Takes over a descriptor: one received from a peer or inherited, or a memfd. One `fstat` and
    /// one `fcntl`.
    ///
    /// The descriptor is rustix's own type. With `features = ["std"]` it is std's, which a program
    /// on std has: otherwise the compiler speaks of two types named `OwnedFd`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Adopt`]:
    ///
    /// - `EINVAL` – it is not a regular file's.
    /// - `EACCES` – it was opened without these rights: write-only, `O_PATH`, or read-only for
    ///   [`ReadWrite`].
    ///
    /// The descriptor is then closed.
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

    /// Returns the descriptor, without a call. With `features = ["std"]` its type is std's.
    #[must_use]
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// Returns the size in bytes. One `fstat`.
    ///
    /// # Errors
    ///
    /// Those of [`Object::status`].
    ///
    /// # Platform notes
    ///
    /// On macOS the size at creation, rounded up to a page.
    #[doc(alias = "fstat")]
    pub fn size(&self) -> Result<u64, Error> {
        self.status().map(Status::size)
    }

    /// Returns the memory that the object holds, in bytes: what was reserved or has been touched.
    /// One `fstat`.
    ///
    /// # Errors
    ///
    /// Those of [`Object::status`] and [`Status::allocated`].
    #[doc(alias = "st_blocks")]
    pub fn allocated(&self) -> Result<u64, Error> {
        self.status()?.allocated()
    }

    /// Returns whether the object has no name any more: it was unlinked, or replaced. One `fstat`.
    ///
    /// So a reader learns that [`Options::replace`], or an unlink and a creation, have put another
    /// object in place of the one that it has mapped. Its mapping is unaffected.
    ///
    /// # Errors
    ///
    /// Those of [`Object::status`] and [`Status::is_unlinked`].
    #[doc(alias = "st_nlink")]
    pub fn is_unlinked(&self) -> Result<bool, Error> {
        self.status()?.is_unlinked()
    }

    /// Returns size, memory and whether the object is unlinked, at one moment. One `fstat`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: whatever a filter or another kind of file system returns.
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

    /// Maps the object or a part of it. One `fstat` to check the size, one `mmap` with
    /// `MAP_SHARED`.
    ///
    /// The mapping does not need the object any more. [`Mapping`] says what a peer can do to it.
    ///
    /// # Errors
    ///
    /// With [`Operation::Map`]:
    ///
    /// - `ENXIO` – the part reaches beyond the object's size, or the size is 0.
    /// - `EINVAL` – the part is empty.
    /// - `EOVERFLOW` – offset and length together exceed 64 bits, or the part reaches into the last
    ///   page below 2^63 bytes, which Linux does not map.
    /// - `ENOMEM` – it does not fit into the address space, or into `RLIMIT_AS`, or the process has
    ///   too many mappings.
    /// - `EPERM` – an adopted descriptor is sealed against writing.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/mmap.html)
    /// - [Linux](https://man7.org/linux/man-pages/man2/mmap.2.html)
    #[doc(alias = "mmap")]
    pub fn map(&self, extent: Extent) -> Result<Mapping<R>, Error> {
        self.map_within(extent, self.status()?)
    }

    /// Maps the object or a part of it, within the size of a status that the caller has just got.
    /// One `mmap`.
    ///
    /// # Errors
    ///
    /// Those of [`Object::map`].
    #[doc(alias = "mmap")]
    pub fn map_within(&self, extent: Extent, status: Status) -> Result<Mapping<R>, Error> {
        let part = extent
            .within(status.size())
            .map_err(because(Operation::Map))?;
        Mapping::new(self.as_fd(), part, status.page_rest())
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

impl<R: Rights> TryFrom<OwnedFd> for Object<R> {
    type Error = Error;

    /// As [`Object::from_fd`].
    fn try_from(fd: OwnedFd) -> Result<Self, Error> {
        Self::from_fd(fd)
    }
}

impl<R> From<Object<R>> for OwnedFd {
    fn from(object: Object<R>) -> Self {
        object.fd
    }
}
