//! Opening with the flags of a C program.

use core::ffi::c_int;

use rustix::fd::{AsFd as _, OwnedFd};

use crate::error::{Error, Operation, because};
use crate::{Directory, Errno, Name, sys};

impl Directory {
    /// Opens or creates an object as the C function `shm_open` does, with its flags and its mode.
    ///
    /// For code that implements `shm_open` itself and must accept whatever flags its caller passes.
    /// A Rust program uses [`Object::open`](crate::Object::open),
    /// [`Object::create`](crate::Object::create) and the like, which keep the rights in types.
    ///
    /// The flags are the system's numbers, such as `O_RDWR | O_CREAT`. All are passed on for the
    /// system to judge: so `O_TRUNC` empties an object, on Linux with `O_RDONLY` too, and `O_CREAT`
    /// without `O_EXCL` is one call, which does not tell whether it created the object. This adds
    /// `O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK`, and refuses anything but a regular file. All bits of
    /// the mode are passed on, less the umask. A new object has 0 bytes.
    ///
    /// On Linux, one `openat` and one `fstat`, and no look at the directory if the name is missing.
    /// If a filter refuses the `fstat` the call fails, and a new object stays.
    ///
    /// # Errors
    ///
    /// With [`Operation::Open`]:
    ///
    /// - `ENOENT` – there is no such object, and no `O_CREAT`; or there is no such directory.
    /// - `EEXIST` – the name is taken, with `O_CREAT | O_EXCL`.
    /// - `EACCES` – the mode of the object or of the directory does not permit it; or the object is
    ///   another user's in a sticky directory, with `O_CREAT` and without `O_EXCL`, where
    ///   `fs.protected_regular` is set.
    /// - `EINVAL` – the name is not a shared memory object's, but a directory's, a FIFO's, a
    ///   socket's or a device's.
    /// - `ELOOP` – the name is a symbolic link.
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    /// - `ENOSPC` – no inode is left.
    /// - `EROFS` – the directory is on a read-only file system.
    ///
    /// # Platform notes
    ///
    /// macOS adds `O_CLOEXEC` only, and knows only POSIX's five flags. A mode of more than 16 bits
    /// is `EINVAL` there.
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
        let opened = sys::open_with_flags(self.as_fd(), name, flags, mode);
        let fd = opened.map_err(because(Operation::Open))?;
        let status = sys::status(fd.as_fd()).map_err(because(Operation::Open))?;
        if status.is_regular {
            Ok(fd)
        } else {
            Err(Error::new(Operation::Open, Errno::INVAL))
        }
    }
}
