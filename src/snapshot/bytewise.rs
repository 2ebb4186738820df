//! The algorithm of a reader whose reads are not whole: they are the kernel's, which does not
//! promise to copy the eight bytes of a stamp at once.
//!
//! If it copies them one by one, in any order, what is read may mix stamps that followed each
//! other: of each byte it is known only that it was there at some time during the call. But the
//! number in a stamp only grows, and its bytes with it.
//!
//! The writer is that of `seqlock.rs`, and so is what holds. A load reads the number in the header,
//! the value in its slot, and the slot's stamp, twice.
//!
//! - **The number was published.** A reader knows a number that was, at first none. Of what it
//!   reads it takes only what is certain, see [`certain`], and reads again if that is not all of
//!   it, or if what it has read is behind. So a new number takes one read of the header; if it has
//!   carried into the second byte two, into the third one three, and so on.
//! - **The value is whole.** Its number was published before the copy, so that the slot had its
//!   stamp by then, or a later one. If the slot has that stamp at some time after the copy, it had
//!   it throughout. Two reads after the copy return it. Suppose that it was a later one all the
//!   time. Then the first read has mixed the bytes before and after a carry out of the lowest one,
//!   or out of a higher one. When the second read begins, that carry is done, so that it has mixed
//!   those of a carry out of a byte above. So for a torn value, a writer has to make at least
//!   32,640 stores from the first of these carries to the second, and the two copies of eight bytes
//!   have to be split at them.
//! - **It is the last one** at some time during the load, if the kernel copies eight aligned bytes
//!   at once, as those do that were measured. If it does not, a number that mixes an old and a new
//!   stamp can be that of an older value, which the reader has known or is certain of.
//!
//! This file does not read itself, so that tests can run it where every read is split.

use super::seqlock::Stamp;

/// What a reader reads. Each read is done before the next one begins, as by an acquire fence.
pub(crate) trait Source {
    type Value: ?Sized;
    type Error;

    /// Reads the stamp in the header.
    fn last(&self) -> Result<Stamp, Self::Error>;

    /// Reads the stamp of the slot of a number.
    fn stamp(&self, number: u64) -> Result<Stamp, Self::Error>;

    /// Copies the value in the slot of a number.
    fn copy(&self, number: u64, into: &mut Self::Value) -> Result<(), Self::Error>;
}

/// Loads the last value, but none before `known`. Returns the stamp that is known now, and whether
/// `into` is its value: it is not if it was being overwritten, or if there is more to be known.
pub(crate) fn load<S: Source>(
    source: &S,
    known: Stamp,
    into: &mut S::Value,
) -> Result<(Stamp, bool), S::Error> {
    let last = source.last()?.without_mark();
    let known = certain(known, last);
    // No value has the number 0: a header that has it was cut off, or mixed.
    if known != last || known == Stamp::NONE {
        return Ok((known, false));
    }
    let number = known.number();
    source.copy(number, into)?;
    let is_whole = source.stamp(number)? == known && source.stamp(number)? == known;
    Ok((known, is_whole))
}

/// How far a number has got for certain, if it has reached `known` and then this was read of it.
///
/// Take the highest byte in which the two differ, if what was read is larger. When that byte was
/// there, those above it were the known ones, or larger. So the number had reached this byte, with
/// the known ones above it and zeros below.
fn certain(known: Stamp, read: Stamp) -> Stamp {
    if read <= known {
        return known;
    }
    // Whole bytes above the one that differs.
    let same = (read.bits() ^ known.bits()).leading_zeros() & !7;
    let kept = u64::MAX.wrapping_shl(56_u32.wrapping_sub(same));
    Stamp::from_bits(read.bits() & kept)
}
