//! What takes copies through a buffer: comparing and filling.

use core::cmp::Ordering;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use core::slice;

use super::copy;

/// Enough that a copy of it is fast, and little enough for anybody's stack.
const ROOM: usize = 1024;

/// Compares as many shared bytes as `with` has.
///
/// # Safety
/// `shared` can be read for as many bytes as `with` has, and nothing accesses them but atomically.
pub(crate) unsafe fn compare(shared: NonNull<u8>, with: &[u8]) -> Ordering {
    let mut room = [MaybeUninit::<u8>::uninit(); ROOM];
    let room: *mut u8 = room.as_mut_ptr().cast();
    let mut from = shared;
    for with in with.chunks(ROOM) {
        // SAFETY: so many bytes are left, by this function's own contract, and `chunks` gives no more than there is room.
        unsafe { copy::from_shared(from, room, with.len()) };
        // SAFETY: so many have just been written.
        let copied = unsafe { slice::from_raw_parts(room, with.len()) };
        let order = copied.cmp(with);
        if order.is_ne() {
            return order;
        }
        // SAFETY: it stays within the bytes, or right behind them.
        from = unsafe { from.add(with.len()) };
    }
    Ordering::Equal
}

/// Writes `len` bytes: those of `value`, again and again.
///
/// # Safety
/// `shared` can be written for `len` bytes, a multiple of those of `value`, and nothing accesses them but atomically.
pub(crate) unsafe fn fill(shared: NonNull<u8>, len: usize, value: &[u8]) {
    let mut room = MaybeUninit::<[u8; ROOM]>::uninit();
    let room: *mut u8 = room.as_mut_ptr().cast();
    let mut source = value.as_ptr();
    let mut step = value.len();
    // Many values at a time, if they are small; a large one is written as it is.
    if step != 0 && step <= ROOM / 2 && step < len {
        // SAFETY: the value has `step` bytes, and there is room for them.
        unsafe { ptr::copy_nonoverlapping(source, room, step) };
        source = room;
        while step <= ROOM / 2 && step <= len / 2 {
            // SAFETY: so many have been written, and there is room for twice as many.
            unsafe { ptr::copy_nonoverlapping(room, room.wrapping_add(step), step) };
            step = step.wrapping_mul(2);
        }
    }
    let mut done: usize = 0;
    while done < len {
        let part = step.min(len.wrapping_sub(done));
        // SAFETY: `done` is less than `len`.
        let to = unsafe { shared.add(done) };
        // SAFETY: so many bytes are left, and the source has as many.
        unsafe { copy::to_shared(source, to, part) };
        done = done.wrapping_add(part);
    }
}
