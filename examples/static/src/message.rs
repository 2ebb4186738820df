//! What `publish` stores and `watch` prints: a short text.

/// The length of a text, then the text, then anything.
pub(crate) type Message = [u8; 256];

/// The most bytes of a text.
pub(crate) const LONGEST: usize = 255;
