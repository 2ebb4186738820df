//! Lists of short texts, packed.
//!
//! A `match` that gives texts becomes a table of addresses and lengths, of 16 bytes an entry and more than the texts
//! themselves; here it is one, and the static executables have room for all the words.

use core::str;

/// Texts one behind the other, each behind its length in one byte.
pub(crate) struct Packed<const LEN: usize>([u8; LEN]);

impl<const LEN: usize> Packed<LEN> {
    /// Packs texts into as many bytes as `len` says for them.
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "evaluated by the compiler, which reports overflow and bounds as errors"
    )]
    pub(crate) const fn new(texts: &[&str]) -> Self {
        let mut packed = [0; LEN];
        let mut at = 0;
        let mut text = 0;
        while text < texts.len() {
            let bytes = texts[text].as_bytes();
            packed[at] = short(bytes.len());
            at += 1;
            let mut byte = 0;
            while byte < bytes.len() {
                packed[at] = bytes[byte];
                at += 1;
                byte += 1;
            }
            text += 1;
        }
        assert!(at == LEN, "this is not the length of these texts");
        Self(packed)
    }

    /// Gives a text by its place in the list, and nothing if there is none.
    pub(crate) fn get(&'static self, place: usize) -> &'static str {
        get(&self.0, place)
    }
}

/// Not generic, so that it is there once.
fn get(packed: &'static [u8], place: usize) -> &'static str {
    let mut left = place;
    let mut rest = packed;
    while let [len, tail @ ..] = rest {
        // SAFETY: `new`, which alone makes a `Packed`, puts as many bytes behind each length.
        let (text, tail) = unsafe { tail.split_at_unchecked(usize::from(*len)) };
        if left == 0 {
            // SAFETY: these bytes are a whole text.
            return unsafe { str::from_utf8_unchecked(text) };
        }
        left = left.wrapping_sub(1);
        rest = tail;
    }
    ""
}

/// Gives how many bytes texts take when they are packed.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
pub(crate) const fn len(texts: &[&str]) -> usize {
    let mut len = 0;
    let mut text = 0;
    while text < texts.len() {
        len += 1 + texts[text].len();
        text += 1;
    }
    len
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "no other conversion is const; the length is below 256"
)]
const fn short(len: usize) -> u8 {
    assert!(len < 256, "a length is one byte");
    len as u8
}
