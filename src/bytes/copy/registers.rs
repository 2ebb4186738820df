//! Copies by the units that the assembly knows.
//!
//! The compiler sees the private side of small values only, as plain accesses. One copy serves
//! everything else, and treats private memory like shared memory.

#![expect(
    clippy::inline_always,
    reason = "what the compiler knows of a length makes a few moves of it"
)]

use core::mem::size_of;
use core::ptr::NonNull;

#[cfg_attr(target_arch = "x86_64", path = "x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "aarch64.rs")]
pub(crate) mod arch;

use self::arch::{long, up_to_32, up_to_64};

/// Copies a value out of shared memory: [`from_shared`] for a `len` that the compiler knows.
///
/// # Safety
/// As [`from_shared`].
#[inline(always)]
pub(crate) unsafe fn load<T>(shared: NonNull<u8>, private: *mut T, len: usize) {
    // SAFETY: the caller's.
    unsafe { value::<Out>(shared.as_ptr(), private.cast(), len) };
}

/// Copies a value into shared memory: [`to_shared`] for a `len` that the compiler knows.
///
/// # Safety
/// As [`to_shared`].
#[inline(always)]
pub(crate) unsafe fn store<T>(private: *const T, shared: NonNull<u8>, len: usize) {
    // SAFETY: the caller's.
    unsafe { value::<In>(private.cast(), shared.as_ptr(), len) };
}

/// Copies `len` bytes, of values of type `T`, out of shared memory.
///
/// # Safety
/// `shared` can be read and `private`, at any alignment, written for `len` bytes, and they do not
/// overlap. Nothing else accesses the private bytes meanwhile, and the shared ones are accessed
/// atomically only.
#[inline]
pub(crate) unsafe fn from_shared<T>(shared: NonNull<u8>, private: *mut T, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy(shared.as_ptr(), private.cast(), len) };
}

/// Copies `len` bytes, of values of type `T`, into shared memory.
///
/// # Safety
/// `private`, at any alignment, can be read and `shared` written for `len` bytes, and they do not
/// overlap. Nothing writes the private bytes meanwhile, and the shared ones are accessed atomically
/// only.
#[inline]
pub(crate) unsafe fn to_shared<T>(private: *const T, shared: NonNull<u8>, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy(private.cast(), shared.as_ptr(), len) };
}

/// Copies `len` bytes from shared memory to shared memory. If the two overlap, the target gets what
/// the source had.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes, and both are accessed atomically only.
#[inline]
pub(crate) unsafe fn within_shared(from: NonNull<u8>, to: NonNull<u8>, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy(from.as_ptr(), to.as_ptr(), len) };
}

/// What one instruction copies.
pub(crate) trait Unit: Copy {
    /// # Safety
    /// `AT` bytes after `base`, a unit can be read. Every bit pattern is valid.
    unsafe fn load<const AT: usize>(base: *const u8) -> Self;

    /// # Safety
    /// `AT` bytes after `base`, a unit can be written.
    unsafe fn store<const AT: usize>(self, base: *mut u8);
}

/// A macro, because the text of an `asm!` cannot depend on a type.
macro_rules! unit {
    ($unit:ty, $class:ident, $load:literal, $store:literal) => {
        impl Unit for $unit {
            #[inline]
            unsafe fn load<const AT: usize>(base: *const u8) -> Self {
                let unit;
                // SAFETY: readable, by this function's own contract.
                unsafe {
                    asm!($load, base = in(reg) base, at = const AT, unit = lateout($class) unit,
                        options(nostack, preserves_flags, readonly));
                }
                unit
            }

            #[inline]
            unsafe fn store<const AT: usize>(self, base: *mut u8) {
                // SAFETY: writable, by this function's own contract.
                unsafe {
                    asm!($store, base = in(reg) base, at = const AT, unit = in($class) self,
                        options(nostack, preserves_flags));
                }
            }
        }
    };
}

pub(super) use unit;

/// Which side of a copy is shared.
trait Direction {
    /// # Safety
    /// `AT` bytes after `from` a unit can be read, and `AT` bytes after `to` one can be written.
    /// The shared side (`from` for `Out`, `to` for `In`) is accessed atomically only, and nothing
    /// else accesses the private one meanwhile.
    unsafe fn copy<U: Unit, const AT: usize>(from: *const u8, to: *mut u8);
}

struct Out;

impl Direction for Out {
    #[inline(always)]
    unsafe fn copy<U: Unit, const AT: usize>(from: *const u8, to: *mut u8) {
        // SAFETY: the caller's.
        let unit = unsafe { U::load::<AT>(from) };
        // SAFETY: the caller's.
        unsafe { to.wrapping_add(AT).cast::<U>().write_unaligned(unit) };
    }
}

struct In;

impl Direction for In {
    #[inline(always)]
    unsafe fn copy<U: Unit, const AT: usize>(from: *const u8, to: *mut u8) {
        // SAFETY: the caller's; every bit pattern is valid.
        let unit = unsafe { from.wrapping_add(AT).cast::<U>().read_unaligned() };
        // SAFETY: the caller's.
        unsafe { unit.store::<AT>(to) };
    }
}

/// Copies a value of a `len` that the compiler knows. Only moves between registers and shared
/// memory remain of this. There is no loop, because code that is optimised for size would keep it.
///
/// # Safety
/// As [`copy`], and the side that the direction says is shared.
#[expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one operation by the size of its units"
)]
#[inline(always)]
unsafe fn value<D: Direction>(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's; the units follow one another, and end where the value does.
    unsafe {
        if len >= 64 {
            return copy(from, to, len);
        }
        unit_if::<D, u64, 0>(len >= 8, from, to);
        unit_if::<D, u64, 8>(len >= 16, from, to);
        unit_if::<D, u64, 16>(len >= 24, from, to);
        unit_if::<D, u64, 24>(len >= 32, from, to);
        unit_if::<D, u64, 32>(len >= 40, from, to);
        unit_if::<D, u64, 40>(len >= 48, from, to);
        unit_if::<D, u64, 48>(len >= 56, from, to);
        let (from, to) = (from.wrapping_add(len & !7), to.wrapping_add(len & !7));
        unit_if::<D, u32, 0>(len & 4 != 0, from, to);
        let (from, to) = (from.wrapping_add(len & 4), to.wrapping_add(len & 4));
        unit_if::<D, u16, 0>(len & 2 != 0, from, to);
        unit_if::<D, u8, 0>(len & 3 == 1, from, to);
        unit_if::<D, u8, 2>(len & 3 == 3, from, to);
    }
}

/// # Safety
/// If `is_there`, as [`Direction::copy`].
#[inline(always)]
unsafe fn unit_if<D: Direction, U: Unit, const AT: usize>(
    is_there: bool,
    from: *const u8,
    to: *mut u8,
) {
    if is_there {
        // SAFETY: the caller's.
        unsafe { D::copy::<U, AT>(from, to) };
    }
}

/// Copies `len` bytes, also if source and target overlap: up to eight vectors are all loaded before
/// any of them is stored. The shortest copies are inlined, because a call would take longer than
/// they do.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes. A shared side is accessed atomically only,
/// and nothing else accesses a private one meanwhile.
#[expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one operation by the size of its units"
)]
#[inline]
unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's; each length is one that its units are for.
    unsafe {
        if len > 64 {
            long(from, to, len);
        } else if len > 32 {
            up_to_64(from, to, len);
        } else if len > 16 {
            up_to_32(from, to, len);
        } else if len >= 8 {
            ends::<u64>(from, to, len);
        } else if len >= 4 {
            ends::<u32>(from, to, len);
        } else if len >= 2 {
            ends::<u16>(from, to, len);
        } else if len == 1 {
            ends::<u8>(from, to, len);
        }
    }
}

/// Copies a unit at the start, and one at the end, which may overlap the first. If all is one unit,
/// copies it once.
///
/// # Safety
/// As [`copy`], and `len` is from one unit to two.
#[expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one operation by its units"
)]
#[inline(always)]
unsafe fn ends<U: Unit>(from: *const u8, to: *mut u8, len: usize) {
    let rest = len.wrapping_sub(size_of::<U>());
    // SAFETY: the caller's.
    unsafe {
        let head = U::load::<0>(from);
        if rest != 0 {
            U::load::<0>(from.wrapping_add(rest)).store::<0>(to.wrapping_add(rest));
        }
        head.store::<0>(to);
    }
}
