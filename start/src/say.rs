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
/// Operands are texts (`&str` or `&[u8]`) and numbers (`u64`). There has to be one for each `%`, or
/// the program does not compile. A `%` that is to be written is an operand itself: `"%"`.
///
/// A macro, because operands are of several types. [`say()`] is the function that it calls, and has
/// the details.
///
/// # Examples
/// ```
/// let (name, size) = (&b"/columns"[..], 24);
/// rawshm_start::say!("writer: cannot % %: it has % bytes", "map", name, size);
/// rawshm_start::say!("writer: %% are free", 12, "%");
/// ```
#[macro_export]
macro_rules! say {
    ($pattern:literal $(, $operand:expr)* $(,)?) => {{
        const OPERANDS: &[&::core::primitive::str] = &[$(::core::stringify!($operand)),*];
        const _: () = ::core::assert!(
            $crate::wanted($pattern) == OPERANDS.len(),
            "the pattern of `say!` has another number of `%` than there are operands"
        );
        $crate::say(::core::concat!($pattern, "\n"), &[$($crate::Operand::from($operand)),*])
    }};
}

/// How many operands a pattern wants.
#[doc(hidden)]
#[must_use]
pub const fn wanted(pattern: &str) -> usize {
    let mut count: usize = 0;
    let mut left = pattern.as_bytes();
    while let [byte, rest @ ..] = left {
        if *byte == b'%' {
            count = count.wrapping_add(1);
        }
        left = rest;
    }
    count
}

/// Writes a line to standard error, with an operand for each `%` of the pattern. One `write`.
///
/// The pattern ends with the newline. If there are fewer operands than `%`, they are those of the
/// last ones. A line has at most 384 bytes, and loses its beginning if it is longer. A failure to
/// write has nowhere to be reported, and is ignored.
///
/// If the program was started with standard error closed, the next descriptor that it opens has its
/// number. If that is an [object](https://docs.rs/rawshm), open for writing, the line is written
/// into it.
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
