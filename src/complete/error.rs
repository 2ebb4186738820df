//! Why an object was not completed.

use core::convert::Infallible;
use core::fmt;

use crate::Error;

/// Why an object was not completed.
///
/// `?` converts it into an [`Error`] if the initialiser's error converts, as an
/// [`AccessError`](crate::AccessError) does; with the feature `std` likewise into `std::io::Error`.
/// In `std::io::Error`, `raw_os_error()` is `None`; `downcast` returns this error's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InitError<E> {
    /// The object could not be created, sized, mapped or linked.
    Object(Error),
    /// The initialiser returned this error.
    Initialiser(E),
}

impl<E> From<Error> for InitError<E> {
    fn from(error: Error) -> Self {
        Self::Object(error)
    }
}

impl<E: Into<Error>> From<InitError<E>> for Error {
    fn from(error: InitError<E>) -> Self {
        match error {
            InitError::Object(error) => error,
            InitError::Initialiser(error) => error.into(),
        }
    }
}

impl From<Infallible> for Error {
    /// For an initialiser that cannot fail.
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(feature = "std")]
impl<E: Into<std::io::Error>> From<InitError<E>> for std::io::Error {
    fn from(error: InitError<E>) -> Self {
        match error {
            InitError::Object(error) => error.into(),
            InitError::Initialiser(error) => error.into(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for InitError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(error) => error.fmt(f),
            Self::Initialiser(error) => {
                write!(f, "cannot initialise the shared memory object: {error}")
            }
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for InitError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Object(error) => error.source(),
            Self::Initialiser(error) => Some(error),
        }
    }
}
