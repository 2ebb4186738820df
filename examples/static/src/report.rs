//! Lines of text, on standard output and standard error.

use core::mem::MaybeUninit;
use core::slice;

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

/// A line being put together from its end to its start, which is how numbers come; what does not fit is left out.
pub(crate) struct Line {
    /// Initialised from `start` on. All of it would be hundreds of instructions for a line of a few bytes.
    room: [MaybeUninit<u8>; ROOM],
    start: usize,
}

/// The longest line: a verb, a name and the words of an error.
const ROOM: usize = 384;

impl Line {
    pub(crate) fn new() -> Self {
        Self {
            room: [const { MaybeUninit::uninit() }; ROOM],
            start: ROOM,
        }
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    #[inline(never)]
    pub(crate) fn bytes(&mut self, text: &[u8]) -> &mut Self {
        let start = self.start.wrapping_sub(text.len());
        if let Some(slots) = self.room.get_mut(start..self.start) {
            // SAFETY: the slots are as many as the bytes.
            unsafe {
                slots
                    .as_mut_ptr()
                    .cast::<u8>()
                    .copy_from_nonoverlapping(text.as_ptr(), text.len())
            };
            self.start = start;
        }
        self
    }

    /// A name or the like, so that it stays one line on any terminal and leaves room for the rest.
    pub(crate) fn printable(&mut self, text: &[u8]) -> &mut Self {
        for byte in text.iter().take(Name::MAX.saturating_add(1)).rev() {
            self.bytes(if byte.is_ascii_control() {
                b"?"
            } else {
                slice::from_ref(byte)
            });
        }
        self
    }

    pub(crate) fn unsigned(&mut self, number: u64) -> &mut Self {
        let mut left = number;
        loop {
            self.bytes(&[b'0' | u8::try_from(left % 10).unwrap_or(0)]);
            left /= 10;
            if left == 0 {
                return self;
            }
        }
    }

    pub(crate) fn signed(&mut self, number: i64) -> &mut Self {
        self.unsigned(number.unsigned_abs());
        if number < 0 {
            self.text("-");
        }
        self
    }

    /// Writes the line, whole.
    pub(crate) fn write(&self, to: Stream) -> Result<(), Errno> {
        let text = self.room.get(self.start..).unwrap_or(&[]);
        // SAFETY: `bytes`, the only one to lower `start`, has initialised what is behind it.
        let text = unsafe { slice::from_raw_parts(text.as_ptr().cast(), text.len()) };
        write_all(to, text)
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
        let mut line = Line::new();
        line.text(")\n");
        match self.error.name() {
            Some(name) => line.text(name),
            None => line
                .signed(self.error.errno().raw_os_error().into())
                .text("errno "),
        };
        line.text(" (")
            .text(self.error.words())
            .text(": ")
            .printable(self.operand)
            .text(" ")
            .text(self.verb)
            .text(": cannot ")
            .text(program);
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
