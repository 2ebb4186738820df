//! A stamp in shared memory, on which processes can sleep.

use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::AtomicU32;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{self, Relaxed};
use core::time::Duration;

use super::seqlock::Stamp;
#[cfg(target_has_atomic = "64")]
use crate::ReadWrite;
use crate::{Errno, sys};

/// The offset of a stamp's lower half, on which processes sleep.
const LOWER: usize = if cfg!(target_endian = "little") { 0 } else { 4 };
#[cfg(not(target_pointer_width = "64"))]
const UPPER: usize = 4 - LOWER;

/// The 8 bytes of a stamp, in a mapping with the rights `R`.
#[derive(Debug)]
pub(super) struct StampWord<'a, R> {
    /// They begin at a multiple of 8 and can be accessed with the rights `R` for `'a`. This process
    /// accesses them atomically only: as a whole, in halves, and those of a header once in a copy
    /// of it, when it is checked.
    start: NonNull<u8>,
    borrowed: PhantomData<&'a R>,
}

impl<R> StampWord<'_, R> {
    /// # Safety
    /// As the field `start` says.
    #[inline]
    pub(super) unsafe fn at(start: NonNull<u8>) -> Self {
        Self {
            start,
            borrowed: PhantomData,
        }
    }

    /// # Safety
    /// `C` is an atomic type that lies within the word at this offset, aligned.
    #[inline]
    unsafe fn cell<C>(&self, offset: usize) -> &C {
        // SAFETY: within the word, by this function's own contract.
        let cell = unsafe { self.start.byte_add(offset) };
        // SAFETY: readable for as long as `self` exists, see the field; aligned and of an atomic
        // type by this function's own contract, so that others may access it meanwhile.
        unsafe { cell.cast().as_ref() }
    }

    #[inline]
    fn lower(&self) -> &AtomicU32 {
        // SAFETY: half of the word, at a multiple of 4.
        unsafe { self.cell(LOWER) }
    }

    /// Loads the stamp, relaxed; None if it was changing.
    #[cfg(target_pointer_width = "64")]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "on 32-bit targets it is read in halves"
    )]
    #[inline]
    pub(super) fn load(&self) -> Option<Stamp> {
        // SAFETY: the word.
        let cell: &AtomicU64 = unsafe { self.cell(0) };
        Some(Stamp::from_bits(cell.load(Relaxed)))
    }

    /// Loads the stamp; None if it was changing.
    ///
    /// In halves, since wider loads are not promised to work on read-only pages. The writer changes
    /// both halves at once, and the upper one only ever upwards. So if the upper half is the same
    /// before and after, the lower one belongs to it.
    #[cfg(not(target_pointer_width = "64"))]
    #[inline]
    pub(super) fn load(&self) -> Option<Stamp> {
        use core::sync::atomic::fence;
        // SAFETY: half of the word, at a multiple of 4.
        let upper: &AtomicU32 = unsafe { self.cell(UPPER) };
        let half = |cell: &AtomicU32| {
            let value = cell.load(Relaxed);
            fence(Ordering::Acquire);
            u64::from(value)
        };
        let (before, value, after) = (half(upper), half(self.lower()), half(upper));
        (before == after).then_some(Stamp::from_bits(before << 32 | value))
    }

    /// Loads whether the stamp has its mark, relaxed.
    pub(super) fn is_marked(&self) -> bool {
        // If it is changing, a value is being published.
        self.load().is_some_and(Stamp::is_marked)
    }

    /// Wakes all processes that sleep, and returns how many they were.
    pub(super) fn wake(&self) -> Result<usize, Errno> {
        sys::wake(self.lower())
    }

    /// Sleeps while the stamp is still the one that was seen; false if the time is up.
    ///
    /// The kernel compares the lower half: if exactly a multiple of 2^31 values were stored since
    /// the stamp was seen, this sleeps until the writer wakes.
    pub(super) fn sleep(&self, seen: Stamp, until: Option<Duration>) -> Result<bool, Errno> {
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            reason = "the lower half is what is compared"
        )]
        let lower = seen.bits() as u32;
        sys::wait(self.lower(), lower, until)
    }
}

#[cfg(target_has_atomic = "64")]
impl StampWord<'_, ReadWrite> {
    /// Stores a stamp, with [`Relaxed`] or [`Ordering::Release`].
    #[inline]
    pub(super) fn store(&self, stamp: Stamp, order: Ordering) {
        // SAFETY: the word.
        let cell: &AtomicU64 = unsafe { self.cell(0) };
        cell.store(stamp.bits(), order);
    }
}
