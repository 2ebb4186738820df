//! Unlinking when a scope ends, for who asks for it.

use core::mem::ManuallyDrop;

use rustix::fd::AsFd as _;

use crate::error::{Error, Operation, because};
use crate::rights::Rights;
use crate::sys::{self, Identity, Place};
use crate::{Errno, Name, Object, Options};

/// Removes a name when it is dropped, if the name then still is this object's.
///
/// The opt-in counterpart of [`unlink`](crate::unlink): neither an [`Object`] nor a [`Mapping`](crate::Mapping)
/// removes a name by itself. Made by [`Object::unlink_on_drop`] or [`Options::unlink_on_drop`]; needs neither the
/// object nor its descriptor any more.
///
/// Dropping it makes one `newfstatat` and, if the name still denotes the object, one `unlinkat`, whose errors nobody
/// hears: [`UnlinkGuard::unlink`] reports them. A process that is killed drops nothing.
///
/// Between the two calls a peer may replace the object by another of the same name, which is then removed: Linux has
/// no call that does both.
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
#[derive(Debug)]
#[must_use = "the name is removed as soon as the guard is dropped"]
pub struct UnlinkGuard<'d> {
    place: Place<'d>,
    name: Name,
    identity: Identity,
}

impl UnlinkGuard<'_> {
    /// Removes the name now, if it still is this object's, and says whether it was. One `newfstatat`, one `unlinkat`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Unlink`]: `EACCES` – not permitted; `EROFS` – the directory is on a read-only file system.
    /// A name that has gone already is no error.
    pub fn unlink(self) -> Result<bool, Error> {
        let guard = ManuallyDrop::new(self);
        unlink_if_same(guard.place, &guard.name, guard.identity).map_err(because(Operation::Unlink))
    }

    /// Gives the guard up: the name stays. No call.
    pub fn keep(self) {
        let _ = ManuallyDrop::new(self);
    }
}

impl Drop for UnlinkGuard<'_> {
    fn drop(&mut self) {
        // Nobody could be told of an error here.
        let _ = unlink_if_same(self.place, &self.name, self.identity);
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
        let status = sys::status(object.as_fd()).map_err(because(Operation::Inspect))?;
        Ok(UnlinkGuard {
            place: self.place(),
            name: *name,
            identity: status.identity,
        })
    }
}

/// Says whether the name was this object's, and is no more.
pub(crate) fn unlink_if_same(
    place: Place<'_>,
    name: &Name,
    identity: Identity,
) -> Result<bool, Errno> {
    match sys::identity_at(place, name) {
        Ok(found) if found == identity => {}
        Ok(_) | Err(Errno::NOENT) => return Ok(false),
        Err(errno) => return Err(errno),
    }
    match sys::unlink(place, name) {
        Err(Errno::NOENT) => Ok(false),
        done => done.map(|()| true),
    }
}
