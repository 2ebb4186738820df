//! Tables of short texts by number, packed into one string.
//!
//! A `match` that gives texts becomes a table of addresses and lengths, of 16 bytes an entry and more than the texts
//! themselves; here it is 4, and the static executables have room for all the words.

/// A number and its two texts.
pub(crate) type Entry = (u16, &'static str, &'static str);

/// An entry begins with its number in two digits, and the length of either text.
const HEADER: usize = 4;

/// Finds the texts of a number in a packed table.
pub(crate) fn find(packed: &'static str, number: u16) -> Option<(&'static str, &'static str)> {
    let wanted = digits(number);
    let mut rest = packed;
    loop {
        let (header, tail) = rest.split_at_checked(HEADER)?;
        let &[high, low, one_len, other_len] = header.as_bytes() else {
            return None;
        };
        let (one, tail) = tail.split_at_checked(one_len.into())?;
        let (other, tail) = tail.split_at_checked(other_len.into())?;
        if wanted == [high, low] {
            return Some((one, other));
        }
        rest = tail;
    }
}

/// Gives a packed table as text; every byte of it is ASCII.
pub(crate) const fn text(packed: &'static [u8]) -> &'static str {
    match core::str::from_utf8(packed) {
        Ok(text) => text,
        Err(_) => "",
    }
}

/// Gives the size of a table when it is packed.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
pub(crate) const fn packed_len(table: &[Entry]) -> usize {
    let mut len = 0;
    let mut entry = 0;
    while entry < table.len() {
        len += HEADER + table[entry].1.len() + table[entry].2.len();
        entry += 1;
    }
    len
}

/// Packs a table.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
pub(crate) const fn pack<const LEN: usize>(table: &[Entry]) -> [u8; LEN] {
    let mut packed = [0; LEN];
    let mut at = 0;
    let mut entry = 0;
    while entry < table.len() {
        let (number, one, other) = table[entry];
        let [high, low] = digits(number);
        let header = [high, low, short(one), short(other)];
        at = copy(&mut packed, at, &header);
        at = copy(&mut packed, at, one.as_bytes());
        at = copy(&mut packed, at, other.as_bytes());
        entry += 1;
    }
    packed
}

/// A number in base 128, so that each digit is a character of one byte.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "no other conversion is const; a digit is below 128"
)]
const fn digits(number: u16) -> [u8; 2] {
    [(number >> 7) as u8 & 127, number as u8 & 127]
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "no other conversion is const; the length is below 128"
)]
const fn short(text: &str) -> u8 {
    assert!(text.len() < 128, "a length is a character of one byte");
    text.len() as u8
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
const fn copy(packed: &mut [u8], at: usize, text: &[u8]) -> usize {
    let mut byte = 0;
    while byte < text.len() {
        packed[at + byte] = text[byte];
        byte += 1;
    }
    at + text.len()
}
