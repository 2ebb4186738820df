//! Objects whose size no process can change any more.

use rustix::fd::{AsFd as _, OwnedFd};

use crate::error::{Error, Operation, because};
use crate::{Errno, Object, ReadWrite, Rights, Seals, Size, sys};

impl Object<ReadWrite> {
    /// Creates an object without a name, and seals its size.
    ///
    /// No peer can shrink it, and so take away what this process or another one has mapped. Peers
    /// get its descriptor, by inheritance or through a Unix domain socket, and check the seals with
    /// [`Object::from_sealed_fd`]. With every descriptor of it a process may write, and give the
    /// memory of pages back, which then read as zeros, and need memory again when a mapping touches
    /// them. [`Object::seal`] ends that.
    ///
    /// On Linux, `memfd_create`, `ftruncate`, `fallocate` for [`Size::Reserved`], and `fcntl` with
    /// `F_ADD_SEALS`. Before Linux 6.3, which cannot mark an object as not executable, two
    /// `memfd_create`. After an error nothing is left: an object without a name is gone with its
    /// last descriptor and mapping.
    ///
    /// Its memory is not that of `/dev/shm`, and no file system's limit applies, but those of the
    /// machine and of the memory cgroup do. If there is none for a page when it is touched, the
    /// kernel kills a process. Only with `vm.overcommit_memory=2` is that a `SIGBUS`, and
    /// [`Size::Reserved`] an error in advance.
    ///
    /// If the size is more than `RLIMIT_FSIZE` (`ulimit -f`), the kernel ends the process with
    /// `SIGXFSZ`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Create`], unless another operation is named:
    ///
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    /// - `ENOMEM` – not enough memory.
    /// - `ENOSYS` – Linux before 3.17.
    /// - `EFBIG` with [`Operation::Resize`] – the size is larger than a file can be, or than
    ///   `RLIMIT_FSIZE` where `SIGXFSZ` is ignored.
    /// - `ENOSPC`, `ENOMEM` with [`Operation::Reserve`] – not enough memory.
    ///
    /// # Platform notes
    ///
    /// macOS has no seals: `ENOTSUP`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Extent, Object, ReadOnly, Seals, Size};
    ///
    /// # if cfg!(target_os = "macos") {
    /// #     return Ok(()); // It cannot seal.
    /// # }
    /// let object = Object::create_anonymous(Size::Reserved(4096))?;
    /// let writer = object.map(Extent::Whole)?;
    /// object.seal(Seals::SizeAndWrites)?;
    ///
    /// // In another process, which got the descriptor.
    /// let fd = object.into_fd();
    /// let received = Object::<ReadOnly>::from_sealed_fd(fd, Seals::SizeAndWrites)?;
    /// let reader = received.map(Extent::Whole)?;
    ///
    /// writer.store(0, &8021_u64)?;
    /// assert_eq!(reader.load::<u64>(0)?, 8021);
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/memfd_create.2.html)
    #[doc(alias = "memfd_create")]
    pub fn create_anonymous(size: Size) -> Result<Self, Error> {
        let bytes = size.checked().map_err(because(Operation::Resize))?;
        let object = Self::new(sys::open_anonymous().map_err(because(Operation::Create))?);
        object.set_size(bytes)?;
        object.reserve(size)?;
        object.seal(Seals::Size)?;
        Ok(object)
    }

    /// Seals an object that [`Object::create_anonymous`] has made, or another memfd. One `fcntl`
    /// with `F_ADD_SEALS`, which is the point of no return.
    ///
    /// After [`Seals::SizeAndWrites`], only mappings that were made before can write: map first. A
    /// process can make a read-only one of these writable, if its descriptor was.
    ///
    /// # Errors
    ///
    /// With [`Operation::Seal`]:
    ///
    /// - `EPERM` – a peer has sealed it against more seals, or it has a name: such objects cannot
    ///   be sealed.
    /// - `EINVAL` – its file system knows no seals; for [`Seals::SizeAndWrites`], Linux before 5.1.
    ///
    /// # Platform notes
    ///
    /// macOS has no seals: `ENOTSUP`.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/fcntl.2.html)
    #[doc(alias = "F_ADD_SEALS")]
    pub fn seal(&self, seals: Seals) -> Result<(), Error> {
        sys::seal(self.as_fd(), seals).map_err(because(Operation::Seal))
    }
}

impl<R: Rights> Object<R> {
    /// Takes over a descriptor, as [`Object::from_fd`] does, of an object that has these seals.
    ///
    /// A seal is never removed. So they are looked at first: what is found out afterwards, such as
    /// the size, stays true. One `fcntl` with `F_GET_SEALS`, and the calls of [`Object::from_fd`];
    /// if a seal is missing, only the first. `F_SEAL_WRITE`, which is against all writes, counts as
    /// `F_SEAL_FUTURE_WRITE`, too.
    ///
    /// With [`Seals::Size`], a mapping is safe from peers that shrink the object. It is not from
    /// those that give the memory of its pages back: if there is none when one is touched again,
    /// the kernel kills a process; with huge pages (`MFD_HUGETLB`) or `vm.overcommit_memory=2`,
    /// this one with `SIGBUS`. With [`Seals::SizeAndWrites`] and then
    /// [`Mapping::prefault`](crate::Mapping::prefault), no peer can take anything from it.
    ///
    /// # Errors
    ///
    /// First, with [`Operation::Adopt`]: `EPERM` – not all of the seals are set, or it is not a
    /// memfd; `EBADF` – it was opened with `O_PATH`. Then those of [`Object::from_fd`]. After an
    /// error the descriptor is closed.
    ///
    /// # Platform notes
    ///
    /// macOS has no seals: `ENOTSUP`.
    #[doc(alias = "F_GET_SEALS")]
    pub fn from_sealed_fd(fd: OwnedFd, seals: Seals) -> Result<Self, Error> {
        if sys::has_seals(fd.as_fd(), seals).map_err(because(Operation::Adopt))? {
            Self::from_fd(fd)
        } else {
            Err(Error::new(Operation::Adopt, Errno::PERM))
        }
    }
}
