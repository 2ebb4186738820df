//! The writing side of a snapshot.

use core::fmt;
use core::mem::MaybeUninit;

use super::layout::Layout;
use super::seqlock::{self, Source};
use super::slots::Slots;
use crate::error::{Operation, because};
use crate::object::unlink_if_is;
use crate::sys::Identity;
use crate::{Error, Name, Options, ReadWrite, Status};

/// The only writer of a snapshot.
///
/// It has [claimed](crate::Object::claim) the object for as long as it exists, and keeps no
/// descriptor. Dropping it makes one `munmap`. The object then stays, with its last value, for the
/// next writer.
///
/// A child of `fork` has the same mapping and the same claim: one of the two processes must not
/// store, and the claim ends when both have ended.
///
/// # Examples
///
/// ```
/// use rawshm::snapshot::{Reader, Writer};
/// use rawshm::{Errno, Name};
///
/// let name = Name::new(&format!("/rawshm-doc-writer-{}", std::process::id()))?;
/// let mut writer = Writer::create(&name, 2, &0_u64)?;
/// writer.store(&8021);
/// writer.notify()?;
///
/// # if !cfg!(target_os = "macos") {
/// let refused = Writer::<u64>::open(&name).unwrap_err();
/// assert_eq!(rawshm::Error::from(refused).errno(), Errno::BUSY);
/// # }
/// drop(writer);
///
/// let writer = Writer::<u64>::open(&name)?;
/// assert_eq!(writer.load(), 8021);
///
/// // The end: the name goes, and readers learn that no value will follow.
/// assert!(writer.unlink(&name)?);
/// writer.retire()?;
/// # Ok::<(), rawshm::snapshot::Error>(())
/// ```
pub struct Writer<T> {
    slots: Slots<T, ReadWrite>,
    /// The number of the last value stored.
    last: u64,
    /// Which object it is: no other has its identity while it is mapped.
    identity: Identity,
}

impl<T: Layout> Writer<T> {
    pub(super) fn new(slots: Slots<T, ReadWrite>, last: u64, status: Status) -> Self {
        Self {
            slots,
            last,
            identity: status.identity(),
        }
    }

    /// Stores a value, which from then on is the one that readers load.
    ///
    /// Makes no system call, and does not wake readers: see [`Writer::notify`].
    #[inline]
    pub fn store(&mut self, value: &T) {
        self.last = seqlock::store(&self.slots, self.slots.mask(), self.last, value);
    }

    /// Wakes all readers that sleep until there is another value, and returns how many they were.
    /// One `futex`.
    ///
    /// It is separate from [`Writer::store`] for a writer that stores more often than readers need
    /// to be woken, or whose readers never sleep.
    ///
    /// # Errors
    ///
    /// With [`Operation::Notify`]: `EFAULT` – the object was shrunk; `ENOSYS` – a filter refuses
    /// the call.
    ///
    /// # Platform notes
    ///
    /// On macOS readers poll: this makes no call and returns 0.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/futex.2.html)
    #[doc(alias = "futex")]
    pub fn notify(&self) -> Result<usize, Error> {
        self.slots
            .words()
            .wake()
            .map_err(because(Operation::Notify))
    }

    /// Returns the last value stored.
    #[must_use]
    pub fn load(&self) -> T {
        let mut value = MaybeUninit::uninit();
        Source::copy(&self.slots, self.last & self.slots.mask(), &mut value);
        // SAFETY: every byte has been written, and any bit pattern is a `T`, which is `Pod`.
        unsafe { value.assume_init() }
    }

    /// Copies the last value stored into `value`, for values that are too large for the stack.
    pub fn load_into(&self, value: &mut T) {
        let value: *mut T = value;
        // SAFETY: it is borrowed exclusively, and only initialised bytes are written to it, of
        // which any are a `T`, which is `Pod`.
        let value = unsafe { &mut *value.cast::<MaybeUninit<T>>() };
        Source::copy(&self.slots, self.last & self.slots.mask(), value);
    }

    /// Returns the number of the last value stored: 1 for the value that the snapshot was created
    /// with, and one more for each that followed.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.last
    }

    /// Removes the name in [`Directory::DEFAULT`](crate::Directory::DEFAULT) if it is this
    /// snapshot's, and returns whether it was.
    ///
    /// A `newfstatat`, and an `unlinkat` if the name denotes the object. Between the two a peer may
    /// replace the object, whose name is then removed: Linux has no call that does both.
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
        self.unlink_with(&Options::new(), name)
    }

    /// Removes the name as [`Writer::unlink`] does, in the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`Writer::unlink`].
    #[doc(alias = "shm_unlink")]
    pub fn unlink_with(&self, options: &Options<'_>, name: &Name) -> Result<bool, Error> {
        unlink_if_is(options.dir(), name, self.identity).map_err(because(Operation::Unlink))
    }

    /// Tells all readers that no value will follow, and wakes them. One `futex`, and the `munmap`
    /// of a drop.
    ///
    /// The object keeps its last value, and its name unless that was [unlinked](Writer::unlink)
    /// before. It cannot be taken over any more; [`Writer::replace`] can put another in its place.
    ///
    /// # Errors
    ///
    /// Those of [`Writer::notify`]. The snapshot is retired even so.
    pub fn retire(self) -> Result<(), Error> {
        self.slots.words().retire();
        self.notify().map(|_| ())
    }
}

impl<T> fmt::Debug for Writer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.slots).finish()
    }
}
