//! What failed, and why.

use core::fmt;

use crate::Errno;

pub mod errno;
mod packed_str;

use self::packed_str::Packed;

/// What the system was asked to do when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Operation {
    /// Making a [`Name`](crate::Name) of some text.
    Name,
    /// Finding the directory that holds the objects.
    Directory,
    /// Creating an object.
    Create,
    /// Opening an object.
    Open,
    /// Removing a name.
    Unlink,
    /// Setting the permission bits of an object.
    SetMode,
    /// Setting the size of an object.
    Resize,
    /// Reserving memory for an object.
    Reserve,
    /// Reading the size and the like of an object.
    Inspect,
    /// Taking over a file descriptor.
    Adopt,
    /// Mapping an object.
    Map,
    /// Giving up the right to write to a mapping.
    Protect,
    /// Getting the memory of a mapping.
    Prefault,
    /// Locking a mapping into memory.
    Lock,
    /// Unlocking a mapping.
    Unlock,
    /// Giving the kernel advice about a mapping.
    Advise,
    /// Reading or writing shared bytes.
    Access,
    /// Becoming an object's writer.
    Claim,
    /// Sleeping until something changes.
    Wait,
    /// Waking who sleeps.
    Notify,
}

impl Operation {
    /// Gives the operation as the verb of "cannot …".
    #[must_use]
    pub fn verb(self) -> &'static str {
        TEXTS.get(self.place())
    }

    #[expect(
        clippy::as_conversions,
        reason = "an enum gives its number in no other way"
    )]
    const fn place(self) -> usize {
        self as usize
    }

    /// Gives the kind of thing that the operation is done to.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Directory => "directory of shared memory objects",
            Self::Adopt => "file descriptor",
            Self::Notify => "readers",
            Self::Protect
            | Self::Prefault
            | Self::Lock
            | Self::Unlock
            | Self::Advise
            | Self::Access => "mapping",
            _ => "shared memory object",
        }
    }
}

static TEXTS: Packed<{ packed_str::len(&LIST) }> = Packed::new(&LIST);

/// The verbs in the order of [`Operation`], and what [`Error::words`] has instead of an errno's own words.
const LIST: [&str; 24] = [
    "use",
    "find",
    "create",
    "open",
    "unlink",
    "set the mode of",
    "resize",
    "reserve",
    "inspect",
    "adopt",
    "map",
    "protect",
    "prefault",
    "lock",
    "unlock",
    "advise",
    "access",
    "claim",
    "wait for",
    "notify",
    "not a valid name",
    "not a shared memory object",
    "the object is too small",
    "unknown error",
];
const INVALID_NAME: usize = 20;
const NO_OBJECT: usize = 21;
const TOO_SMALL: usize = 22;
const UNKNOWN: usize = 23;

/// What failed, and the errno with which it did.
///
/// Four bytes in size, `Copy`, without allocation. [`Display`](fmt::Display) gives a line such as
/// `cannot create the shared memory object: file exists (EEXIST)`; a program that cannot afford `core::fmt` takes it
/// from [`Operation::verb`], [`Error::words`] and [`Error::name`]. With the feature `std` it converts into
/// `std::io::Error`, of the errno's kind and with this error inside, so that nothing is lost.
///
/// # Examples
///
/// ```
/// use rawshm::{Errno, Name, Object, Operation};
///
/// let error = Object::open(&Name::new("/there-is-no-such-object")?).unwrap_err();
/// assert_eq!(error.operation(), Operation::Open);
/// assert_eq!(error.errno(), Errno::NOENT);
/// assert_eq!(error.to_string(), "cannot open the shared memory object: no such file or directory (ENOENT)");
/// # Ok::<(), rawshm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Error {
    operation: Operation,
    errno: Errno,
}

impl Error {
    /// Puts an operation and an errno together.
    #[must_use]
    pub const fn new(operation: Operation, errno: Errno) -> Self {
        Self { operation, errno }
    }

    /// Gives what failed.
    #[must_use]
    pub const fn operation(self) -> Operation {
        self.operation
    }

    /// Gives the errno with which it failed.
    #[must_use]
    pub const fn errno(self) -> Errno {
        self.errno
    }

    /// Says in words why it failed, such as `file exists`; `unknown error` if the errno has no words here.
    ///
    /// Where an errno has one particular cause, the words name that cause.
    #[must_use]
    pub fn words(self) -> &'static str {
        let place = match (self.operation, self.errno) {
            (Operation::Name, Errno::INVAL) => INVALID_NAME,
            (Operation::Open | Operation::Adopt, Errno::INVAL) => NO_OBJECT,
            (Operation::Map, Errno::NXIO) => TOO_SMALL,
            (_, errno) => match errno::words(errno) {
                Some(words) => return words,
                None => UNKNOWN,
            },
        };
        TEXTS.get(place)
    }

    /// Gives the symbolic name of the errno, such as `EEXIST`; `None` if it has none here.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        errno::name(self.errno)
    }
}

/// Makes `map_err(because(Operation::Open))` of a backend's errno.
pub(crate) const fn because(operation: Operation) -> impl Fn(Errno) -> Error + Copy {
    move |errno| Error::new(operation, errno)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, noun) = (self.operation.verb(), self.operation.noun());
        write!(f, "cannot {verb} the {noun}: {} (", self.words())?;
        match self.name() {
            Some(name) => f.write_str(name)?,
            None => write!(f, "errno {}", self.errno.raw_os_error())?,
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("operation", &self.operation);
        match self.name() {
            Some(name) => debug.field("errno", &format_args!("{name}")),
            None => debug.field("errno", &self.errno.raw_os_error()),
        };
        debug.finish()
    }
}

impl core::error::Error for Error {}

#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    /// Keeps the whole error: its kind is the errno's, its message this error's, and `downcast` gives it back.
    fn from(error: Error) -> Self {
        let kind = Self::from_raw_os_error(error.errno.raw_os_error()).kind();
        Self::new(kind, error)
    }
}
