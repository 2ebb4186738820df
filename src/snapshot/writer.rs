//! The writing side of a snapshot.

use core::fmt;
use core::mem::MaybeUninit;

use super::error::SnapshotError;
use super::layout::Layout;
use super::seqlock::{self, Source};
use super::slots::Slots;
use crate::error::{Error, Operation, because};
use crate::object::unlink_if_is;
use crate::sys::{self, Identity};
use crate::{Mapping, Name, Options, Outcome, ReadWrite, Status};

/// Stores the values of a snapshot: its only writer.
///
/// It has [claimed](crate::Object::claim) the object for as long as it exists, and keeps no descriptor. The object stays when
/// it is dropped, with its last value, for the next writer.
///
/// A child of `fork` has the same mapping and the same claim: one of the two must not store, and the claim ends when
/// both have ended.
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
/// // The end: no name, and readers learn that no value will follow.
/// assert!(writer.unlink(&name)?);
/// writer.retire()?;
/// # Ok::<(), rawshm::snapshot::SnapshotError>(())
/// ```
pub struct Writer<T> {
    pub(super) slots: Slots<T, ReadWrite>,
    /// The number of the last value stored.
    pub(super) last: u64,
    /// Which object it is: no other has its identity while it is mapped.
    identity: Identity,
}

impl<T: Layout> Writer<T> {
    /// Creates a snapshot with a first value: [`Options::create_writer`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::create_writer`].
    pub fn create(name: &Name, slots: u32, first: &T) -> Result<Self, SnapshotError> {
        Options::new().create_writer(name, slots, first)
    }

    /// Takes over a snapshot whose writer has ended: [`Options::open_writer`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::open_writer`].
    pub fn open(name: &Name) -> Result<Self, SnapshotError> {
        Options::new().open_writer(name)
    }

    /// Takes a snapshot over if there is one, else creates it: [`Options::open_or_create_writer`] without any option
    /// set.
    ///
    /// # Errors
    ///
    /// As [`Options::open_or_create_writer`].
    pub fn open_or_create(
        name: &Name,
        slots: u32,
        first: &T,
    ) -> Result<(Self, Outcome), SnapshotError> {
        Options::new().open_or_create_writer(name, slots, first)
    }

    /// Creates a snapshot in the place of what has the name: [`Options::replace_writer`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::replace_writer`].
    pub fn replace(name: &Name, slots: u32, first: &T) -> Result<Self, SnapshotError> {
        Options::new().replace_writer(name, slots, first)
    }

    /// Stores a value, which from then on is the one that readers load. Makes no system call, and wakes nobody: see
    /// [`Writer::notify`].
    #[inline]
    pub fn store(&mut self, value: &T) {
        self.last = seqlock::store(&self.slots, self.slots.mask(), self.last, value);
    }

    /// Wakes all readers that sleep until there is another value, and gives their number. One `futex`.
    ///
    /// Separate from [`Writer::store`], for who stores more often than readers need to hear of it, or has none that
    /// sleep.
    ///
    /// # Errors
    ///
    /// With [`Operation::Notify`]: `EFAULT` – the object was shrunk; `ENOSYS` – a filter refuses it.
    ///
    /// # Platform notes
    ///
    /// On macOS readers look by themselves: no call, and 0.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/futex.2.html)
    #[doc(alias = "futex")]
    pub fn notify(&self) -> Result<usize, Error> {
        sys::wake(self.slots.words().futex()).map_err(because(Operation::Notify))
    }

    /// Gives the last value stored.
    #[must_use]
    pub fn load(&self) -> T {
        let mut value = MaybeUninit::uninit();
        Source::copy(&self.slots, self.last & self.slots.mask(), &mut value);
        // SAFETY: every byte has been written, and any bit pattern is a `T`, which is `Pod`.
        unsafe { value.assume_init() }
    }

    /// Gives the number of the last value stored: 1 for the first.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.last
    }

    /// Copies the last value stored to where the caller wants it: as [`Writer::load`], for large ones.
    pub fn load_into(&self, value: &mut T) {
        let value: *mut T = value;
        // SAFETY: it is borrowed exclusively, and what is written there are bytes that have a value, of which any are a `T`,
        // which is `Pod`.
        let value = unsafe { &mut *value.cast::<MaybeUninit<T>>() };
        Source::copy(&self.slots, self.last & self.slots.mask(), value);
    }

    /// Removes the name in [`Directory::DEFAULT`](crate::Directory::DEFAULT) if it is this snapshot's, and says whether it
    /// was: [`Options::unlink_writer`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::unlink_writer`].
    #[doc(alias = "shm_unlink")]
    pub fn unlink(&self, name: &Name) -> Result<bool, Error> {
        Options::new().unlink_writer(name, self)
    }

    /// Tells all readers that no value will follow, and wakes them. One `futex`, and the `munmap` of a drop.
    ///
    /// The object keeps its last value, and its name unless that is [unlinked](Writer::unlink) before, but nobody can take
    /// it over any more; another can be put in its place by [`Writer::replace`].
    ///
    /// # Errors
    ///
    /// As [`Writer::notify`]; it is retired even so.
    pub fn retire(self) -> Result<(), Error> {
        self.slots.words().retire();
        self.notify().map(|_| ())
    }

    pub(super) fn new(
        mapping: Mapping<ReadWrite>,
        (last, status): (u64, Status),
    ) -> Result<Self, SnapshotError> {
        Ok(Self {
            slots: Slots::new(mapping)?,
            last,
            identity: status.identity(),
        })
    }
}

impl Options<'_> {
    /// Removes the name if it is this writer's snapshot's, and says whether it was.
    ///
    /// A `newfstatat`, and an `unlinkat` if the name denotes the object. Between the two a peer may replace the object,
    /// whose name is then removed: Linux has no call that does both.
    ///
    /// # Errors
    ///
    /// As [`Options::unlink_object`].
    ///
    /// # Platform notes
    ///
    /// macOS cannot tell one object from another: whatever has the name is unlinked.
    #[doc(alias = "shm_unlink")]
    pub fn unlink_writer<T: Layout>(self, name: &Name, writer: &Writer<T>) -> Result<bool, Error> {
        unlink_if_is(self.dir(), name, writer.identity).map_err(because(Operation::Unlink))
    }
}

impl<T> fmt::Debug for Writer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.slots).finish()
    }
}
