//! Lines of text, on standard output and standard error.

use rawshm::fd::BorrowedFd;
use rawshm::{Errno, Error, Name, Operation};
use rustix::io::{retry_on_intr, write};
use rustix::stdio::{raw_stderr, raw_stdout};

pub(crate) const FAILURE: u8 = 1;
pub(crate) const USAGE: u8 = 2;

/// Where a line goes to.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// A line being put together; what does not fit is left out.
pub(crate) struct Line<const ROOM: usize> {
    bytes: [u8; ROOM],
    len: usize,
}

impl<const ROOM: usize> Line<ROOM> {
    pub(crate) fn new() -> Self {
        Self {
            bytes: [0; ROOM],
            len: 0,
        }
    }

    pub(crate) fn text(&mut self, text: &[u8]) -> &mut Self {
        for byte in text {
            if let Some(slot) = self.bytes.get_mut(self.len) {
                *slot = *byte;
                self.len = self.len.wrapping_add(1);
            }
        }
        self
    }

    /// A name or the like, so that it stays one line on any terminal and leaves room for what follows.
    pub(crate) fn printable(&mut self, text: &[u8]) -> &mut Self {
        for byte in text.iter().take(Name::MAX.saturating_add(1)) {
            self.text(&[if byte.is_ascii_control() { b'?' } else { *byte }]);
        }
        self
    }

    pub(crate) fn unsigned(&mut self, number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut left = number;
        let mut used = 0;
        for slot in digits.iter_mut().rev() {
            let digit = u8::try_from(left % 10).unwrap_or(0);
            *slot = b'0'.wrapping_add(digit);
            left /= 10;
            used += 1;
            if left == 0 {
                break;
            }
        }
        self.text(digits.get(20 - used..).unwrap_or(&[]))
    }

    pub(crate) fn signed(&mut self, number: i64) -> &mut Self {
        if number < 0 {
            self.text(b"-");
        }
        self.unsigned(number.unsigned_abs())
    }

    /// Writes the line, whole.
    pub(crate) fn write(&self, to: Stream) -> Result<(), Errno> {
        write_all(to, self.bytes.get(..self.len).unwrap_or(&[]))
    }
}

fn write_all(to: Stream, text: &[u8]) -> Result<(), Errno> {
    let to = match to {
        Stream::Output => raw_stdout(),
        Stream::Error => raw_stderr(),
    };
    // SAFETY: these programs never close it. Where it was closed from the start, it is nobody's: at worst one of
    // their own objects has got its number, which they have closed again before they write, or opened to read.
    let to = unsafe { BorrowedFd::borrow_raw(to) };
    let mut left = text;
    while !left.is_empty() {
        match retry_on_intr(|| write(to, left))? {
            0 => return Err(Errno::IO),
            written => left = left.get(written..).unwrap_or(&[]),
        }
    }
    Ok(())
}

/// What the program could not do, to what, and why.
pub(crate) struct Failure {
    verb: &'static str,
    operand: &'static [u8],
    error: Error,
}

impl Failure {
    /// An operation on the object with this name.
    pub(crate) fn of(error: Error, name: &'static [u8]) -> Self {
        let operation = error.operation();
        Self {
            verb: operation.verb(),
            operand: match operation {
                Operation::Directory => b"/dev/shm",
                _ => name,
            },
            error,
        }
    }

    /// Writing to standard output.
    pub(crate) fn of_output(errno: Errno) -> Self {
        Self {
            verb: "write to",
            operand: b"standard output",
            error: Error::new(Operation::Access, errno),
        }
    }

    /// Says it in one line on standard error, and gives the exit status.
    pub(crate) fn report(&self, program: &str) -> u8 {
        let mut line = Line::<384>::new();
        line.text(program.as_bytes())
            .text(b": cannot ")
            .text(self.verb.as_bytes())
            .text(b" ")
            .printable(self.operand)
            .text(b": ")
            .text(self.error.words().as_bytes())
            .text(b" (");
        match self.error.name() {
            Some(name) => line.text(name.as_bytes()),
            None => line
                .text(b"errno ")
                .signed(self.error.errno().raw_os_error().into()),
        };
        line.text(b")\n");
        // There is nobody left to tell.
        let _ = line.write(Stream::Error);
        FAILURE
    }
}

/// Reports wrong usage on standard error, and gives the exit status.
pub(crate) fn misused(usage: &'static str) -> u8 {
    // There is nobody left to tell.
    let _ = write_all(Stream::Error, usage.as_bytes());
    USAGE
}
