//! The first 64 bytes of a snapshot's object.

use core::marker::PhantomData;
use core::mem::{offset_of, size_of};
use core::ptr::NonNull;
use core::sync::atomic::AtomicU32;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{Relaxed, Release};
use core::time::Duration;

use bytemuck::{Pod, Zeroable};

use super::error::Error;
use super::layout::Layout;
use crate::{Errno, ReadWrite, sys};

/// `struct rawshm_snapshot` of the module's documentation.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    magic: [u8; 8],
    version: u32,
    byte_order: u32,
    fingerprint: u64,
    value_size: u64,
    slots: u32,
    /// `CURRENT` or `RETIRED`.
    state: u32,
    sequence: u64,
    /// The word that readers sleep on.
    futex: u32,
    reserved: [u32; 3],
}

// SAFETY: all of its fields can be zero.
unsafe impl Zeroable for Header {}

// SAFETY: every field is plain, and the fields leave no padding: 8 + 4 + 4 + 8 + 8 + 4 + 4 + 8 + 4
// + 12 is 64, the size.
unsafe impl Pod for Header {}

const _: () = assert!(size_of::<Header>() == 64, "the layout is documented");

const MAGIC: [u8; 8] = *b"rawshm:S";
const VERSION: u32 = 1;
const BYTE_ORDER: u32 = 0x0102_0304;
pub(super) const CURRENT: u32 = 0;
pub(super) const RETIRED: u32 = 1;

/// How far a change of the state moves the word that readers sleep on: to no value that a number
/// near the last one has, so that a reader which is about to sleep on one does not take a later
/// value for it.
pub(super) const STATE_STEP: u32 = 0x4000_0001;

/// The number of the value that a snapshot is created with.
pub(super) const FIRST: u64 = 1;

/// The size of the header in bytes, after which the slots begin.
pub(super) const LEN: u64 = 64;

const SLOTS_MAX: u32 = 1 << 16;

/// What a reader or a writer keeps of a header that it has checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// The number of slots less one.
    pub(super) mask: u64,
    /// The size of the header and the slots in bytes.
    pub(super) size: u64,
}

impl Shape {
    /// The shape of an object with this number of slots for values of a type.
    pub(super) fn new<T: Layout>(slots: u32) -> Result<Self, Error> {
        if !slots.is_power_of_two() || !(2..=SLOTS_MAX).contains(&slots) {
            return Err(Error::Slots { found: slots });
        }
        let size = stride::<T>()
            .checked_mul(slots.into())
            .and_then(|all| all.checked_add(LEN))
            .ok_or(Error::Slots { found: slots })?;
        Ok(Self {
            mask: u64::from(slots).wrapping_sub(1),
            size,
        })
    }

    /// The offset of the slot of this value, in bytes from the start of the object.
    #[inline]
    pub(super) const fn slot<T>(self, sequence: u64) -> u64 {
        (sequence & self.mask)
            .wrapping_mul(stride::<T>())
            .wrapping_add(LEN)
    }
}

impl Header {
    /// The header of a new object, whose first value is in its slot.
    pub(super) const fn new<T: Layout>(slots: u32) -> Self {
        Self {
            magic: MAGIC,
            version: VERSION,
            byte_order: BYTE_ORDER,
            fingerprint: T::FINGERPRINT,
            value_size: size::<T>(),
            slots,
            state: CURRENT,
            sequence: FIRST,
            futex: low(FIRST),
            reserved: [0; 3],
        }
    }

    /// Returns whether this is the header of a snapshot of this version, of any type.
    pub(super) fn is_known(&self) -> bool {
        self.magic == MAGIC && self.byte_order == BYTE_ORDER && self.version == VERSION
    }

    pub(super) fn is_retired(&self) -> bool {
        self.state == RETIRED
    }

    /// Checks every field, of an object of this size in bytes, before any of them is used.
    pub(super) fn check<T: Layout>(&self, object_size: u64) -> Result<Shape, Error> {
        if self.magic != MAGIC {
            return Err(Error::Foreign { found: self.magic });
        }
        if self.byte_order != BYTE_ORDER {
            return Err(Error::ByteOrder);
        }
        if self.version != VERSION {
            return Err(Error::Version {
                found: self.version,
                expected: VERSION,
            });
        }
        if self.value_size != size::<T>() {
            return Err(Error::ValueSize {
                found: self.value_size,
                expected: size::<T>(),
            });
        }
        if self.fingerprint != T::FINGERPRINT {
            return Err(Error::Fingerprint {
                found: self.fingerprint,
                expected: T::FINGERPRINT,
            });
        }
        let shape = Shape::new::<T>(self.slots)?;
        if object_size < shape.size {
            return Err(Error::ObjectSize {
                found: object_size,
                expected: shape.size,
            });
        }
        Ok(shape)
    }
}

/// The distance between two slots in bytes: whole cache lines of 64 bytes.
const fn stride<T>() -> u64 {
    size::<T>().next_multiple_of(64)
}

#[expect(
    clippy::as_conversions,
    reason = "no other conversion is const; no target has a usize of more than 64 bits"
)]
const fn size<T>() -> u64 {
    size_of::<T>() as u64
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the low half is what is asked for"
)]
const fn low(sequence: u64) -> u32 {
    sequence as u32
}

const SEQUENCE: usize = offset_of!(Header, sequence);
pub(super) const FUTEX: usize = offset_of!(Header, futex);
pub(super) const STATE: usize = offset_of!(Header, state);

/// The fields of a header that change, in a mapping with the rights `R`.
#[derive(Debug)]
pub(super) struct Words<'a, R> {
    /// The 64 bytes of a header, which begin at a multiple of 64. They can be accessed with the
    /// rights `R` for `'a`, and this process accesses them atomically only: these fields as whole
    /// integers (on 32-bit targets, the number in halves), and all of them once in a copy, when the
    /// header is checked.
    header: NonNull<u8>,
    borrowed: PhantomData<&'a R>,
}

impl<R> Words<'_, R> {
    /// # Safety
    /// As the field `header` says.
    #[inline]
    pub(super) unsafe fn at(header: NonNull<u8>) -> Self {
        Self {
            header,
            borrowed: PhantomData,
        }
    }

    /// # Safety
    /// `C` is an atomic type that lies within the header at this offset, aligned.
    #[inline]
    unsafe fn cell<C>(&self, offset: usize) -> &C {
        // SAFETY: within the header, by this function's own contract.
        let cell = unsafe { self.header.byte_add(offset) };
        // SAFETY: readable for as long as `self` exists, see the field; aligned and of an atomic
        // type by this function's own contract, so that others may access it meanwhile.
        unsafe { cell.cast().as_ref() }
    }

    #[inline]
    fn futex(&self) -> &AtomicU32 {
        // SAFETY: the field's offset, a multiple of 4.
        unsafe { self.cell(FUTEX) }
    }

    #[inline]
    fn state(&self) -> &AtomicU32 {
        // SAFETY: the field's offset, a multiple of 4.
        unsafe { self.cell(STATE) }
    }

    /// Loads the number of the last value, relaxed; None if it was changing.
    #[cfg(target_pointer_width = "64")]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "on 32-bit targets it is read in halves"
    )]
    #[inline]
    pub(super) fn sequence(&self) -> Option<u64> {
        // SAFETY: the field's offset, a multiple of 8.
        let cell: &AtomicU64 = unsafe { self.cell(SEQUENCE) };
        Some(cell.load(Relaxed))
    }

    /// Loads the number of the last value; None if it was changing.
    ///
    /// In halves, since wider loads are not promised to work on read-only pages. The writer changes
    /// both halves at once, and the upper one only ever upwards. So if the upper half is the same
    /// before and after, the lower one belongs to it.
    #[cfg(not(target_pointer_width = "64"))]
    pub(super) fn sequence(&self) -> Option<u64> {
        use core::sync::atomic::{Ordering::Acquire, fence};
        let half = |number: usize| {
            let offset = SEQUENCE.wrapping_add(number.wrapping_mul(4));
            // SAFETY: half of the field, at a multiple of 4.
            let cell: &AtomicU32 = unsafe { self.cell(offset) };
            let value = cell.load(Relaxed);
            fence(Acquire);
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

    pub(super) fn is_retired(&self) -> bool {
        self.state().load(Relaxed) == RETIRED
    }

    /// Loads the word that [`Words::sleep`] compares, relaxed.
    pub(super) fn seen(&self) -> u32 {
        self.futex().load(Relaxed)
    }

    /// Wakes all readers that sleep, and returns how many they were.
    pub(super) fn wake(&self) -> Result<usize, Errno> {
        sys::wake(self.futex())
    }

    /// Sleeps while the word is still what was seen; false if the time is up.
    pub(super) fn sleep(&self, seen: u32, until: Option<Duration>) -> Result<bool, Errno> {
        sys::wait(self.futex(), seen, until)
    }
}

impl Words<'_, ReadWrite> {
    /// Publishes a number, for readers and for sleeping ones.
    #[cfg(target_has_atomic = "64")]
    #[inline]
    pub(super) fn publish(&self, sequence: u64) {
        // SAFETY: the field's offset, a multiple of 8.
        let cell: &AtomicU64 = unsafe { self.cell(SEQUENCE) };
        cell.store(sequence, Relaxed);
        self.announce(sequence);
    }

    /// Changes the word that readers sleep on. A reader that sees the word sees the number, too.
    #[cfg(target_has_atomic = "64")]
    #[inline]
    pub(super) fn announce(&self, sequence: u64) {
        self.futex().store(low(sequence), Release);
    }

    /// Records that no value follows.
    pub(super) fn retire(&self) {
        self.set_state(RETIRED);
    }

    /// Undoes [`Words::retire`].
    pub(super) fn restore(&self) {
        self.set_state(CURRENT);
    }

    fn set_state(&self, state: u32) {
        // A reader that sees the state sees the last value with it.
        self.state().store(state, Release);
        // A reader that is about to sleep must see a change, and must see the state with it. Only
        // the process with the claim writes the word.
        let word = self.futex();
        word.store(word.load(Relaxed).wrapping_add(STATE_STEP), Release);
    }
}
