//! The algorithm: a seqlock over several slots, as Linux's `seqcount_latch_t` is one over two.
//!
//! Value number `n` is in slot `n` modulo the number of slots, which is a power of two. The writer
//! writes the next slot, then publishes its number. A reader loads the number, copies that slot,
//! and loads the number again: the copy is whole if the writer cannot have reached that slot again
//! in the meantime. A writer that ends in the middle of a store has published nothing, so no reader
//! looks at the slot that it was writing.
//!
//! Orderings, where `a` is the number before the copy and `b` the one after it:
//!
//! - The reader sees the slot of `a` as it was when `a` was published, or later. The writer's
//!   release fence stands between its writes and the publication, and the reader's acquire fence
//!   between the load of `a` and the copy.
//! - If any byte of the copy is of value `a + slots`, the next one in this slot, then `b` is at
//!   least `a + slots - 1`, and the copy is refused. The release fence before that write stands
//!   after the publication of `a + slots - 1`, and the acquire fence after the copy stands before
//!   the load of `b`.
//!
//! This file does not access memory itself, so that a model checker can run it on its own.

/// What a reader does to the shared memory.
pub(crate) trait Source {
    type Value;

    /// Loads the number of the last value published, relaxed; None if it was changing.
    fn sequence(&self) -> Option<u64>;

    /// Copies a slot out, with relaxed loads.
    fn copy(&self, slot: u64, into: &mut Self::Value);

    /// An acquire fence.
    fn acquire(&self);
}

/// What the writer does to the shared memory.
pub(crate) trait Target {
    type Value;

    /// Copies a value into a slot, with relaxed stores.
    fn copy(&self, slot: u64, value: &Self::Value);

    /// Publishes a number, with a relaxed store.
    fn publish(&self, sequence: u64);

    /// A release fence.
    fn release(&self);
}

/// Stores the value after the last one and returns its number. `mask` is the number of slots less
/// one.
#[inline]
pub(crate) fn store<T: Target>(target: &T, mask: u64, last: u64, value: &T::Value) -> u64 {
    let next = last.wrapping_add(1);
    target.release();
    target.copy(next & mask, value);
    target.release();
    target.publish(next);
    next
}

/// Loads the last value and returns its number. None if the writer has reached its slot again in
/// the meantime: then `into` holds no value. `mask` is the number of slots less one.
#[inline]
pub(crate) fn load<S: Source>(source: &S, mask: u64, into: &mut S::Value) -> Option<u64> {
    let before = source.sequence()?;
    source.acquire();
    source.copy(before & mask, into);
    source.acquire();
    let after = source.sequence()?;
    (after.wrapping_sub(before) < mask).then_some(before)
}
