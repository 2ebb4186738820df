//! Where objects live.

use core::ffi::CStr;

use rustix::fd::{AsFd as _, OwnedFd};

use crate::error::{Error, Operation, because};
use crate::{Errno, Name, sys};

/// The directory in which names are looked up: `/dev/shm`, unless another is opened explicitly.
///
/// Another one is for a pod's memory volume, or a tmpfs of the program's own. It is held by a descriptor, so that a
/// rename or a mount over its path changes nothing. Pass it to [`Options::directory`](crate::Options::directory).
///
/// # Platform notes
///
/// macOS keeps its objects in no directory: there [`Directory::open`] is `ENOTSUP`.
///
/// # Examples
///
/// ```
/// use rawshm::{Directory, Name, Options, Size};
///
/// # if Directory::open(c"/tmp").is_err_and(|error| error.errno() == rawshm::Errno::NOTSUP) {
/// #     return Ok(());
/// # }
/// let directory = Directory::open(c"/tmp")?;
/// let frames = Name::new("/frames")?;
/// # let frames = Name::new(&format!("/rawshm-doc-directory-{}", std::process::id()))?;
/// let object = Options::new().directory(&directory).create(&frames, Size::Sparse(4096))?;
/// assert_eq!(object.size()?, 4096);
/// directory.unlink(&frames)?;
/// # Ok::<(), rawshm::Error>(())
/// ```
///
/// # References
/// - [Linux](https://man7.org/linux/man-pages/man7/shm_overview.7.html)
#[derive(Debug)]
pub struct Directory {
    /// None is the system's own place.
    fd: Option<OwnedFd>,
}

impl Directory {
    /// The system's own place for shared memory objects: `/dev/shm` on Linux.
    pub const DEFAULT: Self = Self { fd: None };

    /// Opens another directory. On Linux, one `openat` with `O_PATH | O_DIRECTORY | O_CLOEXEC`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Directory`]:
    ///
    /// - `ENOENT` – it does not exist.
    /// - `ENOTDIR` – it is no directory, or lies below something that is none.
    /// - `EACCES` – a directory on the way to it may not be searched.
    /// - `ELOOP`, `ENAMETOOLONG` – the path has too many symbolic links, or is too long.
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    /// - `ENOTSUP` – on macOS.
    pub fn open(path: &CStr) -> Result<Self, Error> {
        let fd = sys::open_directory(path).map_err(because(Operation::Directory))?;
        Ok(Self { fd: Some(fd) })
    }

    /// Removes a name. The object lives on until its last mapping and descriptor are gone, but nobody can open it any
    /// more. One `unlinkat`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Unlink`]:
    ///
    /// - `ENOENT` – there is no such name, or no such directory.
    /// - `EACCES` – not permitted: the directory may not be written, or is sticky and the name another user's.
    /// - `EISDIR` – the name is a directory's.
    /// - `EROFS` – the directory is on a read-only file system.
    ///
    /// A symbolic link or a FIFO under the name is removed.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_unlink.html)
    /// - [Linux](https://man7.org/linux/man-pages/man3/shm_open.3.html)
    #[doc(alias = "shm_unlink")]
    pub fn unlink(&self, name: &Name) -> Result<(), Error> {
        sys::unlink(self.dir(), name).map_err(because(Operation::Unlink))
    }

    /// Says whether the directory is memory: a tmpfs or ramfs, not a disk. One `statfs` or `fstatfs`.
    ///
    /// A container without a mount on `/dev/shm` may have a plain folder there, on which everything works but is
    /// written to disk. On macOS always true, without a call.
    ///
    /// # Errors
    ///
    /// With [`Operation::Directory`]: `ENOENT` – there is no `/dev/shm`; `ENOSYS` – refused by a filter.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/statfs.2.html)
    #[doc(alias = "statfs")]
    pub fn is_memory(&self) -> Result<bool, Error> {
        sys::directory_is_memory(self.dir()).map_err(because(Operation::Directory))
    }

    pub(crate) fn dir(&self) -> sys::Dir<'_> {
        self.fd.as_ref().map(|fd| fd.as_fd())
    }
}

impl From<OwnedFd> for Directory {
    /// Takes over a descriptor, without a call; if it is no directory's, looking up a name in it is `ENOTDIR`.
    fn from(fd: OwnedFd) -> Self {
        Self { fd: Some(fd) }
    }
}

/// Removes a name from the system's own place: [`Directory::unlink`] of [`Directory::DEFAULT`]. One `unlinkat`.
///
/// # Errors
///
/// As [`Directory::unlink`].
///
/// # Examples
///
/// ```
/// use rawshm::{Errno, Name};
///
/// let error = rawshm::unlink(&Name::new("/there-is-no-such-object")?).unwrap_err();
/// assert_eq!(error.errno(), Errno::NOENT);
/// # Ok::<(), rawshm::Error>(())
/// ```
#[doc(alias = "shm_unlink")]
pub fn unlink(name: &Name) -> Result<(), Error> {
    Directory::DEFAULT.unlink(name)
}

/// Tells a missing directory from a missing object.
pub(crate) fn missing(dir: sys::Dir<'_>, operation: Operation) -> Error {
    let operation = if sys::directory_exists(dir) {
        operation
    } else {
        Operation::Directory
    };
    Error::new(operation, Errno::NOENT)
}
