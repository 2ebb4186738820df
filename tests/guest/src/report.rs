//! Lines of output.

use core::fmt::{self, Write as _};

use rawshm_start::line::{Stream, write_all};
use rustix::system::uname;

use crate::machine::ARCHITECTURE;

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

/// Cells of a matrix, each right or wrong. Those that are wrong are printed, up to some.
pub struct Cells {
    count: u32,
    red: u32,
}

impl Cells {
    const PRINTED: u32 = 40;

    pub fn begin(matrix: &str) -> Self {
        let system = uname();
        let release = system.release().to_str().unwrap_or("?");
        line(format_args!("== cells {matrix} {release} {ARCHITECTURE}"));
        Self { count: 0, red: 0 }
    }

    pub fn green(&mut self) {
        self.count += 1;
    }

    pub fn red(&mut self, what: fmt::Arguments<'_>) {
        self.count += 1;
        self.red += 1;
        if self.red <= Self::PRINTED {
            line(what);
        }
    }

    pub fn end(self) {
        let Self { count, red } = self;
        line(format_args!("{count} cells, {red} red"));
        line(format_args!("== end"));
    }
}
