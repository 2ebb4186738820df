//! A snapshot that has lost its writer, in the hands of the process that ends or replaces it.
//!
//! A peer may truncate the object at any time, which would make an access to a mapping of it a
//! `SIGBUS`. So its header is read and written through the descriptor. A mapping serves only as the
//! address on which readers sleep.

use core::mem::size_of;

use rustix::fd::AsFd as _;

use super::header::{Header, LAST, LEN};
use super::seqlock::Stamp;
use super::word::StampWord;
use crate::{Errno, Error, Mapping, Object, ReadError, ReadOnly, ReadWrite, Status, sys};

/// An object that this process has claimed, and does not store values into.
#[derive(Debug)]
pub(super) struct Claimed {
    object: Object<ReadWrite>,
    status: Status,
    /// The stamp in the header, which no other process writes; None if it is no snapshot of this
    /// version, so that no readers sleep on it.
    last: Option<Stamp>,
}

impl Claimed {
    pub(super) fn new(object: Object<ReadWrite>, status: Status) -> Result<Self, Errno> {
        // Where nothing can be replaced, what it is does not matter.
        let header = if sys::HAS_LINKS {
            match object.read_at::<Header>(0) {
                Err(ReadError::System(error)) => return Err(error.errno()),
                read => read.ok(),
            }
        } else {
            None
        };
        // A peer has shrunk it meanwhile, or the read has only reported success. Then it may be a
        // snapshot, whose readers must be told.
        let is_short = header.is_none() && sys::HAS_LINKS;
        if is_short && has_header(status) && has_header(object.status().map_err(Error::errno)?) {
            return Err(Errno::IO);
        }
        let header = header.filter(Header::is_known);
        Ok(Self {
            object,
            status,
            last: header.as_ref().map(Header::last),
        })
    }

    pub(super) fn object(&self) -> &Object<ReadWrite> {
        &self.object
    }

    pub(super) fn into_object(self) -> Object<ReadWrite> {
        self.object
    }

    pub(super) fn was_retired(&self) -> bool {
        self.last.is_some_and(Stamp::is_marked)
    }

    /// Retires the snapshot and wakes its readers. After an error it is as it was.
    pub(super) fn retire(&self) -> Result<(), Errno> {
        let Some(last) = self.last else {
            return Ok(());
        };
        // Mapped first: if readers cannot be woken, the stamp must not change. Unless the object
        // has no name any more: no other process can find it then, to tell them.
        let sleepers = match self.sleepers() {
            Err(error) if !is_removed(&self.object) => return Err(error),
            sleepers => sleepers.ok(),
        };
        self.set_last(last.marked())?;
        if let Some(sleepers) = sleepers {
            // SAFETY: a header is mapped, from the start of a page on.
            let start = unsafe { sleepers.start().byte_add(LAST) };
            // SAFETY: its stamp is mapped for longer than the word exists, and this process
            // accesses it atomically only: nothing of it here.
            let word: StampWord<'_, ReadOnly> = unsafe { StampWord::at(start) };
            // A failed wake-up is not an error of the caller's operation.
            let _ = word.wake();
        }
        Ok(())
    }

    /// Puts the stamp back unless the object has no name any more. It has one if the name could not
    /// be taken from it, if a peer has moved it, or if a file system was mounted over its
    /// directory. No reader sleeps because of the mark, so none has to be woken.
    pub(super) fn restore_unless_removed(&self) {
        if let Some(last) = self.last.filter(|_| !is_removed(&self.object)) {
            let _ = self.set_last(last);
        }
    }

    /// Stores the byte of the header's stamp that has the mark: all of it or nothing.
    fn set_last(&self, last: Stamp) -> Result<(), Errno> {
        let [mark, ..] = last.bits().to_le_bytes();
        match sys::write_at(self.object.as_fd(), &[mark], MARK)? {
            1 => Ok(()),
            _ => Err(Errno::IO),
        }
    }

    /// Maps the address on which readers sleep.
    fn sleepers(&self) -> Result<Mapping<ReadOnly>, Errno> {
        let part = (0, size_of::<Header>());
        let mapping = Mapping::<ReadOnly>::new(self.object.as_fd(), part, self.status.page_rest());
        mapping.map_err(Error::errno)
    }
}

fn has_header(status: Status) -> bool {
    status.size() >= LEN
}

/// Whether an object has no name any more.
pub(super) fn is_removed(object: &Object<ReadWrite>) -> bool {
    object.is_unlinked() == Ok(true)
}

/// Where the mark is in the header.
#[expect(
    clippy::as_conversions,
    reason = "an offset within the header, which has 64 bytes"
)]
const MARK: u64 = (LAST + if cfg!(target_endian = "little") { 0 } else { 7 }) as u64;
