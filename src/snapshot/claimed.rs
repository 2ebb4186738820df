//! A snapshot that has lost its writer, in the hands of the process that ends or replaces it.
//!
//! A peer may truncate the object at any time, which would make an access to a mapping of it a
//! `SIGBUS`. So its header is read and written through the descriptor. A mapping serves only as the
//! address on which readers sleep.

use core::mem::size_of;

use bytemuck::Zeroable as _;
use rustix::fd::AsFd as _;

use super::header::{CURRENT, FUTEX, Header, RETIRED, STATE, STATE_STEP, Words};
use crate::{Errno, Mapping, Object, ReadOnly, ReadWrite, Status, sys};

/// An object that this process has claimed, and does not store values into.
#[derive(Debug)]
pub(super) struct Claimed {
    object: Object<ReadWrite>,
    status: Status,
    /// Whether the snapshot was retired; None if it is no snapshot of this version, so that no
    /// readers sleep on it.
    was_retired: Option<bool>,
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
            was_retired: is_snapshot.then(|| header.is_retired()),
        })
    }

    pub(super) fn object(&self) -> &Object<ReadWrite> {
        &self.object
    }

    pub(super) fn into_object(self) -> Object<ReadWrite> {
        self.object
    }

    pub(super) fn was_retired(&self) -> bool {
        self.was_retired == Some(true)
    }

    /// Retires the snapshot and wakes its readers. After an error it is as it was.
    pub(super) fn retire(&self) -> Result<(), Errno> {
        if self.was_retired.is_none() {
            return Ok(());
        }
        // First: nothing may be said that sleepers do not hear.
        let sleepers = self.sleepers()?;
        self.set_state(RETIRED).inspect_err(|_| {
            let _ = self.restore();
        })?;
        wake(&sleepers);
        Ok(())
    }

    /// Puts the state back to what it was, for readers that have found it retired.
    pub(super) fn restore(&self) -> Result<(), Errno> {
        if self.was_retired.is_none() {
            return Ok(());
        }
        self.set_state(if self.was_retired() { RETIRED } else { CURRENT })?;
        wake(&self.sleepers()?);
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

    fn set_state(&self, state: u32) -> Result<(), Errno> {
        let fd = self.object.as_fd();
        sys::write_at(fd, &state.to_ne_bytes(), offset(STATE))?;
        // A reader that is about to sleep must see a change, after that of the state. No other
        // process writes the word, since this one has the claim.
        let mut word = [0; 4];
        sys::read_at(fd, &mut word, offset(FUTEX))?;
        let word = u32::from_ne_bytes(word).wrapping_add(STATE_STEP);
        sys::write_at(fd, &word.to_ne_bytes(), offset(FUTEX))?;
        Ok(())
    }

    /// Maps the address on which readers sleep.
    fn sleepers(&self) -> Result<Mapping<ReadOnly>, Errno> {
        let part = (0, size_of::<Header>());
        let mapping = Mapping::<ReadOnly>::new(self.object.as_fd(), part, self.status.page_rest());
        mapping.map_err(crate::Error::errno)
    }
}

/// Wakes the readers that sleep. A failed wake-up is not an error of the caller's operation.
fn wake(sleepers: &Mapping<ReadOnly>) {
    // SAFETY: a header's bytes are mapped, from the start of a page on, for longer than the words
    // exist, and this process accesses them atomically only: nothing of them here.
    let words: Words<'_, ReadOnly> = unsafe { Words::at(sleepers.start()) };
    let _ = words.wake();
}

#[expect(
    clippy::as_conversions,
    reason = "an offset within the header, which has 64 bytes"
)]
const fn offset(field: usize) -> u64 {
    field as u64
}
