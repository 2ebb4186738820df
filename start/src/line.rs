//! A line of text, put together in place.

#![expect(
    clippy::inline_always,
    reason = "the reader prints its line in half the instructions; measured"
)]

#[cfg(target_pointer_width = "64")]
use core::arch::asm;
use core::mem::MaybeUninit;
use core::slice;

use rustix::fd::BorrowedFd;
use rustix::io::{Errno, write};
use rustix::stdio::{raw_stderr, raw_stdin, raw_stdout};

/// A standard stream.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// Descriptor 0.
    Input,
    /// Descriptor 1.
    Output,
    /// Descriptor 2.
    Error,
}

impl Stream {
    /// The descriptor, open or not.
    #[must_use]
    pub fn fd(self) -> BorrowedFd<'static> {
        let fd = match self {
            Self::Input => raw_stdin(),
            Self::Output => raw_stdout(),
            Self::Error => raw_stderr(),
        };
        // SAFETY: nothing closes it by its number without `unsafe`. If it was closed when the
        // program started, its number is unused, and using it is an error; or it is that of a file
        // that the program has opened since, which `say` warns of.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

/// Storage for a line of 384 bytes: a verb, a name and the words of an error.
pub type Buffer = [MaybeUninit<u8>; LEN];

/// An empty buffer. Initialising it would take hundreds of instructions for a line of a few bytes.
pub const BUFFER: Buffer = [MaybeUninit::uninit(); LEN];

const LEN: usize = 384;

/// The length of the longest file name.
const LONGEST_NAME: usize = 255;

/// The digits of the longest number, its sign and one byte before it.
const LONGEST_NUMBER: usize = 22;

/// A line that is put together from its end to its start, the order in which digits are computed.
///
/// # Examples
/// ```
/// use rawshm_start::line::{BUFFER, Line, Stream};
///
/// let mut buffer = BUFFER;
/// let mut line = Line::new(&mut buffer);
/// line.byte(b'\n');
/// line.number(24);
/// line.text(b"bytes: ");
/// assert_eq!(line.as_bytes(), b"bytes: 24\n");
/// line.write(Stream::Output)?;
/// # Ok::<(), rawshm_start::Errno>(())
/// ```
#[derive(Debug)]
pub struct Line<'a> {
    /// Initialised from `start` on.
    buffer: &'a mut Buffer,
    /// At most `LEN`.
    start: usize,
}

impl<'a> Line<'a> {
    /// An empty line.
    pub fn new(buffer: &'a mut Buffer) -> Self {
        Self { buffer, start: LEN }
    }

    /// Adds a byte. If the buffer is full, it replaces the first one.
    pub fn byte(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        // SAFETY: `start` was at most `LEN`, and is less than `LEN` now.
        let slot = unsafe { self.buffer.get_unchecked_mut(self.start) };
        slot.write(byte);
    }

    /// Adds a text with control characters replaced, so that it stays one line on any terminal.
    /// Cuts it after the length of a name, so that the rest of the line fits as well.
    pub fn text(&mut self, text: &[u8]) {
        for byte in text.get(..=LONGEST_NAME).unwrap_or(text).iter().rev() {
            self.byte(if byte.is_ascii_control() { b'?' } else { *byte });
        }
    }

    /// Adds a number, if the longest one would fit.
    pub fn number(&mut self, number: u64) {
        if self.start >= LONGEST_NUMBER {
            // SAFETY: the longest one fits.
            unsafe { self.digits(number) };
        }
    }

    /// Adds a byte and a number after it, if the longest one would fit.
    #[inline(always)]
    pub fn signed(&mut self, before: u8, number: i64) {
        if self.start < LONGEST_NUMBER {
            return;
        }
        // SAFETY: the longest one fits.
        unsafe { self.digits(number.unsigned_abs()) };
        if number < 0 {
            self.byte(b'-');
        }
        // SAFETY: this byte is counted in the longest number.
        unsafe { self.put(before) };
    }

    /// # Safety
    /// The longest number fits.
    #[inline(always)]
    unsafe fn digits(&mut self, number: u64) {
        let mut left = number;
        loop {
            let digit = u8::try_from(left % 10).unwrap_or(0);
            // SAFETY: at least as many bytes are free as `left` has digits.
            unsafe { self.put(b'0' | digit) };
            left = opaque(left / 10);
            if left == 0 {
                break;
            }
        }
    }

    /// # Safety
    /// A byte fits.
    unsafe fn put(&mut self, byte: u8) {
        self.start = self.start.wrapping_sub(1);
        // SAFETY: `start` was at most `LEN`, and by this function's contract not 0.
        let slot = unsafe { self.buffer.get_unchecked_mut(self.start) };
        slot.write(byte);
    }

    /// What has been added so far.
    #[inline(always)]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `start` is at most `LEN`.
        let text = unsafe { self.buffer.get_unchecked(self.start..) };
        // SAFETY: the buffer is initialised from `start` on, see the field.
        unsafe { slice::from_raw_parts(text.as_ptr().cast(), text.len()) }
    }

    /// Writes the whole line.
    ///
    /// # Errors
    /// As [`write_all`].
    #[inline(always)]
    pub fn write(self, to: Stream) -> Result<(), Errno> {
        write_all(to, self.as_bytes())
    }
}

/// Writes the whole text.
///
/// # Errors
/// - `EIO` – the descriptor accepts no more bytes
/// - whatever else `write` returns except `EINTR`
#[inline(always)]
pub fn write_all(to: Stream, text: &[u8]) -> Result<(), Errno> {
    let mut left = text;
    loop {
        match write(to.fd(), left) {
            Ok(written) if written == left.len() => return Ok(()),
            Ok(0) => return Err(Errno::IO),
            Ok(written) => left = left.get(written..).unwrap_or(&[]),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Saves the loop two instructions a digit: the compiler would keep the number that was divided,
/// and compare that with 10.
fn opaque(number: u64) -> u64 {
    let same;
    #[cfg(target_pointer_width = "64")]
    // SAFETY: it does nothing.
    unsafe {
        asm!("/* {} */", inout(reg) number => same, options(pure, nomem, nostack, preserves_flags));
    }
    #[cfg(not(target_pointer_width = "64"))]
    {
        same = number;
    }
    same
}
