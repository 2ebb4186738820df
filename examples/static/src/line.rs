//! A line of text, put together in place.

#![expect(
    clippy::inline_always,
    reason = "the reader prints its line in half the instructions; measured"
)]

#[cfg(target_pointer_width = "64")]
use core::arch::asm;
use core::mem::MaybeUninit;
use core::slice;

use rawshm::fd::BorrowedFd;
use rawshm::{Errno, Name};
use rustix::io::write;
use rustix::stdio::{raw_stderr, raw_stdout};

/// Where a line goes to.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Output,
    Error,
}

impl Stream {
    pub(crate) fn fd(self) -> BorrowedFd<'static> {
        let fd = match self {
            Self::Output => raw_stdout(),
            Self::Error => raw_stderr(),
        };
        // SAFETY: these programs never close it. Where it was closed from the start, it is nobody's: at worst one of
        // their own objects has got its number, which they have closed again before they write, or opened to read.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

/// Room for the longest line: a verb, a name and the words of an error. Initialising it would be hundreds of
/// instructions for a line of a few bytes.
pub(crate) const ROOM: Room = [MaybeUninit::uninit(); LEN];

type Room = [MaybeUninit<u8>; LEN];

const LEN: usize = 384;

/// The digits of the longest number, its sign and a byte in front of it.
const LONGEST_NUMBER: usize = 22;

/// A line being put together from its end to its start, which is how numbers come.
pub(crate) struct Line<'a> {
    /// Initialised from `start` on.
    room: &'a mut Room,
    /// At most `LEN`.
    start: usize,
}

impl<'a> Line<'a> {
    pub(crate) fn new(room: &'a mut Room) -> Self {
        Self { room, start: LEN }
    }

    /// Where there is no room left, the byte takes the place of the first one.
    pub(crate) fn byte(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        // SAFETY: `start` was at most `LEN`, and is below it now.
        let slot = unsafe { self.room.get_unchecked_mut(self.start) };
        slot.write(byte);
    }

    /// As much of a name as leaves room for the rest, and so that it stays one line on any terminal.
    pub(crate) fn text(&mut self, text: &[u8]) {
        for byte in text.get(..=Name::MAX).unwrap_or(text).iter().rev() {
            self.byte(if byte.is_ascii_control() { b'?' } else { *byte });
        }
    }

    /// A number, if there is room for the longest one.
    pub(crate) fn number(&mut self, number: u64) {
        if self.start >= LONGEST_NUMBER {
            // SAFETY: there is room for the longest one.
            unsafe { self.digits(number) };
        }
    }

    /// A number and what is in front of it, if there is room for the longest one.
    #[inline(always)]
    pub(crate) fn signed(&mut self, before: u8, number: i64) {
        if self.start < LONGEST_NUMBER {
            return;
        }
        // SAFETY: there is room for the longest one.
        unsafe { self.digits(number.unsigned_abs()) };
        if number < 0 {
            self.byte(b'-');
        }
        // SAFETY: there is room for this byte, too.
        unsafe { self.put(before) };
    }

    /// # Safety
    /// There is room for the longest number.
    #[inline(always)]
    unsafe fn digits(&mut self, number: u64) {
        let mut left = number;
        loop {
            let digit = u8::try_from(left % 10).unwrap_or(0);
            // SAFETY: there are at least as many slots in front as `left` has digits.
            unsafe { self.put(b'0' | digit) };
            left = opaque(left / 10);
            if left == 0 {
                break;
            }
        }
    }

    /// # Safety
    /// There is room for a byte.
    unsafe fn put(&mut self, byte: u8) {
        self.start = self.start.wrapping_sub(1);
        // SAFETY: `start` was at most `LEN`, and not 0 by this function's own contract.
        let slot = unsafe { self.room.get_unchecked_mut(self.start) };
        slot.write(byte);
    }

    /// Writes the line, whole.
    #[inline(always)]
    pub(crate) fn write(self, to: Stream) -> Result<(), Errno> {
        // SAFETY: `start` is at most `LEN`.
        let text = unsafe { self.room.get_unchecked(self.start..) };
        // SAFETY: what is behind `start` is initialised, see the field.
        let text = unsafe { slice::from_raw_parts(text.as_ptr().cast(), text.len()) };
        write_all(to.fd(), text)
    }
}

#[inline(always)]
pub(crate) fn write_all(to: BorrowedFd<'_>, text: &[u8]) -> Result<(), Errno> {
    let mut left = text;
    loop {
        match write(to, left) {
            Ok(written) if written == left.len() => return Ok(()),
            Ok(0) => return Err(Errno::IO),
            Ok(written) => left = left.get(written..).unwrap_or(&[]),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Spares the loop two instructions a digit: the compiler would keep what was divided, to compare that with 10.
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
