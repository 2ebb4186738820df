//! What copies through a buffer: comparing and filling.

use core::cmp::Ordering;
use core::mem::{MaybeUninit, size_of_val};
use core::ptr::{self, NonNull};
use core::slice;

use bytemuck::NoUninit;

use super::copy;

/// Long enough for copies to be fast, and short enough for any stack.
const BUFFER: usize = 1024;

/// Compares as many shared bytes as `with` has.
///
/// # Safety
/// `shared` can be read for as many bytes as `with` has, and is accessed atomically only.
pub(super) unsafe fn compare<T: NoUninit>(shared: NonNull<u8>, with: &[T]) -> Ordering {
    let mut buffer = [MaybeUninit::<u8>::uninit(); BUFFER];
    let buffer: *mut u8 = buffer.as_mut_ptr().cast();
    let mut from = shared;
    for with in bytemuck::cast_slice(with).chunks(BUFFER) {
        // SAFETY: as many bytes are left, by this function's own contract, and no chunk is longer
        // than the buffer.
        unsafe { copy::from_shared::<T>(from, buffer.cast(), with.len()) };
        // SAFETY: these bytes have just been written.
        let copied: &[u8] = unsafe { slice::from_raw_parts(buffer, with.len()) };
        let order = copied.cmp(with);
        if order.is_ne() {
            return order;
        }
        // SAFETY: the address stays within the bytes, or just past them.
        from = unsafe { from.add(with.len()) };
    }
    Ordering::Equal
}

/// Writes `len` bytes: those of `value`, again and again.
///
/// # Safety
/// `shared` can be written for `len` bytes, a multiple of those of `value`, and is accessed
/// atomically only.
pub(super) unsafe fn fill<T: NoUninit>(shared: NonNull<u8>, len: usize, value: &T) {
    let mut buffer = MaybeUninit::<[u8; BUFFER]>::uninit();
    let buffer: *mut u8 = buffer.as_mut_ptr().cast();
    let mut source: *const u8 = ptr::from_ref(value).cast();
    let mut step = size_of_val(value);
    // Small values are repeated in the buffer, and written many at a time; a large one is written
    // from where it is.
    if step != 0 && step <= BUFFER / 2 && step < len {
        // SAFETY: the value has `step` bytes, and the buffer no fewer.
        unsafe { ptr::copy_nonoverlapping(source, buffer, step) };
        source = buffer;
        while step <= BUFFER / 2 && step <= len / 2 {
            // SAFETY: `step` bytes have been written, and the buffer has twice as many.
            unsafe { ptr::copy_nonoverlapping(buffer, buffer.wrapping_add(step), step) };
            step = step.wrapping_mul(2);
        }
    }
    let mut done: usize = 0;
    while done < len {
        let part = step.min(len.wrapping_sub(done));
        // SAFETY: `done` is less than `len`.
        let to = unsafe { shared.add(done) };
        // SAFETY: `part` bytes are left, and the source has no fewer.
        unsafe { copy::to_shared::<T>(source.cast(), to, part) };
        done = done.wrapping_add(part);
    }
}
