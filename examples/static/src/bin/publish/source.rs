//! The messages that `publish` publishes: lines of standard input, or numbers.

use rawshm::Errno;
use rawshm_start::line::{BUFFER, Line, Stream};
use rawshm_static::message::{LONGEST, Message};
use rawshm_static::trouble::Trouble;
use rustix::io::read;
use rustix::thread::{NanosleepRelativeResult, Timespec, nanosleep};

pub(crate) const NANOSECONDS: u64 = 1_000_000_000;

/// Where messages come from.
#[expect(
    clippy::large_enum_variant,
    reason = "there is only one, and no allocator"
)]
pub(crate) enum Source {
    Lines(Lines),
    Numbers { last: u64, pause: Timespec },
}

impl Source {
    pub(crate) fn new(rate: u64) -> Self {
        match NANOSECONDS.checked_div(rate) {
            None => Self::Lines(Lines::new()),
            Some(pause) => Self::Numbers {
                last: 0,
                pause: Timespec {
                    tv_sec: i64::try_from(pause / NANOSECONDS).unwrap_or(0),
                    tv_nsec: i32::try_from(pause % NANOSECONDS).unwrap_or(0).into(),
                },
            },
        }
    }

    /// The next message, or None after the last one.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, Trouble> {
        match self {
            Self::Lines(lines) => lines
                .next()
                .map_err(|errno| Trouble::new("read", "standard input", errno)),
            Self::Numbers { last, pause } => {
                if *last > 0 {
                    wait(pause)?;
                }
                *last = last.wrapping_add(1);
                Ok(Some(number(*last)))
            }
        }
    }
}

fn wait(pause: &Timespec) -> Result<(), Trouble> {
    match nanosleep(pause) {
        NanosleepRelativeResult::Err(errno) => {
            Err(Trouble::new("wait for", "the next number", errno))
        }
        _ => Ok(()),
    }
}

/// Makes a message of a text, cut to `LONGEST` bytes.
fn pack(text: &[u8]) -> Message {
    let mut message = [0; 256];
    let [len, rest @ ..] = &mut message;
    for (slot, byte) in rest.iter_mut().zip(text) {
        *slot = *byte;
    }
    *len = u8::try_from(text.len()).unwrap_or(u8::MAX);
    message
}

/// A number as a text.
fn number(number: u64) -> Message {
    let mut buffer = BUFFER;
    let mut line = Line::new(&mut buffer);
    line.number(number);
    pack(line.as_bytes())
}

/// The lines of standard input, without their newlines. A line that is too long is split.
pub(crate) struct Lines {
    /// From `start` to `end` are the bytes that have been read and not returned yet.
    buffer: [u8; LONGEST + 1],
    start: usize,
    end: usize,
}

impl Lines {
    pub(crate) fn new() -> Self {
        Self {
            buffer: [0; LONGEST + 1],
            start: 0,
            end: 0,
        }
    }

    /// The next message, or None after the last one.
    pub(crate) fn next(&mut self) -> Result<Option<Message>, Errno> {
        loop {
            if let Some(message) = self.line() {
                return Ok(Some(message));
            }
            if self.fill()? == 0 {
                // The last line may lack its newline.
                let rest = self.buffer.get(self.start..self.end).unwrap_or(&[]);
                let message = (!rest.is_empty()).then(|| pack(rest));
                self.start = self.end;
                return Ok(message);
            }
        }
    }

    /// The next line, or as much of it as fits into a message. None if more must be read.
    fn line(&mut self) -> Option<Message> {
        let unread = self.buffer.get(self.start..self.end).unwrap_or(&[]);
        let newline = unread.iter().position(|byte| *byte == b'\n');
        let len = match newline {
            Some(len) => len,
            // If no more bytes than that have been read, the next one may be the newline.
            None if unread.len() > LONGEST => LONGEST,
            None => return None,
        };
        let message = pack(unread.get(..len).unwrap_or(&[]));
        let newline = usize::from(newline.is_some());
        self.start = self.start.wrapping_add(len).wrapping_add(newline);
        Some(message)
    }

    /// Reads more, and returns how many bytes.
    fn fill(&mut self) -> Result<usize, Errno> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end = self.end.wrapping_sub(self.start);
        self.start = 0;
        let free = self.buffer.get_mut(self.end..).unwrap_or(&mut []);
        loop {
            match read(Stream::Input.fd(), &mut *free) {
                Err(Errno::INTR) => {}
                read => {
                    let len = read?;
                    self.end = self.end.wrapping_add(len);
                    return Ok(len);
                }
            }
        }
    }
}
