//! How a snapshot is created, taken over and replaced.

use rustix::fd::AsFd as _;

use super::error::SnapshotError;
use super::header::{FIRST, Header, Shape};
use super::layout::Layout;
use super::reader::map_whole;
use super::slots::Slots;
use super::words::Words;
use super::writer::Writer;
use crate::Options;
use crate::complete::Draft;
use crate::error::{Error, Operation, because};
use crate::sys::{self, Claim, Existing};
use crate::{Errno, Mapping, Name, Object, Outcome, ReadWrite, Size, Status};

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
        self.make_writer(name, Born::new(slots, first), &|draft| {
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
    /// A process that may only read can have a lock that keeps the object from being claimed. Then a new object, with
    /// the last value, its number and the mode of the old one, takes its place, as in [`Options::replace_writer`] and with
    /// an `fstat` and an `fchmod` more; readers learn that the old one is retired, and open the name again. If its group
    /// is not that of the old one, it has no more rights than everybody.
    ///
    /// # Errors
    ///
    /// [`SnapshotError::System`] with [`Operation::Claim`]: `EBUSY` – its writer lives; as [`Object::claim`]. Else as
    /// [`Options::open_reader`], with the right to write; also [`SnapshotError::Retired`]. If a reader's lock is in the
    /// way, as [`Options::replace_writer`] besides, and `EACCES` with [`Operation::Create`] where the object is another
    /// user's and the directory sticky, as `/dev/shm` is, or where somebody else's file, which cannot be removed, has the
    /// name `.NAME.rawshm-new`, which is the new object's for a moment.
    pub fn open_writer<T: Layout>(self, name: &Name) -> Result<Writer<T>, SnapshotError> {
        for _ in 0..Self::ROUNDS {
            let object = self.open_read_write(name)?;
            let claim = claim(&object)?;
            let status = object.status()?;
            if status.is_unlinked() == Ok(true) {
                continue;
            }
            let mut writer = Writer::<T>::new(map_whole(&object, status)?, (0, status))?;
            if writer.slots.words().is_retired() {
                // One that has taken its place since has retired it, in this order.
                if object.is_unlinked() == Ok(true) {
                    continue;
                }
                return Err(SnapshotError::Retired);
            }
            writer.last = writer.slots.words().sequence().unwrap_or(FIRST);
            if claim == Claim::Obstructed {
                return self.move_writer(name, (&object, status), &writer);
            }
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
            let claim = claim(&old)?;
            if old.is_unlinked() == Ok(true) {
                continue;
            }
            match self.put_in_place(name, Born::new(slots, first), &old, claim) {
                // It has lost its name meanwhile.
                Err(SnapshotError::System(error)) if error.errno() == Errno::EXIST => {}
                put => return put,
            }
        }
        Err(Self::GAVE_UP.into())
    }

    /// Goes on in a new object, in the place of one that cannot be claimed.
    fn move_writer<T: Layout>(
        self,
        name: &Name,
        (old, status): (&Object<ReadWrite>, Status),
        writer: &Writer<T>,
    ) -> Result<Writer<T>, SnapshotError> {
        let slots = writer.slots.mask().wrapping_add(1);
        let born = Born {
            slots: u32::try_from(slots).unwrap_or(0),
            value: First::In(&writer.slots),
            sequence: writer.last,
            instead: Some(status),
        };
        self.put_in_place(name, born, old, Claim::Obstructed)
    }

    fn put_in_place<T: Layout>(
        self,
        name: &Name,
        born: Born<'_, T>,
        old: &Object<ReadWrite>,
        claim: Claim,
    ) -> Result<Writer<T>, SnapshotError> {
        let publish = |draft: &mut Draft<'_>| match claim {
            Claim::Obstructed => {
                draft.take_place(|| self.is_object(name, old) && old.writer_alive() == Ok(false))
            }
            _ if self.is_object(name, old) => draft.publish(Existing::Replaced),
            _ => Err(Errno::EXIST),
        };
        // Whatever it is, who sleeps on it is to look at the name again; what is no snapshot has none who does.
        let old_words = words_of(old)?;
        let writer = match self.make_writer(name, born, &publish) {
            // Another is about to take the place.
            Err(SnapshotError::System(error))
                if error.errno() == Errno::BUSY && claim == Claim::Obstructed =>
            {
                return Err(Error::new(Operation::Claim, Errno::BUSY).into());
            }
            made => made?,
        };
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
            if claim(object)? == Claim::Obstructed {
                return Err(Error::new(Operation::Claim, Errno::AGAIN).into());
            }
            let new = object.status()?;
            if let Some(old) = born.instead {
                let mode = old.mode_for(new);
                sys::set_mode(object.as_fd(), mode).map_err(because(Operation::SetMode))?;
            }
            status = Some(new);
            born.fill(mapping, shape)
        };
        let (object, mapping) = self.make(name, size, initialise, publish)?;
        // The initialiser has been there.
        let status = status.map_or_else(|| object.status(), Ok)?;
        Writer::new(mapping, (born.sequence, status))
    }
}

/// A value that an object is born with.
#[derive(Clone, Copy)]
enum First<'a, T> {
    Value(&'a T),
    /// The last one of another snapshot, which nobody writes to.
    In(&'a Slots<T, ReadWrite>),
}

/// What an object is born with.
#[derive(Clone, Copy)]
struct Born<'a, T> {
    slots: u32,
    value: First<'a, T>,
    sequence: u64,
    /// The object whose mode it gets; else that of the options.
    instead: Option<Status>,
}

impl<'a, T: Layout> Born<'a, T> {
    const fn new(slots: u32, value: &'a T) -> Self {
        Self {
            slots,
            value: First::Value(value),
            sequence: FIRST,
            instead: None,
        }
    }

    fn fill(&self, mapping: &Mapping<ReadWrite>, shape: Shape) -> Result<(), SnapshotError> {
        let offset = usize::try_from(shape.slot::<T>(self.sequence))
            .map_err(|_| SnapshotError::Slots { found: self.slots })?;
        let header = Header::new::<T>(self.slots, self.sequence);
        mapping.store(0, &header).map_err(Error::from)?;
        match self.value {
            First::Value(value) => mapping.store(offset, value),
            // Not by way of the stack, which has no room for large ones.
            First::In(slots) => slots
                .value(self.sequence)
                .and_then(|value| mapping.copy_from_shared(offset, &value)),
        }
        .map_err(Error::from)?;
        Ok(())
    }
}

/// Claims an object, where the system has claims; a writer that lives is an error.
fn claim(object: &Object<ReadWrite>) -> Result<Claim, SnapshotError> {
    if !sys::HAS_CLAIMS {
        return Ok(Claim::Made);
    }
    let refused = Error::new(Operation::Claim, Errno::BUSY);
    match object.try_claim()? {
        Claim::Refused => Err(refused.into()),
        Claim::Made => Ok(Claim::Made),
        // The lock that is in the way can go at any time: from here on nobody else may claim it either, until what is
        // done about it is done.
        Claim::Obstructed => {
            let failed = because(Operation::Claim);
            if sys::keep_unclaimed(object.as_fd()).map_err(failed)? {
                Ok(Claim::Obstructed)
            } else {
                Err(refused.into())
            }
        }
    }
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
