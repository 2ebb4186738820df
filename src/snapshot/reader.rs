//! The reading side of a snapshot.

use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::Ordering;

use rustix::fd::AsFd as _;

use super::error::{Overrun, SnapshotError};
use super::header::LEN;
use super::layout::Layout;
use super::seqlock::{self, Source as _};
use super::slots::Slots;
use crate::Rights;
use crate::error::{Error, Operation, because};
use crate::sys::{self, DirWatch};
use crate::{Deadline, Errno, Extent, Mapping, Name, Object, Options, ReadOnly, Status};

/// How often a load is tried again when the writer has come round meanwhile.
const ATTEMPTS: u32 = 1000;

/// How often a sleep may end without a new value before the clock is asked each time.
const EARLY: u32 = 16;

/// Loads the values of a snapshot: a read-only mapping, and nothing else.
///
/// Any number of readers in any number of processes may do this. None needs the right to write, and none can disturb the
/// writer, or what others load. It lives on when the writer ends, and when the next one takes over.
///
/// What a hostile one can do is keep others asleep: Linux lets whoever may read a word move those who sleep on it to
/// another (`FUTEX_REQUEUE`), where the writer does not wake them. Where readers are not trusted, sleep with a deadline;
/// whatever it ends with, the value that is there is loaded.
///
/// # Examples
///
/// ```
/// use rawshm::snapshot::{Reader, Writer};
/// use rawshm::{Deadline, Name};
///
/// let name = Name::new(&format!("/rawshm-doc-reader-{}", std::process::id()))?;
/// let mut writer = Writer::create(&name, 2, &[100_i64, 876, 8021])?;
///
/// let mut reader = Reader::<[i64; 3]>::open(&name)?;
/// assert_eq!(reader.load()?, [100, 876, 8021]);
/// assert_eq!(reader.next(Deadline::NEVER)?, Some([100, 876, 8021]));
///
/// writer.store(&[1, 2, 3]);
/// assert_eq!(reader.next(Deadline::NEVER)?, Some([1, 2, 3]));
/// rawshm::unlink(&name)?;
/// # Ok::<(), rawshm::snapshot::SnapshotError>(())
/// ```
pub struct Reader<T> {
    slots: Slots<T, ReadOnly>,
    /// The number of the last value that `next` has given.
    given: Option<u64>,
}

impl<T: Layout> Reader<T> {
    /// Opens a snapshot: [`Options::open_reader`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::open_reader`].
    pub fn open(name: &Name) -> Result<Self, SnapshotError> {
        Options::new().open_reader(name)
    }

    /// Opens a snapshot as soon as there is one: [`Options::wait_for_reader`] without any option set.
    ///
    /// # Errors
    ///
    /// As [`Options::wait_for_reader`].
    pub fn wait_for(name: &Name, deadline: Deadline) -> Result<Option<Self>, SnapshotError> {
        Options::new().wait_for_reader(name, deadline)
    }

    /// Reads the snapshot in an object: one `fstat` and one `mmap`.
    ///
    /// For who keeps the object too, to ask [`Object::writer_alive`] or [`Object::is_unlinked`].
    ///
    /// # Errors
    ///
    /// As [`Options::open_reader`], but for what opening gives.
    pub fn of<R: Rights>(object: &Object<R>) -> Result<Self, SnapshotError> {
        Self::within(object, object.status()?)
    }

    fn within<R: Rights>(object: &Object<R>, status: Status) -> Result<Self, SnapshotError> {
        let mapping = map_whole(object, status)?;
        Ok(Self {
            slots: Slots::new(mapping)?,
            given: None,
        })
    }

    /// Gives the last value that was stored whole.
    ///
    /// It makes no system call and waits for nobody, not even for a writer that ended in the middle of a store. If the
    /// writer stores as many values as there are slots while one is copied, it copies again. When the snapshot is retired,
    /// this goes on giving the last value: [`Reader::is_retired`] tells, without a call either.
    ///
    /// # Errors
    ///
    /// [`Overrun`] if that happens a thousand times in a row.
    #[inline]
    pub fn load(&self) -> Result<T, Overrun> {
        self.load_with_sequence().map(|(_, value)| value)
    }

    /// Gives the last value that was stored whole, and its number: 1 for the one that the snapshot was created with, and
    /// one more for each that followed. As [`Reader::load`].
    ///
    /// # Errors
    ///
    /// As [`Reader::load`].
    #[inline]
    pub fn load_with_sequence(&self) -> Result<(u64, T), Overrun> {
        // One loop, and no call for what is rare: so the value stays in registers.
        for _ in 0..ATTEMPTS {
            if let Some(loaded) = self.try_load() {
                return Ok(loaded);
            }
            core::hint::spin_loop();
        }
        Err(Overrun)
    }

    /// Copies the last value that was stored whole to where the caller wants it, and gives its number: as
    /// [`Reader::load`], for values that are too large to be moved around.
    ///
    /// # Errors
    ///
    /// As [`Reader::load`]. What is there then is parts of several values.
    #[inline]
    pub fn load_into(&self, value: &mut T) -> Result<u64, Overrun> {
        let value: *mut T = value;
        // SAFETY: it is borrowed exclusively; what `seqlock::load` writes there are bytes that have a value, of which any are
        // a `T`, which is `Pod`.
        let value = unsafe { &mut *value.cast::<MaybeUninit<T>>() };
        for _ in 0..ATTEMPTS {
            if let Some(sequence) = seqlock::load(&self.slots, self.slots.mask(), value) {
                return Ok(sequence);
            }
            core::hint::spin_loop();
        }
        Err(Overrun)
    }

    /// Nothing if the writer has come round meanwhile.
    #[inline]
    fn try_load(&self) -> Option<(u64, T)> {
        let mut value = MaybeUninit::uninit();
        let sequence = seqlock::load(&self.slots, self.slots.mask(), &mut value)?;
        // SAFETY: every byte has been written, and any bit pattern is a `T`, which is `Pod`.
        Some((sequence, unsafe { value.assume_init() }))
    }

    /// Gives a value that this has not given before, sleeping until there is one or the deadline has passed, which is
    /// `None`. The first call gives the value that is there; values that were stored in between are left out.
    ///
    /// It sleeps until the writer calls [`Writer::notify`](super::Writer::notify); a value that is there already is given
    /// at once, without a call. On Linux, one `futex` for each sleep, also with a deadline.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Retired`] if there is no such value and none will follow. As [`Reader::load`] and
    /// [`Reader::wait`].
    ///
    /// # Platform notes
    ///
    /// On macOS, instead of sleeping until it is woken, it looks every millisecond.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/futex.2.html)
    #[doc(alias = "futex")]
    pub fn next(&mut self, deadline: Deadline) -> Result<Option<T>, SnapshotError> {
        loop {
            let (sequence, value) = self.load_with_sequence()?;
            if self.given != Some(sequence) {
                self.given = Some(sequence);
                return Ok(Some(value));
            }
            if !self.wait(sequence, deadline)? {
                return Ok(None);
            }
        }
    }

    /// Sleeps until there is another value than the one with this number, and says whether there is: `false` if the
    /// deadline has passed. The calls of [`Reader::next`].
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Retired`] if there is none and none will follow. [`SnapshotError::System`] with
    /// [`Operation::Wait`]: `EFAULT` – the object was shrunk; `ENOSYS` – a filter refuses `futex`.
    #[doc(alias = "futex")]
    pub fn wait(&self, sequence: u64, deadline: Deadline) -> Result<bool, SnapshotError> {
        let failed = because(Operation::Wait);
        let word = self.slots.words().futex();
        let mut rounds: u32 = 0;
        loop {
            let seen = word.load(Ordering::Relaxed);
            self.slots.acquire();
            if self.slots.sequence() != Some(sequence) {
                return Ok(true);
            }
            if self.slots.words().is_retired() {
                return Err(SnapshotError::Retired);
            }
            // The kernel looks at the clock only when it puts this to sleep, and a peer that changes the word all the
            // time would not let it.
            if rounds > EARLY && deadline.has_passed()? {
                return Ok(false);
            }
            rounds = rounds.saturating_add(1);
            if !sys::wait(word, seen, deadline.until()).map_err(failed)? {
                return Ok(self.slots.sequence() != Some(sequence));
            }
        }
    }

    /// Says whether the writer has retired this object: no value will follow the last one. Makes no system call.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.slots.words().is_retired()
    }
}

/// The whole of an object that has a header at least.
pub(super) fn map_whole<R: Rights, Q: Rights>(
    object: &Object<R>,
    status: Status,
) -> Result<Mapping<Q>, SnapshotError> {
    let size = status.size();
    if size < LEN {
        return Err(SnapshotError::ObjectSize {
            found: size,
            expected: LEN,
        });
    }
    let part = Extent::Whole
        .within(size)
        .map_err(because(Operation::Map))?;
    Ok(Mapping::new(object.as_fd(), part)?)
}

impl Options<'_> {
    /// Opens a snapshot of values of this type.
    ///
    /// On Linux, `openat`, `fstat`, `mmap` and `close`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::System`] as [`Options::open_mapping`]; else what was found instead of such a snapshot.
    pub fn open_reader<T: Layout>(self, name: &Name) -> Result<Reader<T>, SnapshotError> {
        let (object, status) = self.open_with_status(name)?;
        Reader::within(&object, status)
    }

    /// Opens a snapshot as soon as there is one; gives `None` if the deadline passes before. One that is retired does not
    /// count: so a reader whose own is waits for the next.
    ///
    /// The calls of [`Options::open_reader`]; if there is no such object `inotify_init1`, `inotify_add_watch` and the
    /// first again, then `ppoll`, `read` and the first again for each name that appears in the directory, with
    /// `clock_gettime` if there is a deadline. The kernel wakes it; where it has no watch left (`EMFILE`), or the
    /// directory is another one and `/proc` is not mounted, it looks every 10 ms.
    ///
    /// # Errors
    ///
    /// As [`Options::open_reader`], but for a missing object.
    ///
    /// # Platform notes
    ///
    /// On macOS it looks every millisecond, and may find an object that is not complete yet, which is an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use rawshm::snapshot::Reader;
    /// use rawshm::{Deadline, Name};
    ///
    /// let name = Name::new("/nobody-will-make-this")?;
    /// let soon = Deadline::after(Duration::from_millis(10))?;
    /// assert!(Reader::<u64>::wait_for(&name, soon)?.is_none());
    /// # Ok::<(), rawshm::snapshot::SnapshotError>(())
    /// ```
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man7/inotify.7.html)
    #[doc(alias = "inotify")]
    pub fn wait_for_reader<T: Layout>(
        self,
        name: &Name,
        deadline: Deadline,
    ) -> Result<Option<Reader<T>>, SnapshotError> {
        if let Some(reader) = self.reader_if_there(name)? {
            return Ok(Some(reader));
        }
        let watch = DirWatch::of(self.dir());
        loop {
            // What has appeared before the watch began is there.
            if let Some(reader) = self.reader_if_there(name)? {
                return Ok(Some(reader));
            }
            let failed = because(Operation::Wait);
            if !watch.wait(deadline.until()).map_err(failed)? {
                return Ok(None);
            }
        }
    }

    /// One that is retired is about to lose its name, or its place.
    fn reader_if_there<T: Layout>(self, name: &Name) -> Result<Option<Reader<T>>, SnapshotError> {
        match self.open_reader::<T>(name) {
            Ok(reader) if reader.is_retired() => Ok(None),
            Err(SnapshotError::System(error)) if is_missing(error) => Ok(None),
            opened => opened.map(Some),
        }
    }
}

fn is_missing(error: Error) -> bool {
    error == Error::new(Operation::Open, Errno::NOENT)
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.slots).finish()
    }
}
