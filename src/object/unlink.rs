//! Unlinking when a scope ends, for who asks for it.

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};

use crate::Rights;
use crate::error::{Error, Operation, because};
use crate::sys::{self, Dir, Identity};
use crate::{Errno, Name, Object, Options};

/// Removes a name when it is dropped, if the name then still is this object's.
///
/// The opt-in counterpart of [`unlink`](crate::unlink): neither an [`Object`] nor a [`Mapping`](crate::Mapping) removes
/// a name by itself. Made by [`Object::unlink_on_drop`] or [`Options::unlink_on_drop`]. It holds a descriptor of its
/// own, so that it needs the object no longer, and no other object can get this one's identity meanwhile.
///
/// Dropping it makes an `fstat`, a `newfstatat`, an `unlinkat` if the name still denotes the object, and a `close`.
/// Nobody hears of errors: [`UnlinkGuard::unlink`] reports them. A process that is killed drops nothing. A guard for a
/// name that was never this object's removes nothing.
///
/// Between the last two calls a peer may replace the object by another of the same name, which is then removed: Linux
/// has no call that does both.
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
#[must_use = "the name is removed as soon as the guard is dropped"]
pub struct UnlinkGuard<'d> {
    dir: Dir<'d>,
    name: Name,
    /// Keeps the object, and so its inode's number, from being used for another. None when nothing is left to do.
    object: Option<OwnedFd>,
}

impl UnlinkGuard<'_> {
    /// Removes the name now, if it still is this object's, and says whether it was. The calls of a drop.
    ///
    /// # Errors
    ///
    /// With [`Operation::Unlink`]: `EACCES` – not permitted; `EROFS` – the directory is on a read-only file system.
    /// A name that has gone already is no error.
    pub fn unlink(mut self) -> Result<bool, Error> {
        self.finish().map_err(because(Operation::Unlink))
    }

    /// Gives the guard up: the name stays. One `close`.
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
        // Nobody could be told of an error here.
        let _ = self.finish();
    }
}

impl<'d> Options<'d> {
    /// Makes a guard for a name in these options' directory: as [`Object::unlink_on_drop`].
    ///
    /// # Errors
    ///
    /// As [`Object::unlink_on_drop`].
    pub fn unlink_on_drop<R: Rights>(
        self,
        name: &Name,
        object: &Object<R>,
    ) -> Result<UnlinkGuard<'d>, Error> {
        let object = sys::duplicate(object.as_fd()).map_err(because(Operation::Inspect))?;
        Ok(UnlinkGuard {
            dir: self.dir(),
            name: *name,
            object: Some(object),
        })
    }
}

/// Says whether the name was this object's, and is no more.
pub(crate) fn unlink_if_same(
    dir: Dir<'_>,
    name: &Name,
    object: BorrowedFd<'_>,
) -> Result<bool, Errno> {
    unlink_if_is(dir, name, sys::status(object)?.identity)
}

/// As [`unlink_if_same`], for who keeps the object by other means than a descriptor.
pub(crate) fn unlink_if_is(dir: Dir<'_>, name: &Name, identity: Identity) -> Result<bool, Errno> {
    match sys::identity_at(dir, name) {
        Ok(found) if found == identity => {}
        Ok(_) | Err(Errno::NOENT) => return Ok(false),
        Err(errno) => return Err(errno),
    }
    match sys::unlink(dir, name) {
        Err(Errno::NOENT) => Ok(false),
        done => done.map(|()| true),
    }
}
