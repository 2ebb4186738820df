//! Atomic integers in shared memory.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;
#[cfg(target_has_atomic = "64")]
use core::sync::atomic::AtomicU64;
use core::sync::atomic::{AtomicU32, Ordering, fence};

use self::sealed::Cell as _;
use super::{ReadOnly, ReadWrite};

/// An integer in [`SharedBytes`](crate::SharedBytes) that is accessed atomically and with an ordering.
///
/// It is a view: it holds an address, and nothing of the value. Made by
/// [`SharedBytes::atomic`](crate::SharedBytes::atomic). The orderings are std's; where an operation has no use for
/// a part of one, that part is left out, so that none panics: a load takes `Release` as `Relaxed` and `AcqRel` as
/// `Acquire`, a store `Acquire` as `Relaxed` and `AcqRel` as `Release`.
///
/// # Platform notes
///
/// `u64` is there where the target has 64-bit atomics, and read-only only on 64-bit targets: elsewhere its load may
/// need to write.
///
/// # References
/// - [std](https://doc.rust-lang.org/core/sync/atomic/index.html)
pub struct Atomic<'a, T, R> {
    /// Aligned; accessible with the rights `R`, and accessed atomically only, for `'a`.
    cell: NonNull<T>,
    borrowed: PhantomData<&'a R>,
}

// SAFETY: all access is atomic, and `'a` keeps the memory.
unsafe impl<T, R> Send for Atomic<'_, T, R> {}

// SAFETY: all access is atomic, and `'a` keeps the memory.
unsafe impl<T, R> Sync for Atomic<'_, T, R> {}

impl<T, R> Clone for Atomic<'_, T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, R> Copy for Atomic<'_, T, R> {}

impl<T: Integer, R> Atomic<'_, T, R> {
    /// # Safety
    /// `cell` is a multiple of the size of `T`, and accessible with the rights `R`, atomically only, for `'a`.
    pub(crate) const unsafe fn new(cell: NonNull<T>) -> Self {
        Self {
            cell,
            borrowed: PhantomData,
        }
    }

    /// Gives the address, for a system call such as `futex`.
    #[inline]
    #[must_use]
    pub const fn as_ptr(&self) -> *const T {
        self.cell.as_ptr().cast_const()
    }

    #[inline]
    fn cell(&self) -> &T::Cell {
        // SAFETY: aligned and accessible, see the field; the cell is an atomic type, whose reference permits that
        // others access it.
        unsafe { self.cell.cast::<T::Cell>().as_ref() }
    }
}

impl<T: LoadReadOnly> Atomic<'_, T, ReadOnly> {
    /// Loads the value: on pages that may be read-only, so by a relaxed load, and fences for what the order adds.
    #[inline]
    #[must_use]
    pub fn load(&self, order: Ordering) -> T {
        // With a fence in front, it takes part in the single total order of what is SeqCst.
        if matches!(order, Ordering::SeqCst) {
            fence(Ordering::SeqCst);
        }
        let value = self.cell().load(Ordering::Relaxed);
        if !matches!(load_order(order), Ordering::Relaxed) {
            fence(Ordering::Acquire);
        }
        value
    }
}

impl<T: Integer> Atomic<'_, T, ReadWrite> {
    /// Loads the value.
    #[inline]
    #[must_use]
    pub fn load(&self, order: Ordering) -> T {
        self.cell().load(load_order(order))
    }

    /// Stores a value.
    #[inline]
    pub fn store(&self, value: T, order: Ordering) {
        self.cell().store(value, store_order(order));
    }

    /// Stores a value and gives the old one.
    #[inline]
    pub fn swap(&self, value: T, order: Ordering) -> T {
        self.cell().swap(value, order)
    }

    /// Stores `new` if the value is `current`; gives the value that was there, as an error if nothing was stored.
    ///
    /// A failure is ordered like a load with the same order.
    ///
    /// # Errors
    ///
    /// The value that was there, if it is not `current`.
    #[inline]
    pub fn compare_exchange(&self, current: T, new: T, order: Ordering) -> Result<T, T> {
        self.cell()
            .compare_exchange(current, new, order, load_order(order))
    }

    /// Adds, wrapping around, and gives the old value.
    #[inline]
    pub fn fetch_add(&self, value: T, order: Ordering) -> T {
        self.cell().fetch_add(value, order)
    }

    /// Subtracts, wrapping around, and gives the old value.
    #[inline]
    pub fn fetch_sub(&self, value: T, order: Ordering) -> T {
        self.cell().fetch_sub(value, order)
    }

    /// Clears the bits that `value` has not, and gives the old value.
    #[inline]
    pub fn fetch_and(&self, value: T, order: Ordering) -> T {
        self.cell().fetch_and(value, order)
    }

    /// Sets the bits that `value` has, and gives the old value.
    #[inline]
    pub fn fetch_or(&self, value: T, order: Ordering) -> T {
        self.cell().fetch_or(value, order)
    }
}

impl<T, R> fmt::Debug for Atomic<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Atomic").field(&self.cell).finish()
    }
}

/// The part of an order that a load has.
const fn load_order(order: Ordering) -> Ordering {
    match order {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        other => other,
    }
}

/// The part of an order that a store has.
const fn store_order(order: Ordering) -> Ordering {
    match order {
        Ordering::Acquire => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Release,
        other => other,
    }
}

/// `u32`, and `u64` where the target has 64-bit atomics. No other type can implement it.
pub trait Integer: Copy + sealed::Integer {}

/// An [`Integer`] that can be loaded from read-only pages: `u32`, and `u64` on 64-bit targets.
pub trait LoadReadOnly: Integer {}

impl Integer for u32 {}
impl LoadReadOnly for u32 {}

impl sealed::Integer for u32 {
    type Cell = AtomicU32;
}

#[cfg(target_has_atomic = "64")]
impl Integer for u64 {}
#[cfg(target_pointer_width = "64")]
impl LoadReadOnly for u64 {}

#[cfg(target_has_atomic = "64")]
impl sealed::Integer for u64 {
    type Cell = AtomicU64;
}

impl sealed::Cell<u32> for AtomicU32 {
    fn load(&self, order: Ordering) -> u32 {
        self.load(order)
    }

    fn store(&self, value: u32, order: Ordering) {
        self.store(value, order);
    }

    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.swap(value, order)
    }

    fn compare_exchange(
        &self,
        current: u32,
        new: u32,
        done: Ordering,
        not: Ordering,
    ) -> Result<u32, u32> {
        self.compare_exchange(current, new, done, not)
    }

    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_add(value, order)
    }

    fn fetch_sub(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_sub(value, order)
    }

    fn fetch_and(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_and(value, order)
    }

    fn fetch_or(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_or(value, order)
    }
}

#[cfg(target_has_atomic = "64")]
impl sealed::Cell<u64> for AtomicU64 {
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    fn store(&self, value: u64, order: Ordering) {
        self.store(value, order);
    }

    fn swap(&self, value: u64, order: Ordering) -> u64 {
        self.swap(value, order)
    }

    fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        done: Ordering,
        not: Ordering,
    ) -> Result<u64, u64> {
        self.compare_exchange(current, new, done, not)
    }

    fn fetch_add(&self, value: u64, order: Ordering) -> u64 {
        self.fetch_add(value, order)
    }

    fn fetch_sub(&self, value: u64, order: Ordering) -> u64 {
        self.fetch_sub(value, order)
    }

    fn fetch_and(&self, value: u64, order: Ordering) -> u64 {
        self.fetch_and(value, order)
    }

    fn fetch_or(&self, value: u64, order: Ordering) -> u64 {
        self.fetch_or(value, order)
    }
}

mod sealed {
    use core::sync::atomic::Ordering;

    pub trait Integer: Sized {
        type Cell: Cell<Self>;
    }

    /// What std's atomic types have in common.
    pub trait Cell<T> {
        fn load(&self, order: Ordering) -> T;
        fn store(&self, value: T, order: Ordering);
        fn swap(&self, value: T, order: Ordering) -> T;
        fn compare_exchange(
            &self,
            current: T,
            new: T,
            done: Ordering,
            not: Ordering,
        ) -> Result<T, T>;
        fn fetch_add(&self, value: T, order: Ordering) -> T;
        fn fetch_sub(&self, value: T, order: Ordering) -> T;
        fn fetch_and(&self, value: T, order: Ordering) -> T;
        fn fetch_or(&self, value: T, order: Ordering) -> T;
    }
}
