//! Claims: which process writes to an object, and whether it is still alive.

use rustix::fd::AsFd as _;

use super::claimed::Claimed;
use crate::error::{Operation, because};
use crate::object::unlink_if_same;
use crate::{Errno, Error, Name, Object, Options, ReadWrite, Rights, sys};

impl Object<ReadWrite> {
    /// Claims the object: this process is its writer, until the kernel sees its end. Needs the
    /// feature `snapshot`.
    ///
    /// A claim is a lock of the open file description. It lasts at least as long as this object's
    /// descriptor or a duplicate of it is open. Most file systems keep it until the mappings made
    /// of the object are gone, too; overlayfs does not. So a process that wants to keep a claim
    /// keeps the object, and one that wants to end it drops the object and its mappings. It ends
    /// with the process at the latest, however that ends. It is advisory: a second claim is
    /// refused, but a process that does not ask can still write. A claim needs the right to write.
    ///
    /// A child of `fork` has the same descriptors and mappings: the claim then ends when both
    /// processes have released them. A process that receives the descriptor has the claim, too.
    ///
    /// On Linux, two `fcntl` with `F_OFD_SETLK`, on bytes far beyond the object's end. The first is
    /// the point of no return: whatever becomes of the second, which only lets others sleep until
    /// the claim ends, is not an error. If the first is refused, one or two more with `F_OFD_GETLK`
    /// find out why.
    ///
    /// # Errors
    ///
    /// With [`Operation::Claim`]:
    ///
    /// - `EBUSY` – it has been claimed through another open of it, usually by another process. That
    ///   may be one that claims it for a moment, as [`reap`](super::reap) and
    ///   [`Writer::replace`](super::Writer::replace) do.
    /// - `EAGAIN` – no process has, but one that can only read has a lock in the way. The kernel
    ///   grants such a lock to any process that may open the object, so a hostile reader can keep
    ///   an object from being claimed for as long as it likes. To recover, stop the writers, remove
    ///   the name, and create the object anew; give read access only to processes that you trust
    ///   with that.
    /// - `ENOLCK` – the kernel has no memory for locks.
    /// - `EINVAL` – Linux before 3.15.
    /// - `ENOSYS` – an architecture on which this crate has no such call; or a filter refuses it.
    ///
    /// # Platform notes
    ///
    /// macOS has no such locks: `ENOTSUP`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Errno, Name, Object, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-claim-{}", std::process::id()))?;
    /// let object = Object::create(&name, Size::Sparse(4096))?;
    /// # if object.claim().is_err_and(|error| error.errno() == Errno::NOTSUP) {
    /// #     return rawshm::unlink(&name);
    /// # }
    /// object.claim()?;
    ///
    /// let other = Object::open_read_write(&name)?;
    /// assert!(other.writer_alive()?);
    /// assert_eq!(other.claim().unwrap_err().errno(), Errno::BUSY);
    /// drop(object);
    /// assert!(!other.writer_alive()?);
    /// rawshm::unlink(&name)?;
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/F_OFD_SETLK.2const.html)
    #[doc(alias = "F_OFD_SETLK")]
    pub fn claim(&self) -> Result<(), Error> {
        sys::claim(self.as_fd()).map_err(because(Operation::Claim))
    }
}

impl<R: Rights> Object<R> {
    /// Returns whether the object has been claimed through another open of it, usually by another
    /// process, which is alive. Needs the feature `snapshot`. One `fcntl` with
    /// `F_OFD_GETLK`.
    ///
    /// A claim of this object itself, or of one that shares its descriptor, does not count. Locks
    /// of readers do not show.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: whatever a filter or another kind of file system returns.
    ///
    /// # Platform notes
    ///
    /// macOS: `ENOTSUP`.
    #[doc(alias = "F_OFD_GETLK")]
    pub fn writer_alive(&self) -> Result<bool, Error> {
        sys::is_claimed(self.as_fd()).map_err(because(Operation::Inspect))
    }

    /// Sleeps until no other process has claimed the object: not at all if none has, else until its
    /// writer has ended. Needs the feature `snapshot`.
    ///
    /// On Linux, an `fcntl` with `F_OFD_GETLK`. If another process has claimed the object, two
    /// more, `F_OFD_SETLKW` for a shared lock and `F_OFD_SETLK` to release it, and the first again.
    /// The kernel ends the sleep. Only where a reader's lock kept the writer from taking the byte
    /// that is slept on, this polls every 10 ms.
    ///
    /// There is no deadline, and a process that may write to the object can lock that byte for as
    /// long as it likes. Where such processes are not trusted, ask [`Object::writer_alive`] from
    /// time to time instead.
    ///
    /// # Errors
    ///
    /// With [`Operation::Wait`]: `ENOLCK` – the kernel has no memory for locks; `EPERM`, `ENOSYS` –
    /// a filter refuses a call, such as the `nanosleep` of the poll.
    ///
    /// # Platform notes
    ///
    /// macOS: `ENOTSUP`.
    #[doc(alias = "F_OFD_SETLKW")]
    pub fn wait_for_writer_end(&self) -> Result<(), Error> {
        sys::wait_unclaimed(self.as_fd()).map_err(because(Operation::Wait))
    }
}

/// Removes the name of an object that has no living writer, and returns whether it did.
///
/// It claims the object first, so that no writer takes it over meanwhile. A snapshot is retired
/// before its name is removed, and its readers are woken: see [the end of a
/// snapshot](super#the-end-of-a-snapshot). The removal is the point of no return. If it fails, the
/// snapshot is as it was before. It is meant for objects that their writers claim, as that of a
/// snapshot's [`Writer`](super::Writer); an object that no process claims is simply unlinked.
///
/// On Linux, the calls of [`Options::open_read_write`] and [`Object::claim`]; `pread64` of the
/// header; for a snapshot, `mmap`, `pwrite64` of a byte of it, `futex` and `munmap`; the calls of
/// [`Object::unlink`].
///
/// # Errors
///
/// With [`Operation::Claim`]: `EAGAIN` – no writer is alive, but a reader has a lock on the object.
/// Those of [`Options::open_read_write`] and [`Object::unlink`], and the others of
/// [`Object::claim`], except `EBUSY`. With [`Operation::Inspect`]: `EFBIG` – the process may write
/// only files of less than 48 bytes (`RLIMIT_FSIZE`; 41 on little-endian machines); it also gets a
/// `SIGXFSZ`. `ENOMEM` – the header cannot be mapped. `EINVAL` – a snapshot on hugetlbfs, where
/// `pwrite64` is refused. `EIO` – a peer has shrunk the object, and made it larger again meanwhile;
/// or `pread64` or `pwrite64` claims success, but transfers nothing.
///
/// # Examples
///
/// ```
/// use rawshm::{Errno, Name, Object, Size, snapshot};
///
/// let name = Name::new(&format!("/rawshm-doc-reap-{}", std::process::id()))?;
/// let object = Object::create(&name, Size::Sparse(4096))?;
/// # if object.claim().is_err_and(|error| error.errno() == Errno::NOTSUP) {
/// #     return rawshm::unlink(&name);
/// # }
/// object.claim()?;
/// assert!(!snapshot::reap(&name)?);
/// drop(object);
/// assert!(snapshot::reap(&name)?);
/// # Ok::<(), rawshm::Error>(())
/// ```
#[doc(alias = "shm_unlink")]
pub fn reap(name: &Name) -> Result<bool, Error> {
    reap_with(&Options::new(), name)
}

/// Removes a name as [`reap`] does, in the directory of these options.
///
/// # Errors
///
/// Those of [`reap`].
#[doc(alias = "shm_unlink")]
pub fn reap_with(options: &Options<'_>, name: &Name) -> Result<bool, Error> {
    let (object, status) = options.open_checked(name)?;
    match object.claim() {
        Err(error) if error.errno() == Errno::BUSY => return Ok(false),
        claimed => claimed?,
    }
    let claimed = Claimed::new(object, status).map_err(because(Operation::Inspect))?;
    claimed.retire().map_err(because(Operation::Inspect))?;
    let removed = unlink_if_same(options.dir(), name, claimed.object().as_fd());
    if removed != Ok(true) {
        claimed.restore_unless_removed();
    }
    removed.map_err(because(Operation::Unlink))
}
