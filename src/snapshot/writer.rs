//! The writing side of a snapshot.

use core::fmt;
use core::mem::MaybeUninit;

use rustix::fd::AsFd as _;

use super::layout::Layout;
use super::seqlock::{self, Source, Stamp, Target as _};
use super::slots::Slots;
use crate::error::{Operation, because};
use crate::object::{is_same, unlink_if_same};
use crate::{Error, Name, Object, Options, ReadWrite};

/// The only writer of a snapshot.
///
/// It has [claimed](crate::Object::claim) the object, and keeps a descriptor of it, for as long as
/// it exists. Dropping it makes one `munmap` and one `close`. The object then stays, with its last
/// value, for the next writer.
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
/// // The end: readers learn that no value will follow, and the name goes.
/// assert!(writer.finish(&name)?);
/// # Ok::<(), rawshm::snapshot::Error>(())
/// ```
pub struct Writer<T: Layout> {
    slots: Slots<T, ReadWrite>,
    /// The stamp of the last value stored.
    last: Stamp,
    /// Has the claim, and keeps it for as long as it exists.
    object: Object<ReadWrite>,
}

impl<T: Layout> Writer<T> {
    pub(super) fn new(slots: Slots<T, ReadWrite>, last: Stamp, object: Object<ReadWrite>) -> Self {
        Self {
            slots,
            last,
            object,
        }
    }

    /// Stores a value, which from then on is the one that readers load.
    ///
    /// Makes no system call, and does not wake readers: see [`Writer::notify`].
    #[inline]
    pub fn store(&mut self, value: &T) {
        self.last = seqlock::store(&self.slots, self.last, value);
    }

    /// Wakes all readers that sleep until there is another value, and returns how many they were.
    /// One `futex`.
    ///
    /// It is separate from [`Writer::store`] for a writer that stores more often than readers need
    /// to be woken, or whose readers never sleep: it costs a system call also then, see [waking and
    /// polling](super#waking-and-polling).
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
            .last_word()
            .wake()
            .map_err(because(Operation::Notify))
    }

    /// Returns the last value stored.
    #[must_use]
    pub fn load(&self) -> T {
        let mut value = MaybeUninit::uninit();
        Source::copy(&self.slots, self.last.number(), &mut value);
        // SAFETY: every byte has been written, and any bit pattern is a `T`, which is `Pod`.
        unsafe { value.assume_init() }
    }

    /// Copies the last value stored into `value`, for values that are too large for the stack.
    pub fn load_into(&self, value: &mut T) {
        let value: *mut T = value;
        // SAFETY: it is borrowed exclusively, and only initialised bytes are written to it, of
        // which any are a `T`, which is `Pod`.
        let value = unsafe { &mut *value.cast::<MaybeUninit<T>>() };
        Source::copy(&self.slots, self.last.number(), value);
    }

    /// Returns the number of the last value stored: 1 for the value that the snapshot was created
    /// with, and one more for each that followed.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.last.number()
    }

    /// Returns whether the name in [`Directory::DEFAULT`](crate::Directory::DEFAULT) is this
    /// snapshot's. An `fstat` and a `newfstatat`.
    ///
    /// If it is not, another process has removed or replaced it (`rm`, a session manager that
    /// cleans up): readers can no longer open this snapshot, and another writer may create one
    /// beside it.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: whatever a filter or another kind of file system returns. A
    /// name that is missing is not an error.
    ///
    /// # Platform notes
    ///
    /// macOS cannot tell one object from another: always true.
    pub fn has_name(&self, name: &Name) -> Result<bool, Error> {
        self.has_name_with(&Options::new(), name)
    }

    /// Returns what [`Writer::has_name`] does, for the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`Writer::has_name`].
    pub fn has_name_with(&self, options: &Options<'_>, name: &Name) -> Result<bool, Error> {
        is_same(options.dir(), name, self.object.as_fd()).map_err(because(Operation::Inspect))
    }

    /// Ends the snapshot: tells all readers that no value will follow, wakes them, and removes the
    /// name in [`Directory::DEFAULT`](crate::Directory::DEFAULT). Returns whether the name was this
    /// snapshot's.
    ///
    /// The removal of the name is the point of no return. If it fails, the snapshot is as it was
    /// before, with its name and its last value, but without a writer: see [the end of a
    /// snapshot](super#the-end-of-a-snapshot). If the process is killed before it, the snapshot is
    /// retired and has its name: the next [`open_or_create`](Writer::open_or_create),
    /// [`replace`](Writer::replace) or [`reap`](super::reap) completes what was interrupted.
    ///
    /// On Linux, `futex`, `fstat`, `newfstatat`, `unlinkat`, `munmap` and `close`. Between the
    /// third and the fourth a peer may replace the object, whose name is then removed: Linux has no
    /// call that does both.
    ///
    /// After a plain [`unlink`](crate::unlink), a guard or `rm`, readers that sleep would sleep
    /// forever.
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
    pub fn finish(self, name: &Name) -> Result<bool, Error> {
        self.finish_with(&Options::new(), name)
    }

    /// Ends the snapshot as [`Writer::finish`] does, in the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`Writer::finish`].
    #[doc(alias = "shm_unlink")]
    pub fn finish_with(self, options: &Options<'_>, name: &Name) -> Result<bool, Error> {
        self.publish(self.last.marked());
        unlink_if_same(options.dir(), name, self.object.as_fd()).map_err(|errno| {
            self.publish(self.last);
            because(Operation::Unlink)(errno)
        })
    }

    /// Tells all readers that no value will follow, and wakes them. The object keeps its name. One
    /// `futex`, and the `munmap` and `close` of a drop.
    ///
    /// Readers can still open it for its last value. It cannot be taken over any more:
    /// [`Writer::open_or_create`] and [`Writer::replace`] put another in its place, and
    /// [`reap`](super::reap) removes it.
    ///
    /// It cannot fail: a `futex` that a filter refuses leaves sleeping readers asleep until their
    /// deadline, or until the next writer wakes them.
    pub fn retire(self) {
        self.publish(self.last.marked());
    }

    /// Stores the stamp in the header and wakes the readers, if they can be woken.
    pub(super) fn publish(&self, stamp: Stamp) {
        self.slots.publish(stamp);
        let _ = self.slots.last_word().wake();
    }
}

impl<T: Layout> fmt::Debug for Writer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.slots).finish()
    }
}
