//! Copies between shared and private memory.
//!
//! Shared bytes may change under a copy, so every access to them is a relaxed atomic one, of the largest of 8
//! (on 64-bit targets), 4, 2 and 1 bytes that is aligned and fits. Hence a naturally aligned integer is copied whole,
//! and anything larger can be torn by a concurrent writer. Private memory is accessed as usual.
//!
//! These accesses also work on pages that are mapped read-only: they are relaxed loads no larger than what
//! [std guarantees](https://doc.rust-lang.org/1.95.0/core/sync/atomic/index.html#atomic-accesses-to-read-only-memory).
//!
//! Limitation: for accesses that are not synchronised and overlap in part, Rust's model as it stands, like C++'s,
//! defines nothing, not even for atomic ones, and peers cannot be kept from them. Compilers and processors give each
//! byte some value that was stored to it, which is all that is relied on here.

use core::mem::size_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering::Relaxed};

const WORD: usize = size_of::<usize>();

/// Copies `len` bytes out of shared memory.
///
/// # Safety
/// `shared` can be read and `private` written for `len` bytes, and they do not overlap. Nothing else accesses the
/// private bytes meanwhile, and nothing accesses the shared ones but atomically.
pub(crate) unsafe fn from_shared(shared: NonNull<u8>, private: *mut u8, len: usize) {
    let mut done = 0;
    if shared.cast::<AtomicUsize>().is_aligned() {
        while len.wrapping_sub(done) >= WORD {
            let from = shared.as_ptr().wrapping_add(done);
            let to = private.wrapping_add(done);
            // SAFETY: a word is left, so both can be accessed by this function's own contract; `from` is aligned.
            unsafe { load(from, to, |cell: &AtomicUsize| cell.load(Relaxed)) };
            done = done.wrapping_add(WORD);
        }
    }
    while done < len {
        let from = shared.as_ptr().wrapping_add(done);
        let to = private.wrapping_add(done);
        let unit = unit(from, len.wrapping_sub(done));
        #[expect(
            clippy::multiple_unsafe_ops_per_block,
            reason = "four sizes of one operation"
        )]
        // SAFETY: `unit` bytes are left, so both can be accessed by this function's own contract; `from` is a
        // multiple of `unit`.
        unsafe {
            match unit {
                1 => load(from, to, |cell: &AtomicU8| cell.load(Relaxed)),
                2 => load(from, to, |cell: &AtomicU16| cell.load(Relaxed)),
                4 => load(from, to, |cell: &AtomicU32| cell.load(Relaxed)),
                _ => load(from, to, |cell: &AtomicUsize| cell.load(Relaxed)),
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
pub(crate) unsafe fn to_shared(private: *const u8, shared: NonNull<u8>, len: usize) {
    let mut done = 0;
    if shared.cast::<AtomicUsize>().is_aligned() {
        while len.wrapping_sub(done) >= WORD {
            let from = private.wrapping_add(done);
            let to = shared.as_ptr().wrapping_add(done);
            // SAFETY: a word is left, so both can be accessed by this function's own contract; `to` is aligned.
            unsafe {
                store(from, to, |cell: &AtomicUsize, word| {
                    cell.store(word, Relaxed);
                });
            }
            done = done.wrapping_add(WORD);
        }
    }
    while done < len {
        let from = private.wrapping_add(done);
        let to = shared.as_ptr().wrapping_add(done);
        let unit = unit(to, len.wrapping_sub(done));
        #[expect(
            clippy::multiple_unsafe_ops_per_block,
            reason = "four sizes of one operation"
        )]
        // SAFETY: `unit` bytes are left, so both can be accessed by this function's own contract; `to` is a multiple
        // of `unit`.
        unsafe {
            match unit {
                1 => store(from, to, |cell: &AtomicU8, value| {
                    cell.store(value, Relaxed);
                }),
                2 => store(from, to, |cell: &AtomicU16, value| {
                    cell.store(value, Relaxed);
                }),
                4 => store(from, to, |cell: &AtomicU32, value| {
                    cell.store(value, Relaxed);
                }),
                _ => store(from, to, |cell: &AtomicUsize, value| {
                    cell.store(value, Relaxed);
                }),
            }
        }
        done = done.wrapping_add(unit);
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
/// `from` is aligned for `C`, whose size `V` has; both can be accessed for that size as `from_shared` says.
unsafe fn load<C, V>(from: *mut u8, to: *mut u8, load: impl FnOnce(&C) -> V) {
    // SAFETY: aligned and readable by this function's own contract. `C` is an atomic type, whose reference permits
    // that others write; it is gone when this function returns.
    let value = load(unsafe { &*from.cast::<C>() });
    // SAFETY: writable by this function's own contract.
    unsafe { to.cast::<V>().write_unaligned(value) }
}

/// # Safety
/// `to` is aligned for `C`, whose size `V` has; both can be accessed for that size as `to_shared` says. Every bit
/// pattern is a `V`.
unsafe fn store<C, V>(from: *const u8, to: *mut u8, store: impl FnOnce(&C, V)) {
    // SAFETY: readable by this function's own contract.
    let value = unsafe { from.cast::<V>().read_unaligned() };
    // SAFETY: aligned and writable by this function's own contract. `C` is an atomic type, whose reference permits
    // that others access it; it is gone when this function returns.
    store(unsafe { &*to.cast::<C>() }, value);
}
