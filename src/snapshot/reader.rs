//! The reading side of a snapshot.

use core::fmt;
use core::mem::MaybeUninit;
use core::time::Duration;

use super::deadline::Deadline;
use super::error::{Error, MISSING, Overrun};
use super::layout::Layout;
use super::seqlock::{self, Look, Source as _, Stamp};
use super::slots::Slots;
use crate::error::{Operation, because};
use crate::object::denotes;
use crate::sys::{self, DirWatch, Identity};
use crate::{Errno, Name, Object, Options, ReadOnly, Rights, Status};

/// How often a load is tried again when the writer has reached its slot again.
pub(super) const ATTEMPTS: u32 = 1000;

/// How often a sleep may end without a new value before the clock is read each time.
const EARLY: u32 = 16;

/// How often to look for a name by itself, in case no event tells that it appeared: another file
/// system may be mounted over the directory, or one that has no events.
const LOOK: Duration = Duration::from_secs(1);

/// Loads the values of a snapshot: a read-only mapping, and nothing else.
///
/// Any number of readers in any number of processes may do this. None needs the right to write, and
/// none can disturb the writer or what others load. A reader lives on when the writer ends, and
/// when the next one takes over. Dropping it makes one `munmap`.
///
/// # Examples
///
/// ```
/// use rawshm::Name;
/// use rawshm::snapshot::{Deadline, Reader, Writer};
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
/// # Ok::<(), rawshm::snapshot::Error>(())
/// ```
pub struct Reader<T: Layout> {
    slots: Slots<T, ReadOnly>,
    /// Which object it is: no other has its identity while it is mapped.
    identity: Identity,
    /// The stamp of the last value that `next` has returned, or `NONE`.
    returned: Stamp,
    /// How often to look for a new value before sleeping.
    spins: u32,
}

impl<T: Layout> Reader<T> {
    /// Opens a snapshot of values of this type.
    ///
    /// On Linux, `openat`, `fstat`, `mmap` and `close`.
    ///
    /// # Errors
    ///
    /// What was found instead of such a snapshot. [`Error::System`] with [`Operation::Open`],
    /// unless another operation is named:
    ///
    /// - `ENOENT` – there is no such name: see [`Reader::wait_for`].
    /// - `EACCES` – the object's mode does not permit reading.
    /// - `ENOENT` with [`Operation::Directory`] – the directory does not exist.
    /// - `EINVAL` – the name is not a shared memory object's.
    /// - The others of [`Options::open`] and [`Object::map`].
    pub fn open(name: &Name) -> Result<Self, Error> {
        Self::open_with(&Options::new(), name)
    }

    /// Opens a snapshot as [`Reader::open`] does, in the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::open`].
    pub fn open_with(options: &Options<'_>, name: &Name) -> Result<Self, Error> {
        let (object, status) = options.open_with_status(name)?;
        Self::map(&object, status)
    }

    /// Reads the snapshot in an object. One `fstat` and one `mmap`.
    ///
    /// For a caller that keeps the object, too, and asks it for [`Object::writer_alive`] or
    /// [`Object::is_unlinked`].
    ///
    /// # Errors
    ///
    /// What was found instead of a snapshot of values of this type. [`Error::System`] as
    /// [`Object::map`].
    pub fn of<R: Rights>(object: &Object<R>) -> Result<Self, Error> {
        Self::map(object, object.status()?)
    }

    fn map<R: Rights>(object: &Object<R>, status: Status) -> Result<Self, Error> {
        Ok(Self {
            slots: Slots::map(object, status)?,
            identity: status.identity(),
            returned: Stamp::NONE,
            spins: 0,
        })
    }

    /// Waits until there is a snapshot, and opens it; `None` if the deadline passes first.
    ///
    /// A retired snapshot does not count: so a reader whose snapshot is retired waits for the next
    /// one.
    ///
    /// An object of 0 bytes, which its creator is about to size, does not count either. A snapshot
    /// that exists for less time than it takes to wake this process is missed.
    ///
    /// On Linux, the calls of [`Reader::open`]. If there is no snapshot, `inotify_init1`,
    /// `inotify_add_watch` and the first again. Then, for each name that appears in the directory,
    /// `ppoll`, `read` and the first again. A second without such a name ends a `ppoll`, too, so
    /// that a snapshot is found on a file system that was mounted over the directory meanwhile, or
    /// that reports nothing. With a deadline, `clock_gettime` before each look but the first, and
    /// one look after the deadline. Where inotify cannot be had (`EMFILE`, also if it takes the
    /// last descriptor; or another directory and no `/proc`), this polls every 10 ms.
    ///
    /// With [`Deadline::NEVER`] it waits for as long as there is no snapshot.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::open`], except for a missing name.
    ///
    /// # Platform notes
    ///
    /// macOS has nothing to sleep on: this polls every millisecond, and may find an object that is
    /// not complete yet, which is an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use rawshm::Name;
    /// use rawshm::snapshot::{Deadline, Reader};
    ///
    /// let name = Name::new("/nobody-will-make-this")?;
    /// let soon = Deadline::after(Duration::from_millis(10))?;
    /// assert!(Reader::<u64>::wait_for(&name, soon)?.is_none());
    /// # Ok::<(), rawshm::snapshot::Error>(())
    /// ```
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man7/inotify.7.html)
    #[doc(alias = "inotify")]
    pub fn wait_for(name: &Name, deadline: Deadline) -> Result<Option<Self>, Error> {
        Self::wait_for_with(&Options::new(), name, deadline)
    }

    /// Waits for a snapshot as [`Reader::wait_for`] does, in the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::wait_for`].
    #[doc(alias = "inotify")]
    pub fn wait_for_with(
        options: &Options<'_>,
        name: &Name,
        deadline: Deadline,
    ) -> Result<Option<Self>, Error> {
        if let Some(reader) = Self::open_if_current_with(options, name)? {
            return Ok(Some(reader));
        }
        let mut watch = DirWatch::of(options.dir());
        loop {
            // The clock is read before the look, so that a name that appeared before the deadline
            // is found. So is one that appeared before the watch began.
            let left = deadline.left()?;
            match Self::open_if_current_with(options, name) {
                Err(Error::System(error)) if error.errno() == Errno::MFILE => {
                    // The watch may have taken the last descriptor.
                    if watch.end() {
                        continue;
                    }
                    return Err(error.into());
                }
                Ok(None) => {}
                found => return found,
            }
            let time = match left {
                None => LOOK,
                Some(Duration::ZERO) => return Ok(None),
                Some(left) => left.min(LOOK),
            };
            watch.wait(time).map_err(because(Operation::Wait))?;
        }
    }

    /// Opens the snapshot that has a name now; `None` if the name is missing, or if it is that of a
    /// retired snapshot, or of an object of 0 bytes, which its creator is about to size.
    ///
    /// For a reader whose snapshot is retired, or no longer [current](Reader::is_current), and that
    /// does not wait for the next one. The calls of [`Reader::open`].
    ///
    /// # Errors
    ///
    /// Those of [`Reader::open`], except for a missing name.
    pub fn open_if_current(name: &Name) -> Result<Option<Self>, Error> {
        Self::open_if_current_with(&Options::new(), name)
    }

    /// Opens a snapshot as [`Reader::open_if_current`] does, in the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::open_if_current`].
    pub fn open_if_current_with(options: &Options<'_>, name: &Name) -> Result<Option<Self>, Error> {
        match Self::open_with(options, name) {
            Ok(reader) if reader.is_retired() => Ok(None),
            Err(Error::System(MISSING) | Error::ObjectSize { found: 0, .. }) => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Returns whether the name in [`Directory::DEFAULT`](crate::Directory::DEFAULT) is this
    /// snapshot's. One `newfstatat`.
    ///
    /// If it is not, the snapshot was removed or replaced by a process that did not retire it, such
    /// as `rm`: its writer may still store values, but another snapshot may have the name.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: whatever a filter or another kind of file system returns. A
    /// name that is missing is not an error.
    ///
    /// # Platform notes
    ///
    /// macOS cannot tell one object from another: always true.
    pub fn is_current(&self, name: &Name) -> Result<bool, crate::Error> {
        self.is_current_with(&Options::new(), name)
    }

    /// Returns what [`Reader::is_current`] does, for the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::is_current`].
    pub fn is_current_with(
        &self,
        options: &Options<'_>,
        name: &Name,
    ) -> Result<bool, crate::Error> {
        denotes(options.dir(), name, self.identity).map_err(because(Operation::Inspect))
    }

    /// Returns the last value that was stored whole, but none before one that [`Reader::next`] has
    /// returned.
    ///
    /// It makes no system call and never waits for a writer, not even for one that ended in the
    /// middle of a store. It copies again if the writer reaches the same slot meanwhile: see [how
    /// many slots to take](super#how-many-slots). When the snapshot is retired, this goes on
    /// returning the last value; [`Reader::is_retired`] tells, without a call either.
    ///
    /// # Errors
    ///
    /// [`Overrun`] if the writer reached that slot a thousand times in a row.
    #[inline]
    pub fn load(&self) -> Result<T, Overrun> {
        self.load_with_sequence().map(|(_, value)| value)
    }

    /// Returns the last value that was stored whole, as [`Reader::load`] does, and its number: 1
    /// for the value that the snapshot was created with, and one more for each that followed.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::load`].
    #[inline]
    pub fn load_with_sequence(&self) -> Result<(u64, T), Overrun> {
        let first = |into: &mut _| seqlock::load(&self.slots, self.returned, into);
        let (stamp, value) = self.on_the_stack(self.returned, first)?;
        Ok((stamp.number(), value))
    }

    /// Copies the last value that was stored whole into `value`, as [`Reader::load`] loads it, and
    /// returns its number. For values that are too large for the stack.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::load`]. Then `value` holds parts of several values.
    #[inline]
    pub fn load_into(&self, value: &mut T) -> Result<u64, Overrun> {
        let first = |into: &mut _| seqlock::load(&self.slots, self.returned, into);
        self.in_place(value, self.returned, first)
            .map(Stamp::number)
    }

    /// Copies a part of the last value, from this offset in bytes on, as [`Reader::load_into`]
    /// copies all of it, and returns the number of the value. For large values.
    ///
    /// The part is whole, but parts that are loaded one after the other may be of different values:
    /// compare their numbers.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::load`], after which `part` holds parts of several values.
    /// [`Error::System`] with [`Operation::Access`]: `EFAULT` – the value does not have that many
    /// bytes after the offset; `part` is unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::Name;
    /// use rawshm::snapshot::{Reader, Writer};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-part-{}", std::process::id()))?;
    /// let mut writer = Writer::create(&name, 2, &[0_u8; 1 << 20])?;
    /// writer.store(&[7; 1 << 20]);
    ///
    /// let mut line = [0; 640];
    /// let number = Reader::<[u8; 1 << 20]>::open(&name)?.load_part(640 * 99, &mut line)?;
    /// assert_eq!((number, line), (2, [7; 640]));
    /// writer.finish(&name)?;
    /// # Ok::<(), rawshm::snapshot::Error>(())
    /// ```
    pub fn load_part(&self, offset: usize, part: &mut [u8]) -> Result<u64, Error> {
        let source = self.slots.part(offset, part.len())?;
        let loaded = attempts(|| seqlock::load_again(&source, self.returned, part));
        Ok(loaded?.number())
    }

    /// Returns a value that it has not returned before; `None` if there is none. Never sleeps, and
    /// makes no system call.
    ///
    /// For a process that polls: while no value is stored, it accesses nothing that the writer
    /// writes but the slot of the next value. To learn of the end, ask [`Reader::is_retired`]
    /// first: if the snapshot was retired and this then returns `None`, no value will follow.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::load`].
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::Name;
    /// use rawshm::snapshot::{Reader, Writer};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-poll-{}", std::process::id()))?;
    /// let mut writer = Writer::create(&name, 2, &1_u64)?;
    /// let mut reader = Reader::<u64>::open(&name)?;
    /// assert_eq!(reader.try_next()?, Some(1));
    /// assert_eq!(reader.try_next()?, None);
    /// writer.store(&2);
    /// assert_eq!(reader.try_next()?, Some(2));
    /// writer.finish(&name)?;
    /// # Ok::<(), rawshm::snapshot::Error>(())
    /// ```
    #[inline]
    pub fn try_next(&mut self) -> Result<Option<T>, Overrun> {
        if seqlock::has_newer(&self.slots, self.returned) == Some(true) {
            self.load_next().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Copies a value that it has not returned before into `value`, as [`Reader::try_next`] returns
    /// one. For values that are too large for the stack. `false` if there is none.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::load`]. Then `value` holds parts of several values.
    #[inline]
    pub fn try_next_into(&mut self, value: &mut T) -> Result<bool, Overrun> {
        let is_there = seqlock::has_newer(&self.slots, self.returned) == Some(true);
        if is_there {
            self.load_next_into(value)?;
        }
        Ok(is_there)
    }

    /// Returns a value that it has not returned before. Sleeps until there is one; `None` if the
    /// deadline passes first.
    ///
    /// The first call returns the value that is there. Values that were stored between two calls
    /// are skipped. A value that is there already is returned without a call; else this sleeps
    /// until the writer calls [`Writer::notify`](super::Writer::notify). On Linux, one `futex` for
    /// each sleep. With a deadline, also a `clock_gettime` for each sleep after 16 that ended
    /// without a new value. [`Reader::spinning`] has it look some more before it sleeps.
    ///
    /// With [`Deadline::NEVER`], other processes can keep it asleep: see
    /// [sleeping without a deadline](super#sleeping-without-a-deadline). So can a process that
    /// removes the name without retiring the snapshot: see [`Reader::is_current`], and
    /// [`Follower`](super::Follower).
    ///
    /// # Errors
    ///
    /// [`Error::Retired`] if there is no such value and none will follow. Those of [`Reader::load`]
    /// and [`Reader::wait`].
    ///
    /// # Platform notes
    ///
    /// macOS has nothing to sleep on: this polls every millisecond.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/futex.2.html)
    #[doc(alias = "futex")]
    pub fn next(&mut self, deadline: Deadline) -> Result<Option<T>, Error> {
        if self.wait_for_new(deadline)? {
            Ok(Some(self.load_next()?))
        } else {
            Ok(None)
        }
    }

    /// Copies a value that it has not returned before into `value`, as [`Reader::next`] returns
    /// one. For values that are too large for the stack. `false` if the deadline passes first.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::next`]. After [`Error::Overrun`], `value` holds parts of several values;
    /// after the others, and after `false`, it is unchanged.
    #[doc(alias = "futex")]
    pub fn next_into(&mut self, value: &mut T, deadline: Deadline) -> Result<bool, Error> {
        let is_there = self.wait_for_new(deadline)?;
        if is_there {
            self.load_next_into(value)?;
        }
        Ok(is_there)
    }

    /// Loads the value that [`seqlock::has_newer`] has found.
    #[inline]
    fn load_next(&mut self) -> Result<T, Overrun> {
        let first = |into: &mut _| seqlock::load_next(&self.slots, self.returned, into);
        let (stamp, value) = self.on_the_stack(self.returned.next(), first)?;
        self.returned = stamp;
        Ok(value)
    }

    /// Copies the value that [`seqlock::has_newer`] has found.
    #[inline]
    fn load_next_into(&mut self, value: &mut T) -> Result<(), Overrun> {
        let first = |into: &mut _| seqlock::load_next(&self.slots, self.returned, into);
        self.returned = self.in_place(value, self.returned.next(), first)?;
        Ok(())
    }

    /// Loads a value with `first`, or else with [`seqlock::load_again`].
    #[inline]
    fn on_the_stack(
        &self,
        at_least: Stamp,
        first: impl FnOnce(&mut MaybeUninit<T>) -> Option<Stamp>,
    ) -> Result<(Stamp, T), Overrun> {
        // Made for each attempt, so that it stays in registers.
        let mut value = MaybeUninit::uninit();
        if let Some(stamp) = first(&mut value) {
            // SAFETY: every byte has been written, and any bit pattern is a `T`, which is `Pod`.
            return Ok((stamp, unsafe { value.assume_init() }));
        }
        attempts(|| {
            let mut value = MaybeUninit::uninit();
            let stamp = seqlock::load_again(&self.slots, at_least, &mut value)?;
            // SAFETY: as above.
            Some((stamp, unsafe { value.assume_init() }))
        })
    }

    /// Loads a value with `first`, or else with [`seqlock::load_again`].
    #[inline]
    fn in_place(
        &self,
        value: &mut T,
        at_least: Stamp,
        first: impl FnOnce(&mut MaybeUninit<T>) -> Option<Stamp>,
    ) -> Result<Stamp, Overrun> {
        let value: *mut T = value;
        // SAFETY: it is borrowed exclusively, and a load writes only initialised bytes to it, of
        // which any are a `T`, which is `Pod`.
        let value = unsafe { &mut *value.cast::<MaybeUninit<T>>() };
        match first(value) {
            Some(stamp) => Ok(stamp),
            None => attempts(|| seqlock::load_again(&self.slots, at_least, value)),
        }
    }

    /// Goes on after what `old` has returned, if it is a reader of the same object.
    pub(super) fn go_on_after(&mut self, old: &Self) {
        // Where objects have no identity, two cannot be told apart.
        if sys::HAS_LINKS && self.identity == old.identity {
            self.returned = old.returned;
        }
    }

    /// Sleeps until there is a value that `next` has not returned; false if the deadline passes
    /// first.
    pub(super) fn wait_for_new(&self, deadline: Deadline) -> Result<bool, Error> {
        self.wait_until(deadline, || seqlock::has_newer(&self.slots, self.returned))
    }

    /// Sleeps until [`Reader::load`] returns a value after the one with this number, and returns
    /// whether it does: `false` if the deadline passed first. The calls of [`Reader::next`].
    ///
    /// # Errors
    ///
    /// [`Error::Retired`] if there is none and none will follow. [`Error::System`] with
    /// [`Operation::Wait`]: `EFAULT` – the object was shrunk; `ENOSYS` – a filter refuses `futex`.
    #[doc(alias = "futex")]
    pub fn wait(&self, sequence: u64, deadline: Deadline) -> Result<bool, Error> {
        // A load goes by the header.
        let has_newer = || Some(self.slots.last()?.number() > sequence);
        self.wait_until(deadline, has_newer)
    }

    fn wait_until(
        &self,
        deadline: Deadline,
        has_newer: impl Fn() -> Option<bool>,
    ) -> Result<bool, Error> {
        let mut rounds: u32 = 0;
        loop {
            let look = seqlock::look(&self.slots, &has_newer);
            match look {
                Look::Newer => return Ok(true),
                Look::Retired => return Err(Error::Retired),
                Look::Sleep(_) | Look::Again => {}
            }
            if rounds == 0 {
                for _ in 0..self.spins {
                    core::hint::spin_loop();
                    if has_newer() == Some(true) {
                        return Ok(true);
                    }
                }
            }
            // The kernel checks the deadline only when it puts this process to sleep, and a peer
            // that changes the stamps all the time would prevent that.
            if rounds > EARLY && deadline.left()? == Some(Duration::ZERO) {
                return Ok(false);
            }
            rounds = rounds.saturating_add(1);
            if let Look::Sleep(last) = look {
                let sleep = self.slots.last_word().sleep(last, deadline.until());
                if !sleep.map_err(because(Operation::Wait))? {
                    return Ok(has_newer() == Some(true));
                }
            }
        }
    }

    /// Has [`Reader::next`] and [`Reader::wait`] look this number of times for a new value before
    /// they sleep. 0 unless given.
    ///
    /// It spends the processor's time to save that of a wake-up, where values follow each other
    /// within some microseconds and each process has a processor: see [waking and
    /// polling](super#waking-and-polling). It is a number, not a time, because reading the clock
    /// can be a system call. A thousand looks take 10 to 40 µs where that was measured, and are
    /// made whatever the deadline.
    #[must_use]
    pub const fn spinning(mut self, looks: u32) -> Self {
        self.spins = looks;
        self
    }

    /// Returns whether the writer has retired this snapshot: no value will follow the last one.
    /// Makes no system call.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        let is_retired = self.slots.last_word().is_marked();
        // The last value is there for what is loaded after this.
        self.slots.acquire();
        is_retired
    }
}

/// Tries to load until it succeeds.
fn attempts<V>(mut load: impl FnMut() -> Option<V>) -> Result<V, Overrun> {
    for _ in 0..ATTEMPTS {
        core::hint::spin_loop();
        if let Some(loaded) = load() {
            return Ok(loaded);
        }
    }
    Err(Overrun)
}

impl<T: Layout> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.slots).finish()
    }
}
