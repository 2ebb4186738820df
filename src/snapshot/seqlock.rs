//! The algorithm: a seqlock in each of several slots.
//!
//! Value number `n` is in slot `n` modulo the number of slots, which is a power of two. A slot has
//! the stamp of its value: the number, and a mark for as long as the value is being written. The
//! header has the number of the last value.
//!
//! The writer marks the next slot with the new number, writes the value, removes the mark, and
//! publishes the number in the header. A reader takes the number from the header, copies the value
//! of that slot, and looks at its stamp: the copy is whole if it is the stamp of that number. So
//! only the slot that a reader copies can make it start again, not the stores into other slots. A
//! reader that starts again looks at the stamp before the copy, too, and accepts a later value that
//! is in the slot by now. A reader that waits for value `n + 1` looks at nothing but the stamp of
//! its slot, and then, to know that it is the last one, at the next.
//!
//! # What holds, and why
//!
//! - **A value is never torn.** No byte of a copy is older than the stamp: the writer's release
//!   fence after the copy into the slot stands before the removal of the mark and the publication,
//!   and the reader's acquire fence after the load of the number or of the stamp stands before the
//!   copy out of the slot. No byte is newer: the release fence after the mark of the newer value
//!   and the acquire fence after the copy would make the reader find that mark, or a later stamp. A
//!   stamp never has an earlier value again, until 2^63 values have been stored.
//! - **A reader never goes backwards.** It returns the value of the number in the header or a later
//!   one. It accepts a later one that it finds in the slot only if the header is not behind it.
//!   `Reader` remembers one that it finds through [`load_next`], and loads none before it.
//! - **Nobody waits for a writer.** If a writer is stopped or killed while a slot is marked, the
//!   value before is in another slot, and the header names it.
//! - **A number names one value.** A writer that was killed between the removal of the mark and the
//!   publication has left a value that readers may have seen: the next writer goes on after it, see
//!   [`adopt`]. While a slot is marked, no reader returns what is in it: so the next writer uses
//!   its number again.
//!
//! # In halves
//!
//! Targets of 32 bits read a stamp in loads of 4 bytes, see `StampWord`. The mark and the low bits
//! of the number are in the lower half, which every change of a stamp changes, and the writer
//! changes both halves at once. A reader loads the upper half, the lower one, and the upper one
//! again: they are one stamp if the upper half is the same. A reader that was stopped meanwhile,
//! for whatever number of stores, finds another upper half, since that has the numbers from 2^31
//! on.
//!
//! This file does not access memory itself, so that a model checker can run it on its own.

/// The number of a value, and a mark: in a slot, that the value is being written; in the header,
/// that no value follows.
///
/// Twice the number, and one more with the mark. Numbers have 63 bits, and are stored in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub(crate) struct Stamp(u64);

impl Stamp {
    /// The stamp of a slot that has had no value, since the first one has number 1.
    pub(crate) const NONE: Self = Self(0);

    #[inline]
    pub(crate) const fn of(number: u64) -> Self {
        Self(number << 1)
    }

    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) const fn number(self) -> u64 {
        self.0 >> 1
    }

    #[inline]
    pub(crate) const fn is_marked(self) -> bool {
        self.0 & 1 == 1
    }

    #[inline]
    pub(crate) const fn marked(self) -> Self {
        Self(self.0 | 1)
    }

    #[inline]
    pub(crate) const fn without_mark(self) -> Self {
        Self(self.0 & !1)
    }

    /// The stamp of the value that follows one without a mark.
    #[inline]
    pub(crate) const fn next(self) -> Self {
        Self(self.0.wrapping_add(2))
    }
}

/// What a reader does to the shared memory.
pub(crate) trait Source {
    type Value: ?Sized;

    /// Loads the stamp in the header, relaxed; None if it was changing.
    fn last(&self) -> Option<Stamp>;

    /// Loads the stamp of the slot of a number, relaxed; None if it was changing.
    fn stamp(&self, number: u64) -> Option<Stamp>;

    /// Copies the value in the slot of a number out, with relaxed loads.
    fn copy(&self, number: u64, into: &mut Self::Value);

    /// An acquire fence.
    fn acquire(&self);
}

/// What the writer does to the shared memory.
pub(crate) trait Target {
    type Value;

    /// Stores the stamp of the slot of its number, relaxed.
    fn set_stamp(&self, stamp: Stamp);

    /// Copies a value into the slot of a number, with relaxed stores.
    fn copy(&self, number: u64, value: &Self::Value);

    /// Stores the stamp in the header, with a release store: a reader that sees it sees all that
    /// was stored before.
    fn publish(&self, stamp: Stamp);

    /// A release fence.
    fn release(&self);
}

/// Stores the value after the last one and returns its stamp.
#[inline]
pub(crate) fn store<T: Target>(target: &T, last: Stamp, value: &T::Value) -> Stamp {
    let next = last.next();
    target.set_stamp(next.marked());
    target.release();
    target.copy(next.number(), value);
    target.release();
    target.set_stamp(next);
    target.publish(next);
    next
}

/// Returns the stamp of the last whole value, after which the next writer goes on. No writer may be
/// active.
pub(crate) fn adopt<S: Source>(source: &S) -> Option<Stamp> {
    let last = source.last()?.without_mark();
    let next = last.next();
    let found = source.stamp(next.number())?;
    Some(if found == next { next } else { last })
}

/// Loads the last value, and returns its stamp. None if it is before `at_least`, or if it was being
/// overwritten: then `into` holds no value, and [`load_again`] may load one.
#[inline]
pub(crate) fn load<S: Source>(source: &S, at_least: Stamp, into: &mut S::Value) -> Option<Stamp> {
    let last = source.last()?.without_mark();
    source.acquire();
    // Its slot has this value or a later one, so that the stamp has to be looked at only after the
    // copy.
    if last < at_least {
        return None;
    }
    copy(source, last, into)
}

/// Loads the last value, or a later one that is in its slot by now, but none before `at_least`. Its
/// stamp is looked at before the copy, too. None if it was being overwritten: then `into` holds no
/// value.
pub(crate) fn load_again<S: Source>(
    source: &S,
    at_least: Stamp,
    into: &mut S::Value,
) -> Option<Stamp> {
    let stamp = later(source, at_least)?;
    source.acquire();
    copy(source, stamp, into)
}

/// Loads the value after `seen`, which [`has_newer`] has found, if it is the last one, and returns
/// its stamp. None if it is not, or was being overwritten: then `into` holds no value, and
/// [`load_again`] may load one.
///
/// It is the last one if the slot after it has none that is newer. So a reader that keeps up with
/// the writer does not need the header.
#[inline]
pub(crate) fn load_next<S: Source>(source: &S, seen: Stamp, into: &mut S::Value) -> Option<Stamp> {
    let next = seen.next();
    let after = next.next();
    let is_last = source.stamp(next.number())? == next && source.stamp(after.number())? < after;
    if !is_last {
        return None;
    }
    source.acquire();
    copy(source, next, into)
}

/// Returns whether there is a value after `seen`; None if that was changing.
#[inline]
pub(crate) fn has_newer<S: Source>(source: &S, seen: Stamp) -> Option<bool> {
    let next = seen.next();
    let found = source.stamp(next.number())?;
    Some(found == next || found > next.marked())
}

/// What a reader finds that waits for a value after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// There is one.
    Newer,
    /// There is none, and none follows.
    Retired,
    /// There is none while the stamp in the header is this one.
    Sleep(Stamp),
    /// Something was changing.
    Again,
}

/// Looks for a value that `has_newer` finds.
pub(crate) fn look<S: Source>(source: &S, has_newer: impl Fn() -> Option<bool>) -> Look {
    // In the reverse of the order in which a writer stores them: the stamp in the header, then that
    // in the slot. So a value that is not in its slot changes the header later, and a sleep on it
    // ends.
    let last = source.last();
    source.acquire();
    match (has_newer(), last) {
        (Some(true), _) => Look::Newer,
        (Some(false), Some(last)) if last.is_marked() => Look::Retired,
        (Some(false), Some(last)) => Look::Sleep(last),
        (None, _) | (_, None) => Look::Again,
    }
}

/// Returns the stamp of a whole value, which is the last one or `at_least`, or a later one in the
/// same slot; None if it is being overwritten.
fn later<S: Source>(source: &S, at_least: Stamp) -> Option<Stamp> {
    let from = source.last()?.without_mark().max(at_least);
    source.acquire();
    let stamp = source.stamp(from.number())?;
    if stamp.is_marked() || stamp < from {
        return None;
    }
    // The next load goes by the header, which must not be behind a value that this one returns.
    let is_published = stamp == from || source.last()?.without_mark() >= stamp;
    is_published.then_some(stamp)
}

/// Copies the value of a stamp, and returns the stamp; None if its slot has another one. The value
/// must have been seen, and acquired.
#[inline]
fn copy<S: Source>(source: &S, stamp: Stamp, into: &mut S::Value) -> Option<Stamp> {
    let number = stamp.number();
    source.copy(number, into);
    source.acquire();
    (source.stamp(number)? == stamp).then_some(stamp)
}
