//! How a snapshot is created, taken over and replaced.

use rustix::fd::AsFd as _;

use super::claimed::{Claimed, is_removed};
use super::error::{Error, MISSING};
use super::header::{FIRST, Header, Shape, value_offset};
use super::layout::Layout;
use super::seqlock;
use super::slots::Slots;
use super::writer::Writer;
use crate::complete::{Complete, Draft};
use crate::error::{Operation, because};
use crate::object::is_same;
use crate::sys::{self, Existing};
use crate::{Errno, Mapping, Name, Object, Options, Outcome, ReadWrite, Size};

impl<T: Layout> Writer<T> {
    /// Creates a snapshot with a first value, exclusively, and claims it.
    ///
    /// The object appears under its name with the value in it, as
    /// [`create_complete`](Options::create_complete) has it appear. `slots` is a power of two from
    /// 2 to 65,536: see [how many slots to take](super#how-many-slots). Memory is reserved: 64
    /// bytes, and for each slot 8 bytes and the value, or 64 bytes and a value of more than 56
    /// bytes, rounded up to a multiple of 64. On ramfs, which has no limit and cannot reserve
    /// memory, it is not.
    ///
    /// On Linux, the calls of [`Options::create_complete`] for [`Size::Reserved`]. Before the
    /// object is linked, two `fcntl` claim it. The call that gives it its name is the point of no
    /// return.
    ///
    /// # Errors
    ///
    /// [`Error::Slots`] if the number of slots is not possible. [`Error::System`] with
    /// [`Operation::Create`], unless another operation is named:
    ///
    /// - `EEXIST` – the name is taken: see [`Writer::open_or_create`].
    /// - `ENOSPC` with [`Operation::Reserve`] – not enough memory.
    /// - `EACCES` – the directory is not writable.
    /// - `ENOENT` with [`Operation::Directory`] – the directory does not exist.
    /// - The others of [`Options::create_complete`] and [`Object::claim`].
    ///
    /// # Platform notes
    ///
    /// On macOS nothing is reserved or claimed: a second writer is not refused there.
    pub fn create(name: &Name, slots: u32, first: &T) -> Result<Self, Error> {
        Self::create_with(&Options::new(), name, slots, first)
    }

    /// Creates a snapshot as [`Writer::create`] does, with options.
    ///
    /// # Errors
    ///
    /// Those of [`Writer::create`].
    pub fn create_with(
        options: &Options<'_>,
        name: &Name,
        slots: u32,
        first: &T,
    ) -> Result<Self, Error> {
        make(options, name, (slots, first), &|draft| {
            draft.publish(Existing::Kept)
        })
    }

    /// Takes over a snapshot whose writer has ended, and claims it.
    ///
    /// Readers notice nothing but a pause. Only the value that the last writer was storing when it
    /// ended is lost.
    ///
    /// On Linux, `openat`, `fstat`, the calls of [`Object::claim`], `fstat`, a `pread64` of the
    /// header, `fstat`, `mmap`, and a `futex` that wakes readers, which the last writer may have
    /// left asleep. Before the `futex` nothing has changed except the claim, which an error ends;
    /// that the `futex` fails is not an error.
    ///
    /// # Errors
    ///
    /// What was found instead of a snapshot of values of this type; [`Error::Retired`] if it is
    /// retired: see [`Writer::open_or_create`]. [`Error::System`]:
    ///
    /// - `ENOENT` with [`Operation::Open`] – there is no such name.
    /// - `EACCES` with [`Operation::Open`] – the object's mode does not permit writing.
    /// - `EBUSY` with [`Operation::Claim`] – its writer is alive, or another process is replacing
    ///   or reaping it.
    /// - `EAGAIN` with [`Operation::Claim`] – no writer is alive, but a reader has a lock on it:
    ///   see [`Object::claim`].
    /// - The others of [`Options::open_read_write`] and [`Object::map`].
    pub fn open(name: &Name) -> Result<Self, Error> {
        Self::open_with(&Options::new(), name)
    }

    /// Takes over a snapshot as [`Writer::open`] does, in the directory of these options.
    ///
    /// # Errors
    ///
    /// Those of [`Writer::open`].
    pub fn open_with(options: &Options<'_>, name: &Name) -> Result<Self, Error> {
        match take(options, name)? {
            None => Err(MISSING.into()),
            Some(old) if old.was_retired() => {
                // The process that retired it may have been killed before it told the readers.
                let _ = old.retire();
                Err(Error::Retired)
            }
            Some(old) => Self::take_over(old.into_object()),
        }
    }

    fn take_over(object: Object<ReadWrite>) -> Result<Self, Error> {
        let slots = Slots::<T, ReadWrite>::map(&object, object.status()?)?;
        if slots.last_word().is_marked() {
            return Err(Error::Retired);
        }
        let last = seqlock::adopt(&slots).unwrap_or(FIRST);
        let writer = Self::new(slots, last, object);
        // The last writer may have ended before this step of its store, and a reader that is about
        // to sleep must not. The snapshot is taken over, whether or not its readers can be woken.
        writer.publish(last);
        Ok(writer)
    }

    /// Takes a snapshot over if there is one, else creates it with a first value. The [`Outcome`]
    /// says which.
    ///
    /// An existing snapshot keeps its value and its number of slots. A retired one, of values of
    /// any type, is replaced. The calls of [`Writer::open`]; if there is no such object those of
    /// [`Writer::create`]; if there is a retired snapshot those of [`Writer::replace`].
    ///
    /// # Errors
    ///
    /// Those of [`Writer::open`], except [`Error::Retired`], of [`Writer::create`] and of
    /// [`Writer::replace`]; `EAGAIN` with [`Operation::Open`] also if peers created and unlinked
    /// the name a thousand times in between.
    ///
    /// # Platform notes
    ///
    /// macOS cannot replace: [`Error::Retired`].
    pub fn open_or_create(name: &Name, slots: u32, first: &T) -> Result<(Self, Outcome), Error> {
        Self::open_or_create_with(&Options::new(), name, slots, first)
    }

    /// Takes over or creates a snapshot as [`Writer::open_or_create`] does, with options.
    ///
    /// # Errors
    ///
    /// Those of [`Writer::open_or_create`].
    pub fn open_or_create_with(
        options: &Options<'_>,
        name: &Name,
        slots: u32,
        first: &T,
    ) -> Result<(Self, Outcome), Error> {
        for _ in 0..Options::ROUNDS {
            let created = match take(options, name)? {
                None => Self::create_with(options, name, slots, first),
                Some(old) if old.was_retired() => put_in_place(options, name, (slots, first), &old),
                Some(old) => {
                    let writer = Self::take_over(old.into_object())?;
                    return Ok((writer, Outcome::Opened));
                }
            };
            match created {
                // The name was taken, or the old object has lost it.
                Err(Error::System(Options::TAKEN)) => {}
                created => return created.map(|writer| (writer, Outcome::Created)),
            }
        }
        Err(Options::GAVE_UP.into())
    }

    /// Creates a snapshot with a first value in place of the object that has the name, if the
    /// writer of that has ended.
    ///
    /// For values of another type, or another number of slots. A process that opens the name finds
    /// the old or the new snapshot, whole. Readers of the old one get [`Error::Retired`]: see
    /// [the end of a snapshot](super#the-end-of-a-snapshot). The call that renames is the point of
    /// no return. If it fails, the old snapshot is as it was before. If another process gives the
    /// name to its own object between the last look at the name and that call, the object of that
    /// process loses it; and if it moves the old one then, that stays retired.
    ///
    /// On Linux, the calls of [`Options::open_read_write`], [`Object::claim`] and
    /// [`Object::status`], and a `pread64` of the old object's header; those of [`Writer::create`]
    /// and [`Options::replace`]. Before the `renameat` come an `fstat` and a `newfstatat`, which
    /// ask whether the old object still has the name, and `mmap`, `pwrite64`, `futex` and `munmap`,
    /// which retire it and wake its readers. At the end, a `close` of the old object. If there is
    /// no object, the calls of [`Writer::create`].
    ///
    /// # Errors
    ///
    /// [`Error::System`] with [`Operation::Claim`]: `EBUSY` – the writer of the old snapshot is
    /// alive, or another process is replacing or reaping it; `EAGAIN` – none is, but a reader has a
    /// lock on it. With [`Operation::Create`]: `ENOMEM` – the header of the old one cannot be
    /// mapped. With [`Operation::Inspect`]: `EIO` – as [`reap`](super::reap). Those of
    /// [`Options::open_read_write`], [`Writer::create`] and [`Options::replace`].
    ///
    /// # Platform notes
    ///
    /// macOS cannot replace: `ENOTSUP`.
    pub fn replace(name: &Name, slots: u32, first: &T) -> Result<Self, Error> {
        Self::replace_with(&Options::new(), name, slots, first)
    }

    /// Replaces a snapshot as [`Writer::replace`] does, with options.
    ///
    /// # Errors
    ///
    /// Those of [`Writer::replace`].
    pub fn replace_with(
        options: &Options<'_>,
        name: &Name,
        slots: u32,
        first: &T,
    ) -> Result<Self, Error> {
        for _ in 0..Options::ROUNDS {
            let replaced = match take(options, name)? {
                None => Self::create_with(options, name, slots, first),
                Some(old) => put_in_place(options, name, (slots, first), &old),
            };
            match replaced {
                // The name was taken, or the old object has lost it.
                Err(Error::System(Options::TAKEN)) => {}
                replaced => return replaced,
            }
        }
        Err(Options::GAVE_UP.into())
    }
}

/// Claims what has a name; None if nothing has.
fn take(options: &Options<'_>, name: &Name) -> Result<Option<Claimed>, Error> {
    for _ in 0..Options::ROUNDS {
        let (object, status) = match options.open_checked(name) {
            Err(MISSING) => return Ok(None),
            opened => opened?,
        };
        if sys::HAS_CLAIMS {
            match object.claim() {
                // Another process has just ended it.
                Err(error) if error.errno() == Errno::BUSY && is_removed(&object) => continue,
                claimed => claimed?,
            }
        }
        let removed = sys::HAS_CLAIMS && is_removed(&object);
        let claimed = Claimed::new(object, status).map_err(because(Operation::Inspect))?;
        if !removed {
            return Ok(Some(claimed));
        }
        // It was removed, and no other process can claim it: this one tells its readers.
        let _ = claimed.retire();
    }
    Err(Options::GAVE_UP.into())
}

/// Creates a snapshot in place of an old object. `EEXIST` if that does not have the name any more.
fn put_in_place<T: Layout>(
    options: &Options<'_>,
    name: &Name,
    contents: (u32, &T),
    old: &Claimed,
) -> Result<Writer<T>, Error> {
    if !sys::HAS_LINKS {
        return Err(because(Operation::Create)(Errno::NOTSUP).into());
    }
    make(options, name, contents, &|draft| {
        draft.stage()?;
        if !is_same(options.dir(), name, old.object().as_fd())? {
            if is_removed(old.object()) {
                // No other process can claim it: this one tells its readers.
                let _ = old.retire();
            }
            return Err(Errno::EXIST);
        }
        // Retired first: a kill between the two steps leaves a snapshot that the next writer
        // replaces, and no reader that sleeps. As late as possible: a reader may end because of it,
        // even if the name cannot be taken after that.
        old.retire()?;
        draft.publish(Existing::Replaced).inspect_err(|_| {
            // The error to report is why the name could not be had.
            old.restore_unless_removed();
        })
    })
}

/// The error of an object on a file system that cannot reserve memory.
const NOT_RESERVED: crate::Error = crate::Error::new(Operation::Reserve, Errno::OPNOTSUPP);

/// Creates an object with a number of slots and a first value, and claims it. `publish` puts it
/// under its name.
fn make<T: Layout>(
    options: &Options<'_>,
    name: &Name,
    (slots, first): (u32, &T),
    publish: &dyn Fn(&mut Draft<'_>) -> Result<(), Errno>,
) -> Result<Writer<T>, Error> {
    let shape = Shape::new::<T>(slots)?;
    let initialise = |object: &Object<ReadWrite>, mapping: &Mapping<ReadWrite>| {
        if sys::HAS_CLAIMS {
            object.claim()?;
        }
        let slot = usize::try_from(shape.slot::<T>(FIRST.number()));
        let slot = slot.map_err(|_| Error::Slots { found: slots })?;
        mapping.store(0, &Header::new::<T>(slots))?;
        mapping.store(slot, &FIRST.bits())?;
        Ok(mapping.store(slot.saturating_add(value_offset::<T>()), first)?)
    };
    let make = |size| -> Result<_, Error> { Ok(options.make(name, size, initialise, publish)?) };
    let sparse = || make(Size::Sparse(shape.size));
    let Complete { object, mapping } = if sys::CAN_RESERVE {
        match make(Size::Reserved(shape.size)) {
            Err(Error::System(NOT_RESERVED)) if sys::directory_is_unlimited(options.dir()) => {
                sparse()?
            }
            done => done?,
        }
    } else {
        sparse()?
    };
    // The object has its name, so nothing may fail any more: its header, which a peer may have
    // changed by now, is not looked at again.
    // SAFETY: the whole of an object of this size.
    let slots = unsafe { Slots::of_shape(mapping, shape) };
    Ok(Writer::new(slots, FIRST, object))
}
