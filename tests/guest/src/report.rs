//! Lines of output.

use core::fmt::{self, Write as _};

use rawshm_start::line::{Stream, write_all};

/// The longest line.
const LEN: usize = 4096;

/// A text that grows; what exceeds it is lost.
pub struct Text {
    bytes: [u8; LEN],
    len: usize,
}

impl Text {
    pub const fn new() -> Self {
        Self {
            bytes: [0; LEN],
            len: 0,
        }
    }

    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or("?")
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let rest = &mut self.bytes[self.len..];
        let rest = rest.get_mut(..text.len()).ok_or(fmt::Error)?;
        rest.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}

/// Prints a line.
pub fn line(line: fmt::Arguments<'_>) {
    let mut text = Text::new();
    let _ = text.write_fmt(line);
    let _ = text.write_str("\n");
    let _ = write_all(Stream::Output, text.as_str().as_bytes());
}
