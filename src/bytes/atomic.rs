//! Atomic integers in shared memory.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{Ordering, fence};

use super::{ReadOnly, ReadWrite};

/// An integer in [`SharedBytes`](crate::SharedBytes), accessed atomically and with an ordering.
///
/// It holds the integer's address, not its value, and is made with
/// [`SharedBytes::atomic`](crate::SharedBytes::atomic). The orderings are those of std. No ordering
/// panics: one that does not apply is weakened. A load takes `Release` as
/// `Relaxed` and `AcqRel` as `Acquire`; a store takes `Acquire` as `Relaxed` and `AcqRel` as
/// `Release`.
///
/// # Platform notes
///
/// There is `u64` where the target has 64-bit atomics. Only 64-bit targets can load it from
/// read-only memory: elsewhere the load may need to write.
///
/// # References
/// - [std](https://doc.rust-lang.org/core/sync/atomic/index.html)
pub struct Atomic<'a, T, R> {
    /// A multiple of the size of `T`. For `'a` it can be accessed with the rights `R`, and is
    /// accessed as a `Span` is.
    cell: NonNull<T>,
    borrowed: PhantomData<&'a R>,
}

// SAFETY: every access is atomic, and the memory outlives `'a`.
unsafe impl<T, R> Send for Atomic<'_, T, R> {}

// SAFETY: every access is atomic, and the memory outlives `'a`.
unsafe impl<T, R> Sync for Atomic<'_, T, R> {}

impl<T, R> Clone for Atomic<'_, T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, R> Copy for Atomic<'_, T, R> {}

impl<T: Integer, R> Atomic<'_, T, R> {
    /// # Safety
    /// As the field says.
    pub(super) const unsafe fn new(cell: NonNull<T>) -> Self {
        Self {
            cell,
            borrowed: PhantomData,
        }
    }

    /// Returns the address, for a system call such as `futex`.
    #[inline]
    #[must_use]
    pub const fn as_ptr(&self) -> *const T {
        self.cell.as_ptr().cast_const()
    }

    /// A reference that each operation makes for itself and that ends with it.
    #[inline]
    fn cell(&self) -> &T::Cell {
        // SAFETY: aligned and accessible for `'a`, see the field. The cell is an atomic type, so
        // others may access it while the reference exists.
        unsafe { self.cell.cast::<T::Cell>().as_ref() }
    }
}

impl<T: LoadReadOnly> Atomic<'_, T, ReadOnly> {
    /// Loads the value, with a relaxed load, and with fences for what the ordering adds: no other
    /// load is certain to work on pages that are mapped read-only.
    #[inline]
    #[must_use]
    pub fn load(&self, order: Ordering) -> T {
        // A relaxed load between two SeqCst fences is ordered as a SeqCst load. In C++'s model,
        // which Rust has (atomics.order, paragraph 4), the fence before the load precedes every
        // SeqCst store that the load does not see, and every SeqCst store that it sees precedes
        // the fence after it. With the first fence alone, a SeqCst operation after the load could
        // come before the store that the load has seen.
        let order = load_order(order);
        if order == Ordering::SeqCst {
            fence(order);
        }
        let value = T::load(self.cell(), Ordering::Relaxed);
        if order != Ordering::Relaxed {
            fence(order);
        }
        value
    }
}

impl<T: Integer> Atomic<'_, T, ReadWrite> {
    /// Loads the value.
    #[inline]
    #[must_use]
    pub fn load(&self, order: Ordering) -> T {
        T::load(self.cell(), load_order(order))
    }

    /// Stores a value.
    #[inline]
    pub fn store(&self, value: T, order: Ordering) {
        T::store(self.cell(), value, store_order(order));
    }

    /// Stores a value, and returns the old one.
    #[inline]
    pub fn swap(&self, value: T, order: Ordering) -> T {
        T::swap(self.cell(), value, order)
    }

    /// Stores `new` if the value is `current`, and returns the old value.
    ///
    /// A failure is ordered like a load with the same ordering.
    ///
    /// # Errors
    ///
    /// The old value, if it is not `current`. Nothing was stored.
    #[inline]
    pub fn compare_exchange(&self, current: T, new: T, order: Ordering) -> Result<T, T> {
        T::compare_exchange(self.cell(), current, new, order, load_order(order))
    }

    /// Stores `new` if the value is `current`, and returns the old value; may fail although it is.
    ///
    /// In a loop it is faster than [`Atomic::compare_exchange`] on some processors. A failure is
    /// ordered like a load with the same ordering.
    ///
    /// # Errors
    ///
    /// The old value. Nothing was stored.
    #[inline]
    pub fn compare_exchange_weak(&self, current: T, new: T, order: Ordering) -> Result<T, T> {
        T::compare_exchange_weak(self.cell(), current, new, order, load_order(order))
    }

    /// Adds `value`, wrapping around, and returns the old value.
    #[inline]
    pub fn fetch_add(&self, value: T, order: Ordering) -> T {
        T::fetch_add(self.cell(), value, order)
    }

    /// Subtracts `value`, wrapping around, and returns the old value.
    #[inline]
    pub fn fetch_sub(&self, value: T, order: Ordering) -> T {
        T::fetch_sub(self.cell(), value, order)
    }

    /// Clears the bits that are 0 in `value`, and returns the old value.
    #[inline]
    pub fn fetch_and(&self, value: T, order: Ordering) -> T {
        T::fetch_and(self.cell(), value, order)
    }

    /// Sets the bits that are 1 in `value`, and returns the old value.
    #[inline]
    pub fn fetch_or(&self, value: T, order: Ordering) -> T {
        T::fetch_or(self.cell(), value, order)
    }

    /// Flips the bits that are 1 in `value`, and returns the old value.
    #[inline]
    pub fn fetch_xor(&self, value: T, order: Ordering) -> T {
        T::fetch_xor(self.cell(), value, order)
    }

    /// Stores `value` if it is less than the old value, which it returns.
    #[inline]
    pub fn fetch_min(&self, value: T, order: Ordering) -> T {
        T::fetch_min(self.cell(), value, order)
    }

    /// Stores `value` if it is greater than the old value, which it returns.
    #[inline]
    pub fn fetch_max(&self, value: T, order: Ordering) -> T {
        T::fetch_max(self.cell(), value, order)
    }
}

impl<T, R> fmt::Debug for Atomic<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Atomic").field(&self.cell).finish()
    }
}

/// The part of an ordering that a load has.
const fn load_order(order: Ordering) -> Ordering {
    match order {
        Ordering::Release => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Acquire,
        other => other,
    }
}

/// The part of an ordering that a store has.
const fn store_order(order: Ordering) -> Ordering {
    match order {
        Ordering::Acquire => Ordering::Relaxed,
        Ordering::AcqRel => Ordering::Release,
        other => other,
    }
}

/// `u32`, and `u64` where the target has 64-bit atomics. No other type can implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be accessed atomically in shared memory",
    note = "`u32` and `u64` can; an `i32`, a `bool` or an `f64` converts into one and back"
)]
pub trait Integer: Copy + sealed::Integer {}

/// An [`Integer`] that can be loaded from read-only memory: `u32`, and `u64` on 64-bit targets.
pub trait LoadReadOnly: Integer {}

impl Integer for u32 {}
impl LoadReadOnly for u32 {}

#[cfg(target_has_atomic = "64")]
impl Integer for u64 {}
#[cfg(target_pointer_width = "64")]
impl LoadReadOnly for u64 {}

mod sealed {
    #[cfg(target_has_atomic = "64")]
    use core::sync::atomic::AtomicU64;
    use core::sync::atomic::{AtomicU32, Ordering};

    /// Writes the trait and its implementations from one list. A macro, because std's atomic types
    /// have these functions in common, but no trait.
    macro_rules! integer {
        ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
            pub trait Integer: Sized {
                type Cell;

                $(fn $name(cell: &Self::Cell, $($argument: $type),*) -> $result;)*
            }

            impl Integer for u32 {
                type Cell = AtomicU32;

                $(#[inline] fn $name(cell: &AtomicU32, $($argument: $type),*) -> $result {
                    cell.$name($($argument),*)
                })*
            }

            #[cfg(target_has_atomic = "64")]
            impl Integer for u64 {
                type Cell = AtomicU64;

                $(#[inline] fn $name(cell: &AtomicU64, $($argument: $type),*) -> $result {
                    cell.$name($($argument),*)
                })*
            }
        };
    }

    integer! {
        load(order: Ordering) -> Self;
        store(value: Self, order: Ordering) -> ();
        swap(value: Self, order: Ordering) -> Self;
        compare_exchange(old: Self, new: Self, done: Ordering, not: Ordering) -> Result<Self, Self>;
        compare_exchange_weak(old: Self, new: Self, done: Ordering, not: Ordering)
            -> Result<Self, Self>;
        fetch_add(value: Self, order: Ordering) -> Self;
        fetch_sub(value: Self, order: Ordering) -> Self;
        fetch_and(value: Self, order: Ordering) -> Self;
        fetch_or(value: Self, order: Ordering) -> Self;
        fetch_xor(value: Self, order: Ordering) -> Self;
        fetch_min(value: Self, order: Ordering) -> Self;
        fetch_max(value: Self, order: Ordering) -> Self;
    }
}
