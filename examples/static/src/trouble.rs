//! What the programs that use snapshots could not do.

use rawshm::{Errno, Error, Operation, snapshot};
use rawshm_start::{Operand, say};

use crate::report::{DIRECTORY, FAILURE, why};

/// As [`Failure`](crate::report::Failure), with what that cannot express.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    error: snapshot::Error,
    /// A verb and what it could not be done to. None if the error says both.
    what: Option<[&'static str; 2]>,
}

impl<E: Into<snapshot::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            what: None,
        }
    }
}

impl Trouble {
    /// An operation on something other than the object.
    #[must_use]
    pub fn new(verb: &'static str, what: &'static str, errno: Errno) -> Self {
        // An operation whose errors have no words of their own.
        let error = Error::new(Operation::Wait, errno);
        Self {
            error: error.into(),
            what: Some([verb, what]),
        }
    }

    /// As [`Failure::report`](crate::report::Failure::report).
    #[must_use]
    pub fn report(self, pattern: &str, name: &[u8]) -> u8 {
        let error = Error::from(self.error);
        let operation = error.operation();
        let (verb, what) = match self.what {
            Some([verb, what]) => (verb, what.as_bytes()),
            None if operation == Operation::Directory => (operation.verb(), DIRECTORY.as_bytes()),
            None => (operation.verb(), name),
        };
        let [words, errno, number] = why(error);
        let words = match self.error {
            snapshot::Error::System(_) => words,
            error => Operand::Text(error.words().as_bytes()),
        };
        let operands = [
            Operand::Text(verb.as_bytes()),
            Operand::Text(what),
            words,
            errno,
            number,
        ];
        say(pattern, &operands);
        FAILURE
    }
}
