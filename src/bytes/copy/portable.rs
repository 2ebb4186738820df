//! Copies by relaxed atomic accesses of std's, for any target, for Miri and for loom.
//!
//! Shared bytes are accessed by units of the largest of 8 (on 64-bit targets), 4, 2 and 1 bytes that is aligned and fits;
//! private ones as usual.

use core::mem::{MaybeUninit, size_of};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering::Relaxed};

const WORD: usize = size_of::<usize>();

/// The bytes that are on their way at a time within shared memory.
const CHUNK: usize = 256;

/// How a unit of shared memory is accessed: by std's atomics, or by those of a model checker.
pub(crate) trait Access<Unit> {
    /// # Safety
    /// `at` is a multiple of the unit's size and can be read, and nothing accesses it but atomically.
    unsafe fn load(at: *const Unit) -> Unit;

    /// # Safety
    /// `at` is a multiple of the unit's size and can be written, and nothing accesses it but atomically.
    unsafe fn store(at: *mut Unit, unit: Unit);
}

pub(crate) trait Memory: Access<u8> + Access<u16> + Access<u32> + Access<usize> {}

/// The memory of this process.
pub(crate) struct Actual;

impl Memory for Actual {}

/// A macro, as std's atomic types have no trait in common.
macro_rules! access {
    ($unit:ty, $atomic:ty) => {
        impl Access<$unit> for Actual {
            unsafe fn load(at: *const $unit) -> $unit {
                // SAFETY: aligned and readable by this function's own contract. It is an atomic type, whose reference
                // permits that others write; it is gone when this function returns.
                unsafe { &*at.cast::<$atomic>() }.load(Relaxed)
            }

            unsafe fn store(at: *mut $unit, unit: $unit) {
                // SAFETY: aligned and writable by this function's own contract. It is an atomic type, whose reference
                // permits that others access it; it is gone when this function returns.
                unsafe { &*at.cast::<$atomic>() }.store(unit, Relaxed);
            }
        }
    };
}

access!(u8, AtomicU8);
access!(u16, AtomicU16);
access!(u32, AtomicU32);
access!(usize, AtomicUsize);

/// Copies `len` bytes out of shared memory.
///
/// # Safety
/// `shared` can be read and `private` written for `len` bytes, and they do not overlap. Nothing else accesses the
/// private bytes meanwhile, and nothing accesses the shared ones but atomically.
pub(crate) unsafe fn copy_out<M: Memory>(shared: *const u8, private: *mut u8, len: usize) {
    let mut done = 0;
    if shared.addr() % WORD == 0 {
        while len.wrapping_sub(done) >= WORD {
            let (from, to) = (shared.wrapping_add(done), private.wrapping_add(done));
            // SAFETY: a word is left, so both can be accessed by this function's own contract; `from` is aligned.
            unsafe { out::<M, usize>(from, to) };
            done = done.wrapping_add(WORD);
        }
    }
    while done < len {
        let (from, to) = (shared.wrapping_add(done), private.wrapping_add(done));
        let unit = unit(from, len.wrapping_sub(done));
        #[expect(
            clippy::multiple_unsafe_ops_per_block,
            reason = "four sizes of one operation"
        )]
        // SAFETY: `unit` bytes are left, so both can be accessed by this function's own contract; `from` is a
        // multiple of `unit`.
        unsafe {
            match unit {
                1 => out::<M, u8>(from, to),
                2 => out::<M, u16>(from, to),
                4 => out::<M, u32>(from, to),
                _ => out::<M, usize>(from, to),
            }
        }
        done = done.wrapping_add(unit);
    }
}

/// Copies `len` bytes into shared memory.
///
/// # Safety
/// `private` can be read and `shared` written for `len` bytes, and they do not overlap. Nothing writes the private
/// bytes meanwhile, and nothing accesses the shared ones but atomically.
pub(crate) unsafe fn copy_in<M: Memory>(private: *const u8, shared: *mut u8, len: usize) {
    let mut done = 0;
    if shared.addr() % WORD == 0 {
        while len.wrapping_sub(done) >= WORD {
            let (from, to) = (private.wrapping_add(done), shared.wrapping_add(done));
            // SAFETY: a word is left, so both can be accessed by this function's own contract; `to` is aligned.
            unsafe { into::<M, usize>(from, to) };
            done = done.wrapping_add(WORD);
        }
    }
    while done < len {
        let (from, to) = (private.wrapping_add(done), shared.wrapping_add(done));
        let unit = unit(to, len.wrapping_sub(done));
        #[expect(
            clippy::multiple_unsafe_ops_per_block,
            reason = "four sizes of one operation"
        )]
        // SAFETY: `unit` bytes are left, so both can be accessed by this function's own contract; `to` is a multiple
        // of `unit`.
        unsafe {
            match unit {
                1 => into::<M, u8>(from, to),
                2 => into::<M, u16>(from, to),
                4 => into::<M, u32>(from, to),
                _ => into::<M, usize>(from, to),
            }
        }
        done = done.wrapping_add(unit);
    }
}

/// Copies `len` bytes from shared memory to shared memory. If the two overlap, the target gets what the source had.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes, and nothing accesses them but atomically.
pub(crate) unsafe fn copy_within<M: Memory>(from: *const u8, to: *mut u8, len: usize) {
    let mut chunk = MaybeUninit::<[u8; CHUNK]>::uninit();
    let chunk: *mut u8 = chunk.as_mut_ptr().cast();
    // What is written first must not be what is still to be read.
    let backwards = to.addr().wrapping_sub(from.addr()) < len;
    let mut done: usize = 0;
    while done < len {
        let left = len.wrapping_sub(done);
        let size = left.min(CHUNK);
        let at = if backwards {
            left.wrapping_sub(size)
        } else {
            done
        };
        // SAFETY: the source has `size` bytes at `at`, by this function's own contract; so has the chunk.
        unsafe { copy_out::<M>(from.wrapping_add(at), chunk, size) };
        // SAFETY: the target has `size` bytes at `at`, by this function's own contract; so many were just written.
        unsafe { copy_in::<M>(chunk, to.wrapping_add(at), size) };
        done = done.wrapping_add(size);
    }
}

/// The size of the largest access that is aligned at `shared` and does not exceed `left`, which is not 0.
fn unit(shared: *const u8, left: usize) -> usize {
    let bits = shared.addr() | WORD;
    let mut unit = bits & bits.wrapping_neg();
    while unit > left {
        unit /= 2;
    }
    unit
}

/// # Safety
/// `from` is a multiple of the size of `U`; both can be accessed for that size as `copy_out` says.
unsafe fn out<M: Access<U>, U>(from: *const u8, to: *mut u8) {
    // SAFETY: aligned and readable by this function's own contract.
    let unit = unsafe { M::load(from.cast()) };
    // SAFETY: writable by this function's own contract.
    unsafe { to.cast::<U>().write_unaligned(unit) }
}

/// # Safety
/// `to` is a multiple of the size of `U`; both can be accessed for that size as `copy_in` says. Every bit pattern is
/// a `U`.
unsafe fn into<M: Access<U>, U>(from: *const u8, to: *mut u8) {
    // SAFETY: readable by this function's own contract.
    let unit = unsafe { from.cast::<U>().read_unaligned() };
    // SAFETY: aligned and writable by this function's own contract.
    unsafe { M::store(to.cast(), unit) }
}

/// Copies a value of `len` bytes out of shared memory: as [`from_shared`], for a `len` that the compiler knows.
///
/// # Safety
/// As [`from_shared`].
pub(crate) unsafe fn load(shared: NonNull<u8>, private: *mut u8, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy_out::<Actual>(shared.as_ptr(), private, len) };
}

/// Copies a value of `len` bytes into shared memory: as [`to_shared`], for a `len` that the compiler knows.
///
/// # Safety
/// As [`to_shared`].
pub(crate) unsafe fn store(private: *const u8, shared: NonNull<u8>, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy_in::<Actual>(private, shared.as_ptr(), len) };
}

/// Copies `len` bytes out of shared memory.
///
/// # Safety
/// `shared` can be read and `private` written for `len` bytes, and they do not overlap. Nothing else accesses the
/// private bytes meanwhile, and nothing accesses the shared ones but atomically.
pub(crate) unsafe fn from_shared(shared: NonNull<u8>, private: *mut u8, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy_out::<Actual>(shared.as_ptr(), private, len) };
}

/// Copies `len` bytes into shared memory.
///
/// # Safety
/// `private` can be read and `shared` written for `len` bytes, and they do not overlap. Nothing writes the private
/// bytes meanwhile, and nothing accesses the shared ones but atomically.
pub(crate) unsafe fn to_shared(private: *const u8, shared: NonNull<u8>, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy_in::<Actual>(private, shared.as_ptr(), len) };
}

/// Copies `len` bytes from shared memory to shared memory. If the two overlap, the target gets what the source had.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes, and nothing accesses them but atomically.
pub(crate) unsafe fn within_shared(from: NonNull<u8>, to: NonNull<u8>, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy_within::<Actual>(from.as_ptr(), to.as_ptr(), len) };
}
