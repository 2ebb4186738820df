//! A snapshot that has lost its writer, in the hands of the process that ends or replaces it.
//!
//! A peer may truncate the object at any time, which would make an access to a mapping of it a
//! `SIGBUS`. So its header is read and written through the descriptor. A mapping serves only as the
//! address on which readers sleep.

use core::mem::size_of;

use bytemuck::Zeroable as _;
use rustix::fd::AsFd as _;

use super::header::{Header, LAST};
use super::seqlock::Stamp;
use super::word::{LOWER, StampWord, lower};
use crate::{Errno, Mapping, Object, ReadOnly, ReadWrite, Status, sys};

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
        let mut header = Header::zeroed();
        let bytes = bytemuck::bytes_of_mut(&mut header);
        // Where nothing can be replaced, what it is does not matter.
        let read = if sys::HAS_LINKS {
            sys::read_at(object.as_fd(), bytes, 0)?
        } else {
            0
        };
        let is_snapshot = read == size_of::<Header>() && header.is_known();
        Ok(Self {
            object,
            status,
            last: is_snapshot.then(|| header.last()),
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
        self.tell(Stamp::marked)
    }

    /// Puts the stamp back to what it was, for readers that have found it retired.
    pub(super) fn restore(&self) -> Result<(), Errno> {
        self.tell(|last| last)
    }

    fn tell(&self, stamp: impl Fn(Stamp) -> Stamp) -> Result<(), Errno> {
        let Some(last) = self.last else {
            return Ok(());
        };
        // The mapping first: nothing may be written that sleepers do not hear of.
        let part = (0, size_of::<Header>());
        let (fd, page_rest) = (self.object.as_fd(), self.status.page_rest());
        let sleepers =
            Mapping::<ReadOnly>::new(fd, part, page_rest).map_err(crate::Error::errno)?;
        // The mark is in the lower half, and the upper half stays.
        sys::write_at(fd, &lower(stamp(last)).to_ne_bytes(), LAST_LOWER)?;
        // SAFETY: a header is mapped, from the start of a page on.
        let start = unsafe { sleepers.start().byte_add(LAST) };
        // SAFETY: its stamp is mapped for longer than the word exists, and this process accesses it
        // atomically only: nothing of it here.
        let word: StampWord<'_, ReadOnly> = unsafe { StampWord::at(start) };
        // A failed wake-up is not an error of the caller's operation.
        let _ = word.wake();
        Ok(())
    }

    /// Puts the state back if the object still has a name, though not the one that was to be taken
    /// from it: a peer has moved it, or mounted something over its directory. Its readers can be
    /// found and told later.
    pub(super) fn restore_unless_removed(&self) {
        if self.object.is_unlinked() != Ok(true) {
            let _ = self.restore();
        }
    }
}

#[expect(
    clippy::as_conversions,
    reason = "an offset within the header, which has 64 bytes"
)]
const LAST_LOWER: u64 = (LAST + LOWER) as u64;
