//! Short texts, packed into one array.
//!
//! A `match` that returns texts becomes a table of addresses and lengths: 16 bytes an entry, more
//! than most texts have. Without it the static executables can afford the words of every error.

use core::str;

/// Texts one after another, each after a byte that holds its length.
pub(super) struct Packed<const LEN: usize>([u8; LEN]);

impl<const LEN: usize> Packed<LEN> {
    /// Packs lists of texts. `LEN` is what [`len`] returns for them.
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        reason = "evaluated by the compiler, which reports overflow and bounds as errors"
    )]
    pub(super) const fn new(lists: &[&[&str]]) -> Self {
        let mut packed = [0; LEN];
        let (mut at, mut list) = (0, 0);
        while list < lists.len() {
            let mut text = 0;
            while text < lists[list].len() {
                let bytes = lists[list][text].as_bytes();
                assert!(bytes.len() < 256, "a length is one byte");
                packed[at] = bytes.len() as u8;
                at += 1;
                let mut byte = 0;
                while byte < bytes.len() {
                    packed[at] = bytes[byte];
                    at += 1;
                    byte += 1;
                }
                text += 1;
            }
            list += 1;
        }
        assert!(at == LEN, "this is not the length of these texts");
        Self(packed)
    }

    /// Returns the text at a place, counted over all lists; an empty one if there is none.
    pub(super) fn get(&'static self, place: usize) -> &'static str {
        let mut left = place;
        let mut rest: &[u8] = &self.0;
        while let [len, tail @ ..] = rest {
            // SAFETY: `new`, which alone makes a `Packed`, puts as many bytes after each length.
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
}

/// Returns how many bytes these lists of texts take when they are packed.
#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
pub(super) const fn len(lists: &[&[&str]]) -> usize {
    let (mut len, mut list) = (0, 0);
    while list < lists.len() {
        let mut text = 0;
        while text < lists[list].len() {
            len += 1 + lists[list][text].len();
            text += 1;
        }
        list += 1;
    }
    len
}
