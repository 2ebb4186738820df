//! What the programs that use snapshots could not do.

use rawshm::snapshot;
use rawshm::{Error, Operation};

use crate::report::{FAILURE, Failure, Operand, say};

/// As [`Failure`], and what that cannot express.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// What it can.
    Failure(Failure),
    /// An error with a verb or words of its own.
    Other {
        /// What could not be done.
        verb: &'static str,
        /// What it could not be done to. None is the object.
        what: Option<&'static str>,
        /// Why.
        words: &'static str,
        /// Has the errno.
        error: Error,
    },
}

impl<E: Into<snapshot::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        match error.into() {
            snapshot::Error::System(error) => Self::Failure(error.into()),
            error => Self::Other {
                verb: Operation::Open.verb(),
                what: None,
                words: error.words(),
                error: error.into(),
            },
        }
    }
}

impl Trouble {
    /// As [`Failure::report`].
    #[must_use]
    pub fn report(self, pattern: &str, name: &[u8]) -> u8 {
        match self {
            Self::Failure(failure) => failure.report(pattern, name),
            Self::Other {
                verb,
                what,
                words,
                error,
            } => {
                let operands = [
                    Operand::Text(verb.as_bytes()),
                    Operand::Text(what.map_or(name, str::as_bytes)),
                    Operand::Text(words.as_bytes()),
                    Operand::Text(error.name().unwrap_or_default().as_bytes()),
                    Operand::Text(b""),
                ];
                say(pattern, &operands);
                FAILURE
            }
        }
    }
}
