//! What is said on standard error.

use crate::line::{Line, ROOM, Stream};
use rawshm::{Errno, Error, Operation};

pub(crate) const FAILURE: u8 = 1;
pub(crate) const USAGE: u8 = 2;

/// What stands in the place of a `%`.
pub(crate) enum Operand<'a> {
    /// Shown so that it stays one line on any terminal.
    Text(&'a [u8]),
    Number(u64),
}

/// What the program could not do.
pub(crate) enum Failure {
    /// Something to the object.
    Object(Error),
    /// To write to standard output.
    Output(Errno),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Object(error.into())
    }
}

impl Failure {
    /// Says it in one line on standard error, and gives the exit status. The pattern is for a verb, what could not be
    /// done to, why, and the errno in two parts.
    pub(crate) fn report(self, pattern: &str, name: &[u8]) -> u8 {
        let (error, verb, operand) = match self {
            Self::Output(errno) => (
                Error::new(Operation::Access, errno),
                "write to",
                &b"standard output"[..],
            ),
            Self::Object(error) => (
                error,
                error.operation().verb(),
                match error.operation() {
                    Operation::Directory => b"/dev/shm",
                    _ => name,
                },
            ),
        };
        let (errno, number) = if let Some(name) = error.name() {
            (name, Operand::Text(b""))
        } else {
            let number = error.errno().raw_os_error().unsigned_abs();
            ("errno ", Operand::Number(number.into()))
        };
        let operands = [
            Operand::Text(verb.as_bytes()),
            Operand::Text(operand),
            Operand::Text(error.words().as_bytes()),
            Operand::Text(errno.as_bytes()),
            number,
        ];
        say(pattern, &operands);
        FAILURE
    }
}

/// Reports wrong usage on standard error, and gives the exit status.
pub(crate) fn misused(usage: &str) -> u8 {
    say(usage, &[]);
    USAGE
}

/// Writes a line to standard error, with an operand for each `%` of the pattern. There is nobody to tell if it fails.
#[inline(never)]
pub(crate) fn say(pattern: &str, operands: &[Operand<'_>]) {
    let mut room = ROOM;
    let mut line = Line::new(&mut room);
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
