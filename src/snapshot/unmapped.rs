//! A reader that maps nothing, so that nothing that a peer does to the object ends the process.
//!
//! It reads through the descriptor, by the algorithm of `bytewise.rs`. Fences order the reads: the
//! kernel copies on the processor of the caller, and what moves the caller to another one has
//! fences, too.

use core::fmt;
use core::marker::PhantomData;
use core::slice::from_mut;
use core::sync::atomic::{Ordering, fence};

use bytemuck::Pod;

use super::bytewise::{self, Source};
use super::error::{Error, Overrun};
use super::header::{Header, LAST_IN_OBJECT, LEN, Shape};
use super::layout::Layout;
use super::reader::ATTEMPTS;
use super::seqlock::Stamp;
use crate::{Name, Object, Options, ReadError, ReadOnly, Status};

/// Loads the values of a snapshot through its descriptor, without a mapping.
///
/// For a reader that must outlive whatever happens to the object. If a peer shrinks it, or there is
/// no memory for a page of it, a load of a [`Reader`](super::Reader) is a `SIGBUS`, which ends the
/// process. Here, that is an error or a page of zeros. In return a load takes about 1 µs, and it
/// cannot sleep until the next value: a program polls, or has a `Reader` sleep in another process.
///
/// It sees the same values as a `Reader`: whole ones, and none before one that it has returned. But
/// if a peer has cut off a part of a value, and made the object larger again, that part is zeros.
/// Dropping it makes one `close`.
///
/// # Examples
///
/// ```
/// use rawshm::Name;
/// use rawshm::snapshot::{UnmappedReader, Writer};
///
/// # if cfg!(target_os = "macos") {
/// #     return Ok(()); // Its objects cannot be read.
/// # }
/// let name = Name::new(&format!("/rawshm-doc-unmapped-{}", std::process::id()))?;
/// let mut writer = Writer::create(&name, 4, &[100_i64, 876, 8021])?;
///
/// let mut reader = UnmappedReader::<[i64; 3]>::open(&name)?;
/// writer.store(&[101, 876, 8021]);
/// assert_eq!(reader.load_with_sequence()?, (2, [101, 876, 8021]));
/// writer.finish(&name)?;
/// assert!(reader.is_retired()?);
/// # Ok::<(), rawshm::snapshot::Error>(())
/// ```
pub struct UnmappedReader<T: Layout> {
    object: Object<ReadOnly>,
    /// What its header says, which has been checked.
    shape: Shape,
    /// The stamp of the last value that was loaded.
    known: Stamp,
    values: PhantomData<fn() -> T>,
}

impl<T: Layout> UnmappedReader<T> {
    /// Opens a snapshot of values of this type.
    ///
    /// On Linux, `openat`, `fstat` and `pread64`.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::open`](super::Reader::open), and of [`UnmappedReader::of`].
    pub fn open(name: &Name) -> Result<Self, Error> {
        Self::open_with(&Options::new(), name)
    }

    /// Opens a snapshot as [`UnmappedReader::open`] does, in the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`UnmappedReader::open`].
    pub fn open_with(options: &Options<'_>, name: &Name) -> Result<Self, Error> {
        let (object, status) = options.open_with_status(name)?;
        Self::within(object, status)
    }

    /// Reads the snapshot in an object. One `fstat` and one `pread64`.
    ///
    /// # Errors
    ///
    /// What was found instead of a snapshot of values of this type. [`Error::System`] as
    /// [`Object::status`] and [`Object::read_at`].
    ///
    /// # Platform notes
    ///
    /// The objects of macOS cannot be read: `ENOTSUP`.
    pub fn of(object: Object<ReadOnly>) -> Result<Self, Error> {
        let status = object.status()?;
        Self::within(object, status)
    }

    fn within(object: Object<ReadOnly>, status: Status) -> Result<Self, Error> {
        let header = object.read_at::<Header>(0).map_err(ends_before(LEN))?;
        Ok(Self {
            shape: header.check::<T>(status.size())?,
            object,
            known: Stamp::NONE,
            values: PhantomData,
        })
    }

    /// Returns the object, for [`Object::writer_alive`], [`Object::is_unlinked`] and the like.
    #[must_use]
    pub const fn object(&self) -> &Object<ReadOnly> {
        &self.object
    }

    /// Returns the last value that was stored whole, but none before one that this has returned.
    ///
    /// Four `pread64`; one more if the number has passed a multiple of 128 since the last load, two
    /// more if one of 32,768, and so on; and again as many whenever the writer has reached the slot
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// - [`Error::Overrun`] – the writer was faster, a thousand times in a row; or a peer has
    ///   damaged the header or the slot.
    /// - [`Error::ObjectSize`] – the object was shrunk: `found` is the most that it had.
    /// - [`Error::System`] as [`Object::read_at`].
    pub fn load(&mut self) -> Result<T, Error> {
        self.load_with_sequence().map(|(_, value)| value)
    }

    /// Returns the last value as [`UnmappedReader::load`] does, and its number: 1 for the value
    /// that the snapshot was created with, and one more for each that followed.
    ///
    /// # Errors
    ///
    /// Those of [`UnmappedReader::load`].
    pub fn load_with_sequence(&mut self) -> Result<(u64, T), Error> {
        let mut value = T::zeroed();
        let number = self.load_into(&mut value)?;
        Ok((number, value))
    }

    /// Copies the last value into `value`, as [`UnmappedReader::load`] loads it, and returns its
    /// number. For values that are too large for the stack.
    ///
    /// # Errors
    ///
    /// Those of [`UnmappedReader::load`]. Then `value` holds parts of several values.
    pub fn load_into(&mut self, value: &mut T) -> Result<u64, Error> {
        let mut known = self.known;
        for _ in 0..ATTEMPTS {
            let (stamp, is_loaded) = bytewise::load(self, known, value)?;
            known = stamp;
            if is_loaded {
                // Not before: a peer may have put a number into the header that never is reached.
                self.known = known;
                return Ok(known.number());
            }
        }
        Err(Overrun.into())
    }

    /// Returns whether the writer has retired this snapshot: no value will follow the last one. One
    /// `pread64`.
    ///
    /// # Errors
    ///
    /// Those of [`UnmappedReader::load`], except [`Error::Overrun`].
    pub fn is_retired(&self) -> Result<bool, Error> {
        self.last().map(Stamp::is_marked)
    }

    /// Reads a value, before whatever is read after it.
    fn read<V: Pod>(&self, offset: u64, value: &mut V) -> Result<(), Error> {
        let read = self.object.read_into(offset, from_mut(value));
        fence(Ordering::Acquire);
        read.map_err(ends_before(self.shape.size))
    }

    fn read_stamp(&self, offset: u64) -> Result<Stamp, Error> {
        let mut bits = 0;
        self.read(offset, &mut bits)?;
        Ok(Stamp::from_bits(bits))
    }
}

impl<T: Layout> Source for UnmappedReader<T> {
    type Value = T;
    type Error = Error;

    fn last(&self) -> Result<Stamp, Error> {
        self.read_stamp(LAST_IN_OBJECT)
    }

    fn stamp(&self, number: u64) -> Result<Stamp, Error> {
        self.read_stamp(self.shape.slot::<T>(number))
    }

    fn copy(&self, number: u64, into: &mut T) -> Result<(), Error> {
        self.read(self.shape.value::<T>(number), into)
    }
}

/// For `map_err`: the object has less than this number of bytes.
fn ends_before(expected: u64) -> impl Fn(ReadError) -> Error {
    move |error| match error {
        ReadError::System(error) => error.into(),
        ReadError::End { offset, read, .. } => Error::ObjectSize {
            found: u64::try_from(read).map_or(u64::MAX, |read| offset.saturating_add(read)),
            expected,
        },
    }
}

impl<T: Layout> fmt::Debug for UnmappedReader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UnmappedReader").field(&self.object).finish()
    }
}
