//! Validated names of shared memory objects.

use core::ffi::CStr;
use core::fmt::{self, Write as _};
use core::hash::{Hash, Hasher};
use core::mem::MaybeUninit;
use core::slice;
use core::str::FromStr;

use crate::error::{Error, Operation};
use crate::{Errno, sys};

const PREFIX: &[u8; 9] = b"/dev/shm/";
const LONGEST: usize = 255;
const PATH: usize = PREFIX.len() + LONGEST + 1;

/// The name of a shared memory object, validated once.
///
/// Any number of leading slashes is the same as one or none: `/frames`, `frames` and `///frames`
/// name one object. The rest must be 1 to [`Name::MAX`] bytes, any except `/` and NUL, and not `.`
/// or `..`. It need not be UTF-8.
///
/// A `Name` holds the whole path with its NUL, so that no operation allocates. It has 280 bytes on
/// 64-bit targets, so pass it by reference. Making one makes no system call, and does not tell
/// whether an object exists.
///
/// # Platform notes
///
/// A name without its slash has at most 255 bytes on Linux and 30 on macOS. [`Name::portable`]
/// applies the shorter limit everywhere.
///
/// # Examples
///
/// A literal that is not a valid name does not compile:
///
/// ```
/// use rawshm::Name;
///
/// const FRAMES: Name = Name::from_static("/frames");
/// assert_eq!(FRAMES.as_bytes(), b"/frames");
/// ```
///
/// ```compile_fail
/// # use rawshm::Name;
/// const WRONG: Name = Name::from_static("/frames/left");
/// # let _ = WRONG;
/// ```
///
/// A name that comes from outside is checked:
///
/// ```
/// use rawshm::{Errno, Name};
///
/// assert!(Name::new("frames").is_ok());
/// assert_eq!(Name::new("/frames/left").unwrap_err().errno(), Errno::INVAL);
/// ```
///
/// # References
/// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
/// - [Linux](https://man7.org/linux/man-pages/man3/shm_open.3.html)
#[derive(Clone, Copy)]
pub struct Name {
    /// `PREFIX` and the name, neither of which holds a NUL, then a NUL. The rest is not
    /// initialised.
    path: [MaybeUninit<u8>; PATH],
    /// The length without the NUL, at least `PREFIX.len() + 1` and below `PATH`.
    len: usize,
}

impl Name {
    /// The greatest length of a name on this platform in bytes, without leading slashes.
    pub const MAX: usize = sys::NAME_MAX;

    /// The greatest length of a name that every platform has, in bytes, without leading slashes.
    pub const PORTABLE_MAX: usize = 30;

    /// The offset of the name without a slash in the path.
    pub(crate) const LEAF: usize = PREFIX.len();

    /// Validates a name.
    ///
    /// # Errors
    ///
    /// With [`Operation::Name`]:
    ///
    /// - `EINVAL` – empty, or only slashes; a slash after the leading ones; a NUL; `.` or `..`.
    /// - `ENAMETOOLONG` – more than [`Name::MAX`] bytes.
    pub const fn new(name: &str) -> Result<Self, Error> {
        Self::from_bytes(name.as_bytes())
    }

    /// Validates a name that may not be UTF-8, such as a program's argument.
    ///
    /// # Errors
    ///
    /// Those of [`Name::new`].
    pub const fn from_bytes(name: &[u8]) -> Result<Self, Error> {
        Self::with_limit(name, Self::MAX)
    }

    /// Validates a name that is valid on every platform.
    ///
    /// # Errors
    ///
    /// Those of [`Name::new`], with `ENAMETOOLONG` for more than [`Name::PORTABLE_MAX`] bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Errno, Name};
    ///
    /// let long = "a-name-that-macos-would-find-too-long";
    /// assert_eq!(Name::portable(long).unwrap_err().errno(), Errno::NAMETOOLONG);
    /// ```
    pub const fn portable(name: &str) -> Result<Self, Error> {
        Self::with_limit(name.as_bytes(), Self::PORTABLE_MAX)
    }

    /// Makes a name from a literal. Meant for `const` and `static`, where one that is not valid
    /// does not compile.
    ///
    /// # Panics
    ///
    /// If the literal is not a valid name: in a `const` at compile time, else when this is called.
    #[must_use]
    #[track_caller]
    pub const fn from_static(name: &'static str) -> Self {
        #[expect(
            clippy::panic,
            reason = "documented; a compile error where it is meant to be used"
        )]
        match Self::new(name) {
            Ok(name) => name,
            Err(_) => panic!("not a valid name for a shared memory object"),
        }
    }

    /// Validates a name that may not be UTF-8, and builds it in place, which saves a copy of its
    /// 280 bytes.
    ///
    /// # Errors
    ///
    /// Those of [`Name::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use rawshm::Name;
    ///
    /// let mut buffer = MaybeUninit::uninit();
    /// let name: &Name = Name::write(&mut buffer, b"frames")?;
    /// assert_eq!(name.as_bytes(), b"/frames");
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    pub const fn write<'a>(
        buffer: &'a mut MaybeUninit<Self>,
        name: &[u8],
    ) -> Result<&'a Self, Error> {
        Self::write_limited(buffer, name, Self::MAX)
    }

    const fn with_limit(name: &[u8], limit: usize) -> Result<Self, Error> {
        let mut buffer = MaybeUninit::uninit();
        match Self::write_limited(&mut buffer, name, limit) {
            Ok(name) => Ok(*name),
            Err(error) => Err(error),
        }
    }

    const fn write_limited<'a>(
        buffer: &'a mut MaybeUninit<Self>,
        name: &[u8],
        limit: usize,
    ) -> Result<&'a Self, Error> {
        let mut name = name;
        while let [b'/', rest @ ..] = name {
            name = rest;
        }
        let len = name.len();
        if len > limit || len > LONGEST {
            return Err(too_long(name));
        }
        if is_special(name) {
            return Err(Error::new(Operation::Name, Errno::INVAL));
        }
        let buffer: *mut Self = buffer.as_mut_ptr();
        // SAFETY: within the buffer.
        let path: *mut u8 = unsafe { &raw mut (*buffer).path }.cast();
        // SAFETY: the path is longer than the prefix.
        unsafe { path.cast::<[u8; PREFIX.len()]>().write(*PREFIX) };
        let end = path.wrapping_add(PREFIX.len()).wrapping_add(len);
        // Copied while it is checked: few names are long enough for another way to be faster.
        let mut rest = name;
        while let [byte, tail @ ..] = rest {
            if is_wrong(*byte) {
                return Err(Error::new(Operation::Name, Errno::INVAL));
            }
            let to = end.wrapping_sub(rest.len());
            // SAFETY: the path holds the prefix, at most `LONGEST` bytes and a NUL.
            unsafe { to.write(*byte) };
            rest = tail;
        }
        // SAFETY: see above.
        unsafe { end.write(0) };
        // SAFETY: within the buffer.
        let total = unsafe { &raw mut (*buffer).len };
        // SAFETY: within the buffer, and aligned in it.
        unsafe { total.write(len.saturating_add(PREFIX.len())) };
        // SAFETY: the path need not be initialised further, see the field, and the length is.
        Ok(unsafe { &*buffer })
    }

    /// Returns the name with exactly one leading slash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        self.as_c_str().to_bytes()
    }

    /// Returns the name with exactly one leading slash, as C functions take it.
    #[must_use]
    pub const fn as_c_str(&self) -> &CStr {
        self.path_from(Self::LEAF.saturating_sub(1))
    }

    /// The path in `/dev/shm` from this offset on: the whole for 0, the name alone for
    /// [`Name::LEAF`].
    pub(crate) const fn path_from(&self, start: usize) -> &CStr {
        let (_, path) = self.path.split_at(start);
        let len = self.len.saturating_sub(start).saturating_add(1);
        // SAFETY: `start` is at most `PREFIX.len()`, so that `len` bytes from there on end with the
        // NUL after the path. They are initialised, see the field, and bytes of the same layout.
        let path = unsafe { slice::from_raw_parts(path.as_ptr().cast(), len) };
        // SAFETY: the last byte is a NUL and none before it is, see the field: `write_limited`
        // refuses a name with one.
        unsafe { CStr::from_bytes_with_nul_unchecked(path) }
    }
}

/// The error of a name that is too long: `EINVAL` if it has a wrong byte, too.
#[cold]
const fn too_long(name: &[u8]) -> Error {
    let mut rest = name;
    while let [byte, tail @ ..] = rest {
        if is_wrong(*byte) {
            return Error::new(Operation::Name, Errno::INVAL);
        }
        rest = tail;
    }
    Error::new(Operation::Name, Errno::NAMETOOLONG)
}

/// Returns whether a name cannot have this byte, with one comparison for most bytes.
const fn is_wrong(byte: u8) -> bool {
    byte <= b'/' && matches!(byte, b'/' | 0)
}

/// Returns whether this is empty, or the name that a directory has in every directory.
const fn is_special(name: &[u8]) -> bool {
    match name {
        [] => true,
        [b'.', rest @ ..] => matches!(rest, [] | [b'.']),
        _ => false,
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl AsRef<[u8]> for Name {
    /// The name with exactly one leading slash.
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::new(name)
    }
}

impl TryFrom<&str> for Name {
    type Error = Error;

    fn try_from(name: &str) -> Result<Self, Error> {
        Self::new(name)
    }
}

impl TryFrom<&CStr> for Name {
    type Error = Error;

    fn try_from(name: &CStr) -> Result<Self, Error> {
        Self::from_bytes(name.to_bytes())
    }
}

#[cfg(feature = "std")]
impl TryFrom<&std::ffi::OsStr> for Name {
    type Error = Error;

    fn try_from(name: &std::ffi::OsStr) -> Result<Self, Error> {
        Self::from_bytes(name.as_encoded_bytes())
    }
}

/// The name with one leading slash; bytes that are not UTF-8 show as U+FFFD.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.as_bytes().utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Name").field(&self.as_c_str()).finish()
    }
}
