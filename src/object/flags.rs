//! Opening with the flags of a C program.

use core::ffi::c_int;

use rustix::fd::{AsFd as _, OwnedFd};

use crate::error::{Error, Operation, because};
use crate::{Directory, Errno, Name, sys};

impl Directory {
    /// Opens or creates an object as the C function `shm_open` does, with its flags and its mode.
    ///
    /// For who stands in for that function, and so cannot choose. A Rust program says what it wants by
    /// [`Object::open`](crate::Object::open), [`Object::create`](crate::Object::create) and the like, whose types keep what it got.
    ///
    /// The flags are the system's numbers, such as `O_RDWR | O_CREAT`. Any are passed on, and the system judges them: so
    /// `O_TRUNC` empties an object, on Linux with `O_RDONLY` too, and `O_CREAT` without `O_EXCL` is one call, with which
    /// nobody learns whether it created. To them come `O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK`, and what is not a regular file is
    /// refused. Any bits of the mode are passed on, less the umask. A new object is 0 bytes large.
    ///
    /// On Linux, one `openat` and one `fstat`; no look at the directory if the name is missing. Where a filter refuses the
    /// `fstat` the call fails, and a new object stays.
    ///
    /// # Errors
    ///
    /// With [`Operation::Open`]:
    ///
    /// - `ENOENT` – there is no such object, and no `O_CREAT`; or there is no such directory.
    /// - `EEXIST` – the name is taken, with `O_CREAT | O_EXCL`.
    /// - `EACCES` – the object's mode or the directory's does not permit it; another user's object in a sticky directory,
    ///   with `O_CREAT` and without `O_EXCL`, where `fs.protected_regular` is set.
    /// - `EINVAL` – the name is not a shared memory object's, but a directory's, a FIFO's, a socket's or a device's.
    /// - `ELOOP` – the name is a symbolic link.
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    /// - `ENOSPC` – no inode is left.
    /// - `EROFS` – the directory is on a read-only file system.
    ///
    /// # Platform notes
    ///
    /// macOS adds `O_CLOEXEC` only, and has no other flags than POSIX's five for it. There a mode of more than 16 bits is
    /// `EINVAL`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Directory, Name, Object, ReadOnly};
    ///
    /// const O_RDONLY: i32 = 0;
    ///
    /// let name = Name::new(&format!("/rawshm-doc-flags-{}", std::process::id()))?;
    /// # let created = Object::create(&name, rawshm::Size::Sparse(4096))?;
    /// let fd = Directory::DEFAULT.open_with_flags(&name, O_RDONLY, 0)?;
    /// # rawshm::unlink(&name)?;
    /// assert_eq!(Object::<ReadOnly>::from_fd(fd)?.size()?, 4096);
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
    /// - [Linux](https://man7.org/linux/man-pages/man3/shm_open.3.html)
    #[doc(alias = "shm_open")]
    pub fn open_with_flags(&self, name: &Name, flags: c_int, mode: u32) -> Result<OwnedFd, Error> {
        let fd = sys::open_with_flags(self.dir(), name, flags, mode)
            .map_err(because(Operation::Open))?;
        let status = sys::status(fd.as_fd()).map_err(because(Operation::Open))?;
        if status.is_regular {
            Ok(fd)
        } else {
            Err(Error::new(Operation::Open, Errno::INVAL))
        }
    }
}
