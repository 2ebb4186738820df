//! Who writes to an object, and whether it still lives.

use rustix::fd::AsFd as _;

use crate::Rights;
use crate::error::{Error, Operation, because};
use crate::object::unlink_if_same;
use crate::sys;
use crate::{Errno, Name, Object, Options, ReadWrite};

impl Object<ReadWrite> {
    /// Claims the object: from now on this is its writer, until the kernel sees its end.
    ///
    /// The claim is the kernel's: a lock of what was opened, held by this object's descriptor, by its duplicates and by
    /// every mapping made of it, whichever lasts longest. So it needs no descriptor once there is a mapping, and ends
    /// with the process at the latest, however that ends. It keeps nobody from writing who does not ask: a second claim
    /// is refused, nothing else. To claim needs the right to write; what readers do neither shows in
    /// [`Object::writer_alive`] nor ends a claim.
    ///
    /// A child of `fork` has the same descriptors and mappings: then the claim ends when both processes have let go.
    /// Whoever receives the descriptor has the claim, too.
    ///
    /// On Linux, two `fcntl` with `F_OFD_SETLK`, on bytes far behind the object's end; if that is refused, others that
    /// tell why.
    ///
    /// # Errors
    ///
    /// With [`Operation::Claim`]:
    ///
    /// - `EBUSY` – another has claimed it.
    /// - `EAGAIN` – nobody has, but a process that may only read has a lock in the way.
    /// - `ENOLCK` – the kernel has no room for locks left.
    /// - `ENOSYS` – an architecture for which there is no such call here.
    ///
    /// # Platform notes
    ///
    /// macOS has no such locks: `ENOTSUP`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Errno, Extent, Name, Object, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-claim-{}", std::process::id()))?;
    /// let object = Object::create(&name, Size::Sparse(4096))?;
    /// # if object.claim().is_err_and(|error| error.errno() == Errno::NOTSUP) {
    /// #     return rawshm::unlink(&name);
    /// # }
    /// object.claim()?;
    /// let mapping = object.map(Extent::Whole)?;
    /// drop(object);
    ///
    /// let other = Object::open_read_write(&name)?;
    /// assert!(other.writer_alive()?);
    /// assert_eq!(other.claim().unwrap_err().errno(), Errno::BUSY);
    /// drop(mapping);
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
    /// Says whether another has claimed the object, and lives. One `fcntl` with `F_OFD_GETLK`.
    ///
    /// What has been claimed by this object itself, or by one that shares its descriptor, does not count.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: only what a filter or a file system of another kind answers.
    ///
    /// # Platform notes
    ///
    /// macOS: `ENOTSUP`.
    #[doc(alias = "F_OFD_GETLK")]
    pub fn writer_alive(&self) -> Result<bool, Error> {
        sys::is_claimed(self.as_fd()).map_err(because(Operation::Inspect))
    }

    /// Sleeps until no other has claimed the object: at once if none has, else until its writer has ended.
    ///
    /// On Linux, an `fcntl` with `F_OFD_GETLK`; if another has claimed it, two more, `F_OFD_SETLKW` for a shared lock and
    /// `F_OFD_SETLK` to give it back, and the first again. The kernel ends the sleep. Only where a reader's lock keeps
    /// the claimant from having the one that is slept on, this looks every 10 ms.
    ///
    /// # Errors
    ///
    /// With [`Operation::Wait`]: `ENOLCK` – the kernel has no room for locks left.
    ///
    /// # Platform notes
    ///
    /// macOS: `ENOTSUP`.
    #[doc(alias = "F_OFD_SETLKW")]
    pub fn wait_for_writer_end(&self) -> Result<(), Error> {
        sys::wait_unclaimed(self.as_fd()).map_err(because(Operation::Wait))
    }

    /// Removes the name in [`Directory::DEFAULT`](crate::Directory::DEFAULT) if it is this object's, and says whether it
    /// was: [`Options::unlink_object`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::unlink_object`].
    #[doc(alias = "shm_unlink")]
    pub fn unlink(&self, name: &Name) -> Result<bool, Error> {
        Options::new().unlink_object(name, self)
    }
}

impl Options<'_> {
    /// Removes the name if it is this object's, and says whether it was.
    ///
    /// An `fstat`, a `newfstatat`, and an `unlinkat` if the name denotes the object. Between the last two a peer may
    /// replace the object, whose name is then removed: Linux has no call that does both.
    ///
    /// # Errors
    ///
    /// With [`Operation::Unlink`]: `EACCES` – not permitted; `EROFS` – the directory is on a read-only file system. A
    /// name that has gone already is no error.
    ///
    /// # Platform notes
    ///
    /// macOS cannot tell one object from another: whatever has the name is unlinked.
    #[doc(alias = "shm_unlink")]
    pub fn unlink_object<R: Rights>(self, name: &Name, object: &Object<R>) -> Result<bool, Error> {
        unlink_if_same(self.dir(), name, object.as_fd()).map_err(because(Operation::Unlink))
    }

    /// Says whether the name denotes this object.
    pub(crate) fn is_object<R: Rights>(self, name: &Name, object: &Object<R>) -> bool {
        let Ok(status) = sys::status(object.as_fd()) else {
            return false;
        };
        sys::identity_at(self.dir(), name) == Ok(status.identity)
    }

    /// Removes the name of an object that nobody has claimed, or whose writer has ended, and says whether it was so.
    ///
    /// While it does, it claims the object itself, so that no writer takes it over meanwhile. Meant for objects that
    /// are claimed by their writers, as a [`snapshot`](crate::snapshot)'s is: of any other it is an unlink.
    ///
    /// The calls of [`Options::open_read_write`], [`Object::claim`] and [`Options::unlink_object`].
    ///
    /// # Errors
    ///
    /// As [`Options::open_read_write`], and as [`Options::unlink_object`]. With [`Operation::Claim`] as
    /// [`Object::claim`], without `EBUSY`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Errno, Name, Object, Options, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-reap-{}", std::process::id()))?;
    /// let object = Object::create(&name, Size::Sparse(4096))?;
    /// # if object.claim().is_err_and(|error| error.errno() == Errno::NOTSUP) {
    /// #     return rawshm::unlink(&name);
    /// # }
    /// object.claim()?;
    /// assert!(!Options::new().reap(&name)?);
    /// drop(object);
    /// assert!(Options::new().reap(&name)?);
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    #[doc(alias = "shm_unlink")]
    pub fn reap(self, name: &Name) -> Result<bool, Error> {
        let object = self.open_read_write(name)?;
        match object.claim() {
            Err(error) if error.errno() == Errno::BUSY => Ok(false),
            claimed => {
                claimed?;
                self.unlink_object(name, &object)
            }
        }
    }
}
