//! The words of a header that change.

use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU32;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{Relaxed, Release};

use super::header::{FUTEX, RETIRED, SEQUENCE, STATE, low};

/// A view of the header at the start of a mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    /// A header's 64 bytes can be read from here on, and are accessed atomically only, for `'a`; a multiple of 64.
    header: NonNull<u8>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Words<'a> {
    /// # Safety
    /// As the field says.
    #[inline]
    pub(super) unsafe fn at(header: NonNull<u8>) -> Self {
        Self {
            header,
            borrowed: PhantomData,
        }
    }

    /// # Safety
    /// `C` is an atomic type, and within the header at this offset, aligned.
    #[inline]
    unsafe fn cell<C>(self, offset: usize) -> &'a C {
        // SAFETY: within the header, by this function's own contract.
        let cell = unsafe { self.header.byte_add(offset) };
        // SAFETY: it can be read, see the field; aligned and atomic by this function's own contract, so that others may
        // access it.
        unsafe { cell.cast().as_ref() }
    }

    /// The number of the last value, by a relaxed load; nothing if it was changing.
    #[cfg(target_pointer_width = "64")]
    #[expect(clippy::unnecessary_wraps, reason = "as where it is read in halves")]
    #[inline]
    pub(super) fn sequence(self) -> Option<u64> {
        // SAFETY: the field's offset, a multiple of 8.
        let cell: &AtomicU64 = unsafe { self.cell(SEQUENCE) };
        Some(cell.load(Relaxed))
    }

    /// The number of the last value; nothing if it was changing.
    ///
    /// In halves: larger loads are not promised to work on read-only pages. The writer changes both at once, and the
    /// upper one only ever upwards; so if that is the same before and after, the lower one belongs to it.
    #[cfg(not(target_pointer_width = "64"))]
    pub(super) fn sequence(self) -> Option<u64> {
        let half = |number: usize| {
            let offset = SEQUENCE.wrapping_add(number.wrapping_mul(4));
            // SAFETY: half of the field, at a multiple of 4.
            let cell: &AtomicU32 = unsafe { self.cell(offset) };
            let value = cell.load(Relaxed);
            core::sync::atomic::fence(core::sync::atomic::Ordering::Acquire);
            u64::from(value)
        };
        let (upper, lower) = if cfg!(target_endian = "little") {
            (1, 0)
        } else {
            (0, 1)
        };
        let (before, value, after) = (half(upper), half(lower), half(upper));
        (before == after).then_some(before << 32 | value)
    }

    /// The word that readers sleep on.
    #[inline]
    pub(super) fn futex(self) -> &'a AtomicU32 {
        // SAFETY: the field's offset, a multiple of 4.
        unsafe { self.cell(FUTEX) }
    }

    #[inline]
    fn state(self) -> &'a AtomicU32 {
        // SAFETY: the field's offset, a multiple of 4.
        unsafe { self.cell(STATE) }
    }

    pub(super) fn is_retired(self) -> bool {
        self.state().load(Relaxed) == RETIRED
    }

    /// Publishes a number. For who may write.
    #[cfg(target_has_atomic = "64")]
    #[inline]
    pub(super) fn publish(self, sequence: u64) {
        // SAFETY: the field's offset, a multiple of 8.
        let cell: &AtomicU64 = unsafe { self.cell(SEQUENCE) };
        cell.store(sequence, Relaxed);
        self.tell(sequence);
    }

    /// Changes the word that readers sleep on, behind the number: who sees the word sees that. For who may write.
    #[cfg(target_has_atomic = "64")]
    #[inline]
    pub(super) fn tell(self, sequence: u64) {
        self.futex().store(low(sequence), Release);
    }

    /// Says that no value follows. For who may write.
    pub(super) fn retire(self) {
        self.state().store(RETIRED, Relaxed);
        // Else who is about to sleep would not notice; behind the state. Nobody else writes.
        let word = self.futex();
        word.store(word.load(Relaxed).wrapping_add(1), Release);
    }
}
