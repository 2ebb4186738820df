//! Messages on standard error.

use rawshm::{Errno, Error, Operation};
use rawshm_start::line::Stream;
use rawshm_start::{Operand, say};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The exit status of a failure.
pub const FAILURE: u8 = 1;

/// The exit status of wrong usage.
pub const USAGE: u8 = 2;

pub(crate) const DIRECTORY: &str = "/dev/shm";

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
#[must_use]
pub fn why(error: Error) -> [Operand<'static>; 3] {
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

/// Whether a line can be written to standard error without waiting. One `ppoll`.
#[must_use]
pub fn is_ready() -> bool {
    let fd = Stream::Error.fd();
    let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
    poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Which of standard input and standard error are closed: then the next descriptor that is opened
/// takes their place. One `ppoll`.
#[must_use]
pub fn are_closed() -> [bool; 2] {
    let (input, error) = (Stream::Input.fd(), Stream::Error.fd());
    let mut fds = [&input, &error].map(|fd| PollFd::new(fd, PollFlags::empty()));
    // If it is refused, nothing is known.
    let _ = poll(&mut fds, Some(&Timespec::default()));
    fds.map(|fd| fd.revents().contains(PollFlags::NVAL))
}
