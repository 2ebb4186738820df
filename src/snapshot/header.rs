//! The first 64 bytes of a snapshot's object.

use core::mem::{offset_of, size_of};

use bytemuck::{Pod, Zeroable};

use super::error::SnapshotError;
use super::layout::{Layout, stride};

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
    /// The low half of the sequence, for who sleeps on it.
    futex: u32,
    reserved: [u32; 3],
}

// SAFETY: all of its fields can be zero.
unsafe impl Zeroable for Header {}

// SAFETY: every field is plain, and they leave no padding: 8 + 4 + 4 + 8 + 8 + 4 + 4 + 8 + 4 + 12 is 64, the size.
unsafe impl Pod for Header {}

const _: () = assert!(size_of::<Header>() == 64, "the layout is documented");

const MAGIC: [u8; 8] = *b"rawshm:S";
const VERSION: u32 = 1;
const BYTE_ORDER: u32 = 0x0102_0304;
const CURRENT: u32 = 0;
pub(super) const RETIRED: u32 = 1;

/// The number of the value that an object is born with.
pub(super) const FIRST: u64 = 1;

/// The size of the header, behind which the slots begin.
pub(super) const LEN: u64 = 64;

/// The most slots that there can be.
const SLOTS_MAX: u32 = 1 << 16;

/// What a reader or a writer keeps of a header that it has checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// The number of slots less one.
    pub(super) mask: u64,
    /// The size of the object, or that part of it which matters.
    pub(super) size: u64,
}

impl Shape {
    /// The shape of an object with so many slots for values of a type.
    pub(super) fn new<T: Layout>(slots: u32) -> Result<Self, SnapshotError> {
        if !slots.is_power_of_two() || !(2..=SLOTS_MAX).contains(&slots) {
            return Err(SnapshotError::Slots { found: slots });
        }
        let size = stride::<T>()
            .checked_mul(slots.into())
            .and_then(|all| all.checked_add(LEN))
            .ok_or(SnapshotError::Slots { found: slots })?;
        Ok(Self {
            mask: u64::from(slots).wrapping_sub(1),
            size,
        })
    }

    /// Where the slot of the value of this number begins, in bytes from the start of the object.
    #[inline]
    pub(super) const fn slot<T>(self, sequence: u64) -> u64 {
        (sequence & self.mask)
            .wrapping_mul(stride::<T>())
            .wrapping_add(LEN)
    }
}

impl Header {
    /// What an object with a first value is born with.
    pub(super) const fn new<T: Layout>(slots: u32) -> Self {
        Self {
            magic: MAGIC,
            version: VERSION,
            byte_order: BYTE_ORDER,
            fingerprint: T::FINGERPRINT,
            value_size: value_size::<T>(),
            slots,
            state: CURRENT,
            sequence: FIRST,
            futex: low(FIRST),
            reserved: [0; 3],
        }
    }

    /// Says whether this is a header of a snapshot as this crate has them, of whatever type.
    pub(super) fn is_known(&self) -> bool {
        self.magic == MAGIC && self.byte_order == BYTE_ORDER && self.version == VERSION
    }

    /// Checks all that a header says, of an object of this size, before any of it is used.
    pub(super) fn check<T: Layout>(&self, object_size: u64) -> Result<Shape, SnapshotError> {
        if self.magic != MAGIC {
            return Err(SnapshotError::Foreign { found: self.magic });
        }
        if self.byte_order != BYTE_ORDER {
            return Err(SnapshotError::ByteOrder);
        }
        if self.version != VERSION {
            return Err(SnapshotError::Version {
                found: self.version,
                expected: VERSION,
            });
        }
        if self.value_size != value_size::<T>() {
            return Err(SnapshotError::ValueSize {
                found: self.value_size,
                expected: value_size::<T>(),
            });
        }
        if self.fingerprint != T::FINGERPRINT {
            return Err(SnapshotError::Fingerprint {
                found: self.fingerprint,
                expected: T::FINGERPRINT,
            });
        }
        let shape = Shape::new::<T>(self.slots)?;
        if object_size < shape.size {
            return Err(SnapshotError::ObjectSize {
                found: object_size,
                expected: shape.size,
            });
        }
        Ok(shape)
    }
}

pub(super) const SEQUENCE: usize = offset_of!(Header, sequence);
pub(super) const FUTEX: usize = offset_of!(Header, futex);
pub(super) const STATE: usize = offset_of!(Header, state);

/// The part of a number that is slept on.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the low half is what is asked for"
)]
pub(super) const fn low(sequence: u64) -> u32 {
    sequence as u32
}

#[expect(
    clippy::as_conversions,
    reason = "no other conversion is const; no target has a usize of more than 64 bits"
)]
const fn value_size<T>() -> u64 {
    size_of::<T>() as u64
}
