//! Short texts, packed into one array.
//!
//! A `match` that returns texts becomes a table of addresses and lengths: 16 bytes an entry, more
//! than most texts have. Without it the static executables can afford the words of every error.

use core::{slice, str};

/// Numbers of one byte, and texts, each after a byte that holds its length.
pub(super) struct Packed<const LEN: usize>([u8; LEN]);

/// Puts a list together. With more bytes than it needs, `len` says how many those are.
pub(super) struct Packer<const LEN: usize> {
    bytes: [u8; LEN],
    len: usize,
}

#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
impl<const LEN: usize> Packer<LEN> {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; LEN],
            len: 0,
        }
    }

    pub(super) const fn byte(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    pub(super) const fn text(&mut self, text: &str) {
        let text = text.as_bytes();
        assert!(text.len() < 256, "a length is one byte");
        self.byte(text.len() as u8);
        let mut at = 0;
        while at < text.len() {
            self.byte(text[at]);
            at += 1;
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn finish(self) -> Packed<LEN> {
        assert!(self.len == LEN, "this is not the length of this list");
        Packed(self.bytes)
    }
}

impl<const LEN: usize> Packed<LEN> {
    /// The start of the list.
    pub(super) const fn start(&'static self) -> Place {
        Place(self.0.as_ptr())
    }
}

/// A place in a packed list, or its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(*const u8);

impl Place {
    /// Reads a number, and goes on to what follows it.
    ///
    /// # Safety
    /// A number is here.
    pub(super) unsafe fn byte(&mut self) -> u8 {
        // SAFETY: within the list, by this function's own contract.
        let byte = unsafe { self.0.read() };
        // SAFETY: at most the end of the list.
        self.0 = unsafe { self.0.add(1) };
        byte
    }

    /// Reads a text, and goes on to what follows it.
    ///
    /// # Safety
    /// A text is here.
    pub(super) unsafe fn text(&mut self) -> &'static str {
        // SAFETY: its length is here.
        let len = usize::from(unsafe { self.byte() });
        // SAFETY: `Packer::text` has put this many bytes after the length. They are never written.
        let bytes = unsafe { slice::from_raw_parts(self.0, len) };
        // SAFETY: at most the end of the list.
        self.0 = unsafe { self.0.add(len) };
        // SAFETY: these bytes are a whole text.
        unsafe { str::from_utf8_unchecked(bytes) }
    }
}
