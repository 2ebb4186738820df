//! Messages on standard error.

use rawshm::{Errno, Error, Operation};

use crate::line::{BUFFER, Line, Stream};

/// The exit status of a failure.
pub const FAILURE: u8 = 1;

/// The exit status of wrong usage.
pub const USAGE: u8 = 2;

pub(crate) const DIRECTORY: &str = "/dev/shm";

/// What replaces a `%`.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a> {
    /// A text, as [`Line::text`] adds it.
    Text(&'a [u8]),
    /// A decimal number.
    Number(u64),
}

/// What the program could not do.
#[derive(Clone, Copy, Debug)]
pub enum Failure {
    /// An operation on the object.
    Object(Error),
    /// Writing to standard output.
    Output(Errno),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Object(error.into())
    }
}

impl Failure {
    /// Reports it in one line on standard error, and returns the exit status. The pattern has five
    /// `%`: a verb, its object, why it failed, and the errno in two parts.
    #[inline] // 16 bytes less in the reader.
    #[must_use]
    pub fn report(self, pattern: &str, name: &[u8]) -> u8 {
        let (error, verb, operand) = match self {
            Self::Output(errno) => (
                Error::new(Operation::Notify, errno),
                "write to",
                &b"standard output"[..],
            ),
            Self::Object(error) => (
                error,
                error.operation().verb(),
                match error.operation() {
                    Operation::Directory => DIRECTORY.as_bytes(),
                    _ => name,
                },
            ),
        };
        let [words, errno, number] = why(error);
        let operands = [
            Operand::Text(verb.as_bytes()),
            Operand::Text(operand),
            words,
            errno,
            number,
        ];
        say(pattern, &operands);
        FAILURE
    }
}

/// The words of an error, and its errno in two parts: its name and nothing, or a word and a number.
#[inline]
pub(crate) fn why(error: Error) -> [Operand<'static>; 3] {
    let (name, words) = error.name_and_words();
    let (errno, number) = if let Some(name) = name {
        (name, Operand::Text(b""))
    } else {
        let number = error.errno().raw_os_error().unsigned_abs();
        ("errno ", Operand::Number(number.into()))
    };
    [
        Operand::Text(words.as_bytes()),
        Operand::Text(errno.as_bytes()),
        number,
    ]
}

/// Reports wrong usage on standard error, and returns the exit status.
#[must_use]
pub fn misused(usage: &str) -> u8 {
    say(usage, &[]);
    USAGE
}

/// Writes a line to standard error, with an operand for each `%` of the pattern. A failure has
/// nowhere to be reported, and is ignored.
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
