//! What `publish` stores and `watch` prints: a short text.

/// The length of a text in one byte, then the text. The bytes after it mean nothing.
pub type Message = [u8; 256];

/// The most bytes of a text.
pub const LONGEST: usize = 255;
