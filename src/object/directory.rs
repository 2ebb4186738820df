//! Where objects are.

use core::ffi::CStr;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};

use crate::Errno;
use crate::error::{Error, Operation, because};
use crate::sys::{self, Dir};

/// The directory in which names are looked up: `/dev/shm`, unless another is opened explicitly.
///
/// Another one is for a pod's memory volume, or for a tmpfs of the program's own. It is held by a
/// descriptor, so that a rename of its path or a mount over it changes nothing. Pass it to
/// [`Options::directory`](crate::Options::directory).
///
/// # Platform notes
///
/// On macOS objects are not in a directory: [`Directory::open`] is `ENOTSUP`.
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
    /// None is the system's own place for objects.
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
    /// - `ENOTDIR` – it, or a part of the path to it, is not a directory.
    /// - `EACCES` – a directory on the path to it is not searchable.
    /// - `ELOOP`, `ENAMETOOLONG` – the path has too many symbolic links, or is too long.
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    /// - `ENOTSUP` – on macOS.
    pub fn open(path: &CStr) -> Result<Self, Error> {
        let fd = sys::open_directory(path).map_err(because(Operation::Directory))?;
        Ok(Self { fd: Some(fd) })
    }

    /// Returns whether the directory is in memory: on a tmpfs, ramfs or hugetlbfs, not on a disk.
    /// One `statfs` or `fstatfs`.
    ///
    /// A container without a mount on `/dev/shm` may have a plain folder there. Everything works in
    /// it, but is written to disk. On macOS always true, without a call.
    ///
    /// # Errors
    ///
    /// With [`Operation::Directory`]: `ENOENT` – there is no `/dev/shm`; `ENOSYS` – a filter
    /// refuses the call.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/statfs.2.html)
    #[doc(alias = "statfs")]
    pub fn is_memory(&self) -> Result<bool, Error> {
        sys::directory_is_memory(self.as_fd()).map_err(because(Operation::Directory))
    }

    /// Returns the descriptor of the directory; `None` for [`Directory::DEFAULT`], which has none.
    #[must_use]
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(|fd| fd.as_fd())
    }
}

impl From<OwnedFd> for Directory {
    /// Takes over a descriptor, without a call. If it is not a directory's, looking up a name in it
    /// is `ENOTDIR`.
    fn from(fd: OwnedFd) -> Self {
        Self { fd: Some(fd) }
    }
}

/// The error of a name that was not found: of the directory, if that is missing.
pub(crate) fn missing(dir: Dir<'_>, operation: Operation) -> Error {
    let operation = if sys::directory_exists(dir) {
        operation
    } else {
        Operation::Directory
    };
    Error::new(operation, Errno::NOENT)
}
