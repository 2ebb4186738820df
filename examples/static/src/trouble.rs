//! What programs that use snapshots could not do.

use crate::report::{FAILURE, Failure, Operand, say};
use rawshm::snapshot::SnapshotError;
use rawshm::{Error, Operation};

pub(crate) enum Trouble {
    Failure(Failure),
    /// What a `Failure` has no room for.
    Other {
        verb: &'static str,
        /// None is the object.
        what: Option<&'static str>,
        words: &'static str,
        error: Error,
    },
}

impl<E: Into<SnapshotError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        match error.into() {
            SnapshotError::System(error) => Self::Failure(error.into()),
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
    /// As `Failure::report`.
    pub(crate) fn report(self, pattern: &str, name: &[u8]) -> u8 {
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
