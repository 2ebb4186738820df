//! Copies with relaxed atomic accesses of std's, for any target, for Miri and for loom.
//!
//! A copy accesses shared bytes in units of one size: the largest of which the address, the length
//! and the alignment of the type are multiples, and no larger than a word. So threads that agree on
//! where their values begin, and of what type they are, never access the same bytes with different
//! sizes. Copies between shared bytes have no type; the length and each address decide alone.
//! Private bytes are accessed as usual.

use core::mem::{MaybeUninit, align_of, size_of};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering::Relaxed};

/// How many bytes a copy between shared bytes holds at a time.
const CHUNK: usize = 256;

/// How a unit of shared memory is accessed: with std's atomics, or with those of a model checker.
pub(crate) trait Access<Unit> {
    /// # Safety
    /// `at` is a multiple of the unit's size and can be read, and is accessed atomically only.
    unsafe fn load(at: *const Unit) -> Unit;

    /// # Safety
    /// `at` is a multiple of the unit's size and can be written, and is accessed atomically only.
    unsafe fn store(at: *mut Unit, unit: Unit);
}

pub(crate) trait Memory: Access<u8> + Access<u16> + Access<u32> + Access<usize> {}

/// The memory of this process.
pub(crate) struct Actual;

impl Memory for Actual {}

/// A macro, because std's atomic types have no trait in common.
macro_rules! access {
    ($unit:ty, $atomic:ty) => {
        impl Access<$unit> for Actual {
            #[inline]
            unsafe fn load(at: *const $unit) -> $unit {
                // SAFETY: aligned and readable, by this function's own contract. The type is
                // atomic, so others may write while the reference exists, which is until this
                // function returns.
                unsafe { &*at.cast::<$atomic>() }.load(Relaxed)
            }

            #[inline]
            unsafe fn store(at: *mut $unit, unit: $unit) {
                // SAFETY: aligned and writable, by this function's own contract. The type is
                // atomic, so others may access it while the reference exists, which is until this
                // function returns.
                unsafe { &*at.cast::<$atomic>() }.store(unit, Relaxed);
            }
        }
    };
}

access!(u8, AtomicU8);
access!(u16, AtomicU16);
access!(u32, AtomicU32);
access!(usize, AtomicUsize);

/// Which side of a copy is written.
pub(crate) trait Direction {
    /// # Safety
    /// `shared` is a multiple of the size of `U`. Both can be accessed for that size, as the
    /// direction has it. Every bit pattern is a `U`.
    unsafe fn copy<M: Access<U>, U>(shared: *mut u8, private: *mut u8);
}

pub(crate) struct Out;

impl Direction for Out {
    unsafe fn copy<M: Access<U>, U>(shared: *mut u8, private: *mut u8) {
        // SAFETY: aligned and readable, by this function's own contract.
        let unit: U = unsafe { M::load(shared.cast()) };
        // SAFETY: writable, by this function's own contract.
        unsafe { private.cast::<U>().write_unaligned(unit) }
    }
}

pub(crate) struct In;

impl Direction for In {
    unsafe fn copy<M: Access<U>, U>(shared: *mut u8, private: *mut u8) {
        // SAFETY: readable, by this function's own contract.
        let unit = unsafe { private.cast::<U>().read_unaligned() };
        // SAFETY: aligned and writable, by this function's own contract.
        unsafe { M::store(shared.cast(), unit) }
    }
}

/// Copies `len` bytes in units of one size: the largest of which the address, the length, the
/// alignment of `T` and the size of a word are multiples.
///
/// # Safety
/// `shared` and `private` can be accessed for `len` bytes, as the direction has it, and do not
/// overlap. Nothing else accesses the private bytes meanwhile, and the shared ones are accessed
/// atomically only.
pub(crate) unsafe fn copy<M: Memory, D: Direction, T>(
    shared: *mut u8,
    private: *mut u8,
    len: usize,
) {
    let bits = shared.addr() | len | align_of::<T>() | size_of::<usize>();
    #[expect(
        clippy::multiple_unsafe_ops_per_block,
        reason = "four sizes of one operation"
    )]
    // SAFETY: `shared` and `len` are multiples of the unit, whose size is the lowest bit; the rest
    // is this function's own contract.
    unsafe {
        match bits & bits.wrapping_neg() {
            1 => units::<M, u8, D>(shared, private, len),
            2 => units::<M, u16, D>(shared, private, len),
            4 => units::<M, u32, D>(shared, private, len),
            _ => units::<M, usize, D>(shared, private, len),
        }
    }
}

/// # Safety
/// As [`Direction::copy`], for `len` bytes, a multiple of the size of `U`.
unsafe fn units<M: Access<U>, U, D: Direction>(shared: *mut u8, private: *mut u8, len: usize) {
    let mut done: usize = 0;
    while done < len {
        // SAFETY: a unit is left; the rest is this function's own contract.
        unsafe { D::copy::<M, U>(shared.wrapping_add(done), private.wrapping_add(done)) };
        done = done.wrapping_add(size_of::<U>());
    }
}

/// # Safety
/// As [`within_shared`].
pub(crate) unsafe fn copy_within<M: Memory>(from: *const u8, to: *mut u8, len: usize) {
    let mut chunk = MaybeUninit::<[u8; CHUNK]>::uninit();
    let chunk: *mut u8 = chunk.as_mut_ptr().cast();
    // Bytes of the source must be read before they are overwritten.
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
        // SAFETY: the source has `size` bytes at `at`, by this function's own contract; so has the
        // chunk. The source is only read.
        unsafe { copy::<M, Out, usize>(from.wrapping_add(at).cast_mut(), chunk, size) };
        // SAFETY: the target has `size` bytes at `at`, by this function's own contract. The chunk's
        // have just been written.
        unsafe { copy::<M, In, usize>(to.wrapping_add(at), chunk, size) };
        done = done.wrapping_add(size);
    }
}

/// Copies a value out of shared memory: [`from_shared`] for a `len` that the compiler knows.
///
/// # Safety
/// As [`from_shared`].
#[inline]
pub(crate) unsafe fn load<T>(shared: NonNull<u8>, private: *mut T, len: usize) {
    // SAFETY: the caller's.
    unsafe { from_shared(shared, private, len) };
}

/// Copies a value into shared memory: [`to_shared`] for a `len` that the compiler knows.
///
/// # Safety
/// As [`to_shared`].
#[inline]
pub(crate) unsafe fn store<T>(private: *const T, shared: NonNull<u8>, len: usize) {
    // SAFETY: the caller's.
    unsafe { to_shared(private, shared, len) };
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
    unsafe { copy::<Actual, Out, T>(shared.as_ptr(), private.cast(), len) };
}

/// Copies `len` bytes, of values of type `T`, into shared memory.
///
/// # Safety
/// `private`, at any alignment, can be read and `shared` written for `len` bytes, and they do not
/// overlap. Nothing writes the private bytes meanwhile, and the shared ones are accessed atomically
/// only.
#[inline]
pub(crate) unsafe fn to_shared<T>(private: *const T, shared: NonNull<u8>, len: usize) {
    // SAFETY: the caller's; the private bytes are only read.
    unsafe { copy::<Actual, In, T>(shared.as_ptr(), private.cast_mut().cast(), len) };
}

/// Copies `len` bytes from shared memory to shared memory. If the two overlap, the target gets what
/// the source had.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes, and both are accessed atomically only.
pub(crate) unsafe fn within_shared(from: NonNull<u8>, to: NonNull<u8>, len: usize) {
    // SAFETY: the caller's.
    unsafe { copy_within::<Actual>(from.as_ptr(), to.as_ptr(), len) };
}
