//! Removing names: any, or only while they are an object's own.

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};

use crate::error::{Error, Operation, because};
use crate::sys::{self, Dir, Identity};
use crate::{Directory, Errno, Name, Object, Rights};

/// Removes a name in [`Directory::DEFAULT`], as [`Directory::unlink`] does. One `unlinkat`. Readers
/// of a snapshot are told nothing.
///
/// # Errors
///
/// Those of [`Directory::unlink`].
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

impl Directory {
    /// Removes a name, whatever object has it. The object lives on until its last mapping and
    /// descriptor are gone, but it cannot be opened any more. One `unlinkat`.
    ///
    /// Readers of a snapshot are told nothing, and wait for a value that never comes: end it with
    /// `Writer::finish` or `snapshot::reap`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Unlink`]:
    ///
    /// - `ENOENT` – there is no such name, or no such directory.
    /// - `EACCES` – not permitted: the directory is not writable, or it is sticky and the name is
    ///   another user's.
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
        sys::unlink(self.as_fd(), name).map_err(because(Operation::Unlink))
    }

    /// Removes a name if it is this object's, as [`Object::unlink`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Object::unlink`].
    #[doc(alias = "shm_unlink")]
    pub fn unlink_object<R: Rights>(&self, name: &Name, object: &Object<R>) -> Result<bool, Error> {
        unlink_if_same(self.as_fd(), name, object.as_fd()).map_err(because(Operation::Unlink))
    }

    /// Makes a guard for a name in this directory, as [`Object::unlink_on_drop`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Object::unlink_on_drop`].
    #[doc(alias = "shm_unlink")]
    pub fn unlink_on_drop<R: Rights>(
        &self,
        name: &Name,
        object: &Object<R>,
    ) -> Result<UnlinkGuard<'_>, Error> {
        UnlinkGuard::new(self.as_fd(), name, object.as_fd())
    }
}

impl<R: Rights> Object<R> {
    /// Removes the name in [`Directory::DEFAULT`] if it is this object's, and returns whether it
    /// was.
    ///
    /// An `fstat`, a `newfstatat`, and an `unlinkat` if the name denotes the object: that is the
    /// point of no return, and nothing follows it. Between the last two a peer may replace the
    /// object, whose name is then removed: Linux has no call that does both. Readers of a snapshot
    /// are told nothing, as by [`Directory::unlink`].
    ///
    /// # Errors
    ///
    /// With [`Operation::Unlink`]: `EACCES` – not permitted; `EROFS` – the directory is on a
    /// read-only file system. A name that is gone already is not an error.
    ///
    /// # Platform notes
    ///
    /// macOS cannot tell one object from another: whatever has the name is unlinked.
    #[doc(alias = "shm_unlink")]
    pub fn unlink(&self, name: &Name) -> Result<bool, Error> {
        unlink_if_same(None, name, self.as_fd()).map_err(because(Operation::Unlink))
    }

    /// Makes a guard that removes the name in [`Directory::DEFAULT`] when it is dropped, if the
    /// name still is this object's then. One `fcntl`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: `EMFILE` – the process has no descriptor left.
    #[doc(alias = "shm_unlink")]
    pub fn unlink_on_drop(&self, name: &Name) -> Result<UnlinkGuard<'static>, Error> {
        UnlinkGuard::new(None, name, self.as_fd())
    }
}

/// Removes a name when it is dropped, if the name then still is the object's.
///
/// The opt-in counterpart of [`unlink`]: neither an [`Object`] nor a [`Mapping`](crate::Mapping)
/// removes a name by itself. Made by [`Object::unlink_on_drop`] or [`Directory::unlink_on_drop`].
/// It holds a descriptor of its own, so that it does not need the object, and no other object can
/// get the same identity meanwhile. Readers of a snapshot are told nothing, as by
/// [`Directory::unlink`].
///
/// Dropping it makes an `fstat`, a `newfstatat`, an `unlinkat` if the name still denotes the
/// object, and a `close`. It ignores errors, which [`UnlinkGuard::unlink`] reports. A process that
/// is killed drops nothing. A guard for a name that was never this object's removes nothing.
///
/// Between the last two calls a peer may replace the object with another of the same name, which is
/// then removed: Linux has no call that does both.
///
/// # Platform notes
///
/// macOS cannot tell one object from another: whatever has the name then is unlinked.
///
/// # Examples
///
/// ```
/// use rawshm::{Errno, Name, Object, Size};
///
/// let name = Name::new(&format!("/rawshm-doc-guard-{}", std::process::id()))?;
/// {
///     let object = Object::create(&name, Size::Sparse(4096))?;
///     let _guard = object.unlink_on_drop(&name)?;
///     assert!(Object::open(&name).is_ok());
/// }
/// assert_eq!(Object::open(&name).unwrap_err().errno(), Errno::NOENT);
/// # Ok::<(), rawshm::Error>(())
/// ```
///
/// # References
/// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_unlink.html)
/// - [Linux](https://man7.org/linux/man-pages/man2/unlink.2.html)
#[doc(alias = "shm_unlink")]
#[derive(Debug)]
#[must_use = "the name is removed when the guard is dropped: bind it to `_guard`, not to `_`"]
pub struct UnlinkGuard<'d> {
    dir: Dir<'d>,
    name: Name,
    /// Keeps the object, and so its inode's number, from being used for another. None when nothing
    /// is left to do.
    object: Option<OwnedFd>,
}

impl<'d> UnlinkGuard<'d> {
    fn new(dir: Dir<'d>, name: &Name, object: BorrowedFd<'_>) -> Result<Self, Error> {
        let object = sys::duplicate(object).map_err(because(Operation::Inspect))?;
        Ok(Self {
            dir,
            name: *name,
            object: Some(object),
        })
    }

    /// Removes the name now, if it still is the object's, and returns whether it was. The calls of
    /// a drop.
    ///
    /// # Errors
    ///
    /// With [`Operation::Unlink`]: `EACCES` – not permitted; `EROFS` – the directory is on a
    /// read-only file system. A name that is gone already is not an error.
    pub fn unlink(mut self) -> Result<bool, Error> {
        self.finish().map_err(because(Operation::Unlink))
    }

    /// Gives the guard up, so that the name stays. One `close`.
    pub fn keep(mut self) {
        self.object = None;
    }

    fn finish(&mut self) -> Result<bool, Errno> {
        match self.object.take() {
            Some(object) => unlink_if_same(self.dir, &self.name, object.as_fd()),
            None => Ok(false),
        }
    }
}

impl Drop for UnlinkGuard<'_> {
    fn drop(&mut self) {
        // A drop cannot report an error.
        let _ = self.finish();
    }
}

/// Returns whether the name denotes this object.
#[cfg(feature = "snapshot")]
pub(crate) fn is_same(dir: Dir<'_>, name: &Name, object: BorrowedFd<'_>) -> Result<bool, Errno> {
    denotes(dir, name, sys::status(object)?.identity)
}

/// Returns whether the name denotes the object of this identity.
pub(crate) fn denotes(dir: Dir<'_>, name: &Name, identity: Identity) -> Result<bool, Errno> {
    match sys::identity_at(dir, name) {
        Err(Errno::NOENT) => Ok(false),
        found => Ok(found? == identity),
    }
}

/// Removes the name if it is this object's, and returns whether it was.
pub(crate) fn unlink_if_same(
    dir: Dir<'_>,
    name: &Name,
    object: BorrowedFd<'_>,
) -> Result<bool, Errno> {
    if !denotes(dir, name, sys::status(object)?.identity)? {
        return Ok(false);
    }
    match sys::unlink(dir, name) {
        Err(Errno::NOENT) => Ok(false),
        done => done.map(|()| true),
    }
}
