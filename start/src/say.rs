//! Messages on standard error.

use crate::line::{BUFFER, Line, Stream};

/// What replaces a `%` in the pattern of [`say`].
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// A text, as [`Line::text`] adds it.
    Text(&'a [u8]),
    /// A decimal number.
    Number(u64),
}

impl<'a> From<&'a str> for Operand<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Operand<'a> {
    fn from(text: &'a [u8]) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Operand<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// Writes a line to standard error, with an operand for each `%` of the pattern, a literal.
///
/// Operands are texts (`&str` or `&[u8]`) and numbers (`u64`). A macro, because they are of several
/// types. [`say()`] is the function that it calls, and has the details.
///
/// # Examples
/// ```
/// let (name, size) = (&b"/columns"[..], 24);
/// rawshm_start::say!("writer: cannot % %: it has % bytes", "map", name, size);
/// ```
#[macro_export]
macro_rules! say {
    ($pattern:literal $(, $operand:expr)* $(,)?) => {
        $crate::say(::core::concat!($pattern, "\n"), &[$($crate::Operand::from($operand)),*])
    };
}

/// Writes a line to standard error, with an operand for each `%` of the pattern. One `write`.
///
/// The pattern ends with the newline. A line has at most 384 bytes, and loses its beginning if it
/// is longer. A failure to write has nowhere to be reported, and is ignored.
///
/// If the program was started with standard error closed, the next descriptor that it opens has its
/// number: what keeps an [object](https://docs.rs/rawshm) open for writing then writes into that.
///
/// # Examples
/// ```
/// use rawshm_start::{Operand, say};
///
/// say("reader: % bytes\n", &[Operand::Number(24)]);
/// ```
#[inline(never)]
pub fn say(pattern: &str, operands: &[Operand<'_>]) {
    let mut buffer = BUFFER;
    let mut line = Line::new(&mut buffer);
    let mut operands = operands.iter().rev();
    for byte in pattern.bytes().rev() {
        match byte {
            b'%' => match operands.next() {
                Some(Operand::Text(text)) => line.text(text),
                Some(Operand::Number(number)) => line.number(*number),
                None => {}
            },
            byte => line.byte(byte),
        }
    }
    let _ = line.write(Stream::Error);
}
