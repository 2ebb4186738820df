//! How a snapshot is created, taken over and replaced.

use super::error::SnapshotError;
use super::header::{FIRST, Header, Shape};
use super::layout::Layout;
use super::reader::map_whole;
use super::words::Words;
use super::writer::Writer;
use crate::Options;
use crate::complete::Draft;
use crate::error::{Error, Operation, because};
use crate::sys::{self, Existing};
use crate::{Errno, Mapping, Name, Object, Outcome, ReadWrite, Size};

impl Options<'_> {
    /// Creates a snapshot with a first value, exclusively, and claims it.
    ///
    /// The object appears under its name with the value in it, as [`Options::create_complete`] does it. `slots` is a
    /// power of two from 2 to 65,536: with two, a reader copies again if the writer stores once while it copies; each
    /// time the number doubles, twice as many. Memory is reserved: 64 bytes, and for each slot the size of a value,
    /// rounded up to a multiple of 64.
    ///
    /// The calls of [`Options::create_complete`] for [`Size::Reserved`], with those of [`Object::claim`] before the link,
    /// an `fstat` and a `close`.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::Slots`], and [`SnapshotError::System`] as [`Options::create_complete`].
    ///
    /// # Platform notes
    ///
    /// On macOS nothing is reserved, and nothing is claimed: there a second writer is not refused.
    pub fn create_writer<T: Layout>(
        self,
        name: &Name,
        slots: u32,
        first: &T,
    ) -> Result<Writer<T>, SnapshotError> {
        self.make_writer(name, Born { slots, first }, &|draft| {
            draft.publish(Existing::Kept)
        })
    }

    /// Takes over a snapshot whose writer has ended, and claims it.
    ///
    /// Readers go on as if nothing had happened. What the last writer was storing when it ended is lost, nothing else.
    ///
    /// On Linux, `openat`, `fstat`, the calls of [`Object::claim`], another `fstat`, `mmap`, `close`, and a `futex` that
    /// wakes readers, whom the last writer may have left asleep.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::System`] with [`Operation::Claim`]: `EBUSY` – its writer lives; as [`Object::claim`]. Else as
    /// [`Options::open_reader`], with the right to write; also [`SnapshotError::Retired`].
    pub fn open_writer<T: Layout>(self, name: &Name) -> Result<Writer<T>, SnapshotError> {
        for _ in 0..Self::ROUNDS {
            let object = self.open_read_write(name)?;
            claim(&object)?;
            let status = object.status()?;
            if status.is_unlinked() == Ok(true) {
                continue;
            }
            let mut writer = Writer::<T>::new(map_whole(&object, status)?, (0, status))?;
            if writer.slots.words().is_retired() {
                return Err(SnapshotError::Retired);
            }
            writer.last = writer.slots.words().sequence().unwrap_or(FIRST);
            // The last writer may have ended in front of this, and who is about to sleep is not to.
            writer.slots.words().tell(writer.last);
            writer.notify()?;
            return Ok(writer);
        }
        Err(Self::GAVE_UP.into())
    }

    /// Takes a snapshot over if there is one, else creates it with a first value; the [`Outcome`] says which. One that was
    /// there keeps its value and its number of slots, whatever is asked for here.
    ///
    /// The calls of [`Options::open_writer`]; if there is no such object those of [`Options::create_writer`].
    ///
    /// # Errors
    ///
    /// As [`Options::open_writer`] and [`Options::create_writer`]; `EAGAIN` with [`Operation::Open`] – peers created and
    /// unlinked the name a thousand times in between.
    pub fn open_or_create_writer<T: Layout>(
        self,
        name: &Name,
        slots: u32,
        first: &T,
    ) -> Result<(Writer<T>, Outcome), SnapshotError> {
        for _ in 0..Self::ROUNDS {
            match self.open_writer(name) {
                Err(SnapshotError::System(error))
                    if error == Error::new(Operation::Open, Errno::NOENT) => {}
                opened => return opened.map(|writer| (writer, Outcome::Opened)),
            }
            match self.create_writer(name, slots, first) {
                Err(SnapshotError::System(error)) if error.errno() == Errno::EXIST => {}
                created => return created.map(|writer| (writer, Outcome::Created)),
            }
        }
        Err(Self::GAVE_UP.into())
    }

    /// Creates a snapshot with a first value in the place of what has the name, if the writer of that has ended.
    ///
    /// For another type, or another number of slots. Whoever opens the name finds the one or the other, whole. Readers
    /// of the old snapshot learn that it is retired, and open the name again.
    ///
    /// The calls of [`Options::open_read_write`], [`Object::claim`] and [`Object::status`], those of
    /// [`Options::create_writer`] and [`Options::replace`], and `fstat`, `mmap`, `futex`, `munmap` and `close` for the old
    /// object; if there is none, those of [`Options::create_writer`].
    ///
    /// # Errors
    ///
    /// [`SnapshotError::System`] with [`Operation::Claim`]: `EBUSY` – the writer of what is there lives. Else as
    /// [`Options::open_read_write`], [`Options::create_writer`] and [`Options::replace`].
    ///
    /// # Platform notes
    ///
    /// macOS cannot replace: `ENOTSUP`.
    pub fn replace_writer<T: Layout>(
        self,
        name: &Name,
        slots: u32,
        first: &T,
    ) -> Result<Writer<T>, SnapshotError> {
        for _ in 0..Self::ROUNDS {
            let old = match self.open_read_write(name) {
                Err(error) if error == Error::new(Operation::Open, Errno::NOENT) => {
                    match self.create_writer(name, slots, first) {
                        Err(SnapshotError::System(error)) if error.errno() == Errno::EXIST => {
                            continue;
                        }
                        created => return created,
                    }
                }
                opened => opened?,
            };
            claim(&old)?;
            if old.is_unlinked() == Ok(true) {
                continue;
            }
            match self.put_in_place(name, Born { slots, first }, &old) {
                // It has lost its name meanwhile.
                Err(SnapshotError::System(error)) if error.errno() == Errno::EXIST => {}
                put => return put,
            }
        }
        Err(Self::GAVE_UP.into())
    }

    fn put_in_place<T: Layout>(
        self,
        name: &Name,
        born: Born<'_, T>,
        old: &Object<ReadWrite>,
    ) -> Result<Writer<T>, SnapshotError> {
        let publish = |draft: &mut Draft<'_>| {
            if self.is_object(name, old) {
                draft.publish(Existing::Replaced)
            } else {
                Err(Errno::EXIST)
            }
        };
        // Wake the old snapshot's readers, so that they reopen the name. Anything but a snapshot has no readers.
        let old_words = words_of(old)?;
        let writer = self.make_writer(name, born, &publish)?;
        if let Some(mapping) = old_words {
            // SAFETY: `words_of` maps a header at least, at the start of a page.
            let words = unsafe { Words::at(mapping.start()) };
            words.retire();
            sys::wake(words.futex()).map_err(because(Operation::Notify))?;
        }
        Ok(writer)
    }

    fn make_writer<T: Layout>(
        self,
        name: &Name,
        born: Born<'_, T>,
        publish: &dyn Fn(&mut Draft<'_>) -> Result<(), Errno>,
    ) -> Result<Writer<T>, SnapshotError> {
        let shape = Shape::new::<T>(born.slots)?;
        let size = if sys::CAN_RESERVE {
            Size::Reserved(shape.size)
        } else {
            Size::Sparse(shape.size)
        };
        let mut status = None;
        let initialise = |object: &Object<ReadWrite>, mapping: &Mapping<ReadWrite>| {
            claim(object)?;
            status = Some(object.status()?);
            born.fill(mapping, shape)
        };
        let (object, mapping) = self.make(name, size, initialise, publish)?;
        // The initialiser has been there.
        let status = status.map_or_else(|| object.status(), Ok)?;
        Writer::new(mapping, (FIRST, status))
    }
}

/// What an object is born with.
#[derive(Clone, Copy)]
struct Born<'a, T> {
    slots: u32,
    first: &'a T,
}

impl<T: Layout> Born<'_, T> {
    fn fill(&self, mapping: &Mapping<ReadWrite>, shape: Shape) -> Result<(), SnapshotError> {
        let offset = usize::try_from(shape.slot::<T>(FIRST))
            .map_err(|_| SnapshotError::Slots { found: self.slots })?;
        let header = Header::new::<T>(self.slots);
        mapping.store(0, &header).map_err(Error::from)?;
        mapping.store(offset, self.first).map_err(Error::from)?;
        Ok(())
    }
}

/// Claims an object, where the system has claims.
fn claim(object: &Object<ReadWrite>) -> Result<(), SnapshotError> {
    if sys::HAS_CLAIMS {
        object.claim()?;
    }
    Ok(())
}

/// A mapping of an object that is a snapshot, of whatever type.
fn words_of(object: &Object<ReadWrite>) -> Result<Option<Mapping<ReadWrite>>, SnapshotError> {
    let mapping: Mapping<ReadWrite> = match map_whole(object, object.status()?) {
        Err(SnapshotError::ObjectSize { .. }) => return Ok(None),
        mapped => mapped?,
    };
    let header = mapping.load::<Header>(0).map_err(Error::from)?;
    Ok(header.is_known().then_some(mapping))
}
