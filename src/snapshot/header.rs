//! The first 64 bytes of a snapshot's object.

use core::mem::{offset_of, size_of};

use bytemuck::{Pod, Zeroable};

use super::error::Error;
use super::layout::Layout;
use super::seqlock::Stamp;

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
    reserved: u32,
    /// The stamp of the last value, with a mark if no value follows. Readers sleep on its lower
    /// half.
    last: u64,
    reserved_too: [u64; 2],
}

// SAFETY: all of its fields can be zero.
unsafe impl Zeroable for Header {}

// SAFETY: every field is plain, and the fields leave no padding: 8 + 4 + 4 + 8 + 8 + 4 + 4 + 8
// + 16 is 64, the size.
unsafe impl Pod for Header {}

const _: () = assert!(size_of::<Header>() == 64, "the layout is documented");

const MAGIC: [u8; 8] = *b"rawshm:S";
const VERSION: u32 = 2;
const BYTE_ORDER: u32 = 0x0102_0304;
/// The offset of the stamp in the header.
pub(super) const LAST: usize = offset_of!(Header, last);

/// The same, where it is an offset of the object.
pub(super) const LAST_IN_OBJECT: u64 = wide(LAST);

/// The stamp of the value that a snapshot is created with.
pub(super) const FIRST: Stamp = Stamp::of(1);

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

    /// The offset of the slot of this number, in bytes from the start of the object.
    #[inline]
    pub(super) const fn slot<T>(self, number: u64) -> u64 {
        (number & self.mask)
            .wrapping_mul(stride::<T>())
            .wrapping_add(LEN)
    }

    /// The offset of the value in this slot, likewise.
    pub(super) const fn value<T>(self, number: u64) -> u64 {
        self.slot::<T>(number)
            .wrapping_add(wide(value_offset::<T>()))
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
            reserved: 0,
            last: FIRST.bits(),
            reserved_too: [0; 2],
        }
    }

    /// Returns whether this is the header of a snapshot of this version, of any type.
    pub(super) fn is_known(&self) -> bool {
        self.magic == MAGIC && self.byte_order == BYTE_ORDER && self.version == VERSION
    }

    /// The stamp of the last value.
    pub(super) const fn last(&self) -> Stamp {
        Stamp::from_bits(self.last)
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

/// The offset of the value in a slot. The stamp comes first. A small value follows it in the same
/// cache line of 64 bytes; a larger one begins with the next line, since copies of aligned bytes
/// are faster.
pub(super) const fn value_offset<T>() -> usize {
    if size_of::<T>() <= 56 { 8 } else { 64 }
}

/// The distance between two slots in bytes: whole cache lines.
const fn stride<T>() -> u64 {
    wide(value_offset::<T>())
        .saturating_add(size::<T>())
        .next_multiple_of(64)
}

const fn size<T>() -> u64 {
    wide(size_of::<T>())
}

#[expect(
    clippy::as_conversions,
    reason = "no other conversion is const; no target has a usize of more than 64 bits"
)]
const fn wide(len: usize) -> u64 {
    len as u64
}
