//! The algorithm: a sequence lock over several slots.
//!
//! Value number `n` is in slot `n` modulo the number of slots, which is a power of two. The writer writes the slot that
//! is next, then publishes its number; a reader takes the number, copies that slot, and takes the number again: the copy
//! is whole if the writer cannot have come round to that slot meanwhile. A writer that ends in the middle of a store has
//! published nothing, so nobody looks at the slot that it was writing.
//!
//! Orderings, for `a` the number before and `b` the one after the copy:
//!
//! - The slot of `a` is seen as it was when `a` was published, or later: the writer's release fence stands between its
//!   writes and the publication, the reader's acquire fence between the load of `a` and the copy.
//! - If any byte is of value `a + slots`, the next one in this slot, then `b` is `a + slots - 1` at least, and the copy
//!   is refused: the release fence in front of that write stands behind the publication of `a + slots - 1`, and the
//!   acquire fence behind the copy in front of the load of `b`.
//!
//! This file knows nothing of memory, so that a model checker can run it on its own.

/// What a reader does to the shared memory.
pub(crate) trait Source {
    type Value;

    /// The number of the last value published, by a relaxed load; nothing if it was changing.
    fn sequence(&self) -> Option<u64>;

    /// Copies a slot out, by relaxed loads.
    fn copy(&self, slot: u64, into: &mut Self::Value);

    /// An acquire fence.
    fn acquire(&self);
}

/// What the writer does to the shared memory.
pub(crate) trait Target {
    type Value;

    /// Copies a value into a slot, by relaxed stores.
    fn copy(&self, slot: u64, value: &Self::Value);

    /// Publishes a number, by a relaxed store.
    fn publish(&self, sequence: u64);

    /// A release fence.
    fn release(&self);
}

/// Stores the value that follows the last one, and gives its number. `mask` is the number of slots less one.
#[inline]
pub(crate) fn store<T: Target>(target: &T, mask: u64, last: u64, value: &T::Value) -> u64 {
    let next = last.wrapping_add(1);
    target.release();
    target.copy(next & mask, value);
    target.release();
    target.publish(next);
    next
}

/// Loads the last value and gives its number, or nothing if the writer has come round meanwhile: then what is there now
/// is no value. `mask` is the number of slots less one.
#[inline]
pub(crate) fn load<S: Source>(source: &S, mask: u64, into: &mut S::Value) -> Option<u64> {
    let before = source.sequence()?;
    source.acquire();
    source.copy(before & mask, into);
    source.acquire();
    let after = source.sequence()?;
    (after.wrapping_sub(before) < mask).then_some(before)
}
