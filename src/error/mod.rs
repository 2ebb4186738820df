//! What failed, and why.

use core::fmt;

use crate::Errno;

pub mod errno;
mod packed;

use self::packed::{Packed, Packer};

/// What the system was asked to do when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Operation {
    /// Making a [`Name`](crate::Name) from text.
    Name,
    /// Finding the directory of the objects.
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
    /// Asking for the size and other properties of an object.
    Inspect,
    /// Taking over a file descriptor.
    Adopt,
    /// Mapping an object.
    Map,
    /// Giving up the right to write to a mapping.
    Protect,
    /// Getting the memory of a mapping in advance.
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
    /// Waking sleeping readers.
    Notify,
    /// Reading an object through its descriptor.
    Read,
    /// Sealing an object.
    Seal,
}

impl Operation {
    /// Returns the operation as the verb of "cannot …".
    #[must_use]
    pub fn verb(self) -> &'static str {
        let mut place = PACKED_VERBS.start();
        let mut left = self.number();
        loop {
            // SAFETY: the end of the list has not been read yet.
            let verb = unsafe { place.text() };
            if left == 0 || verb.is_empty() {
                return verb;
            }
            left = left.wrapping_sub(1);
        }
    }

    #[expect(clippy::as_conversions, reason = "no other conversion of an enum")]
    const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the kind of thing that the operation is applied to.
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

/// The verbs of all operations, then an empty one.
static PACKED_VERBS: Packed<{ pack_verbs::<4096>().len() }> = pack_verbs().finish();

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which reports overflow and bounds as errors"
)]
const fn pack_verbs<const LEN: usize>() -> Packer<LEN> {
    let mut list = Packer::new();
    let mut entry = 0;
    while entry < VERBS.len() {
        list.text(VERBS[entry]);
        entry += 1;
    }
    list.text("");
    list
}

/// In the order of [`Operation`].
const VERBS: [&str; 22] = [
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
    "read",
    "seal",
];

/// What failed, and the errno with which it did.
///
/// It is `Copy`, allocates nothing, and has four bytes (eight where rustix uses libc).
/// [`Display`](fmt::Display) writes a line such as
/// `cannot create the shared memory object: file exists (EEXIST)`. A program that cannot afford
/// `core::fmt` makes that line from [`Operation::verb`], [`Operation::noun`] and
/// [`Error::name_and_words`]. With the feature `std` it converts into `std::io::Error`.
///
/// # Examples
///
/// ```
/// use rawshm::{Errno, Name, Object, Operation};
///
/// let error = Object::open(&Name::new("/there-is-no-such-object")?).unwrap_err();
/// assert_eq!(error.operation(), Operation::Open);
/// assert_eq!(error.errno(), Errno::NOENT);
/// assert_eq!(
///     error.to_string(),
///     "cannot open the shared memory object: no such file or directory (ENOENT)"
/// );
/// # Ok::<(), rawshm::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Error {
    operation: Operation,
    errno: Errno,
}

impl Error {
    /// Makes an error from an operation and an errno.
    #[must_use]
    pub const fn new(operation: Operation, errno: Errno) -> Self {
        Self { operation, errno }
    }

    /// Returns what failed.
    #[must_use]
    pub const fn operation(self) -> Operation {
        self.operation
    }

    /// Returns the errno with which it failed.
    #[must_use]
    pub const fn errno(self) -> Errno {
        self.errno
    }

    /// Returns why it failed, in words such as `file exists`; `unknown error` if the errno has no
    /// words here.
    ///
    /// Where an errno has one particular cause, the words name that cause.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.name_and_words().1
    }

    /// Returns what [`Error::name`] and [`Error::words`] return, in less code than the two need.
    #[must_use]
    pub fn name_and_words(self) -> (Option<&'static str>, &'static str) {
        match errno::find(self.errno, Some(self.operation.number())) {
            Some((name, words)) => (Some(name), words),
            None => (None, "unknown error"),
        }
    }

    /// Returns the symbolic name of the errno, such as `EEXIST`; `None` if it has none here.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        errno::name(self.errno)
    }
}

/// For `map_err(because(Operation::Open))`: makes an error from an errno of the backend.
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

/// Has the words too, so that a `main` that returns the error tells what happened.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("operation", &self.operation);
        match self.name() {
            Some(name) => debug.field("errno", &format_args!("{name}")),
            None => debug.field("errno", &self.errno.raw_os_error()),
        };
        debug.field("words", &self.words()).finish()
    }
}

impl core::error::Error for Error {}

#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    /// An error of the errno's kind that holds this one: it has the same message, and `downcast`
    /// returns it, with the errno. Its own `raw_os_error` is `None`, because an error of std's has
    /// either an errno or another error in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Errno, Error, Name, Object};
    /// use std::io;
    ///
    /// fn open(name: &str) -> io::Result<Object<rawshm::ReadOnly>> {
    ///     Ok(Object::open(&Name::new(name)?)?)
    /// }
    ///
    /// let error = open("/there-is-no-such-object").unwrap_err();
    /// assert_eq!(error.kind(), io::ErrorKind::NotFound);
    /// assert_eq!(error.raw_os_error(), None);
    ///
    /// let error: Error = error.downcast()?;
    /// assert_eq!(error.errno(), Errno::NOENT);
    /// # Ok::<(), io::Error>(())
    /// ```
    fn from(error: Error) -> Self {
        let kind = Self::from_raw_os_error(error.errno.raw_os_error()).kind();
        Self::new(kind, error)
    }
}
