//! How objects are created and opened.

use rustix::fd::AsFd as _;

use crate::Rights;
use crate::error::{Error, Operation, because};
use crate::object::missing;
use crate::object::unlink_if_same;
use crate::sys::{self, Access, Dir, Disposition};
use crate::{Directory, Errno, Extent, Mapping, Name, Object, ReadOnly, ReadWrite, Size, Status};

/// The permission bits of a new object: the lowest nine bits, as in `0o640`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Less the process's umask, as POSIX has it. macOS does not apply the umask.
    LessUmask(u32),
    /// Exactly these, at the price of one `fchmod` on Linux. Until that call, the object has fewer.
    Exact(u32),
}

impl Mode {
    const fn bits(self) -> u32 {
        let (Self::LessUmask(bits) | Self::Exact(bits)) = self;
        bits
    }

    fn check(self) -> Result<(), Error> {
        if self.bits() & !0o777 == 0 {
            Ok(())
        } else {
            Err(Error::new(Operation::SetMode, Errno::INVAL))
        }
    }
}

/// Which of the two an open-or-create has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The object is new, and this process is the one to initialise it: its bytes are zero, or what the initialiser of
    /// [`Options::open_or_create_complete`] has stored.
    Created,
    /// The object was there.
    Opened,
}

/// How objects are created and opened: the mode of new ones, and the directory.
///
/// Without any option set, as [`Object`]'s own functions do it: mode 0600 less the umask, in
/// [`Directory::DEFAULT`]. Every descriptor is close-on-exec, no symbolic link is followed, and nothing but regular
/// files is opened.
///
/// # Examples
///
/// ```
/// use rawshm::{Mode, Name, Options, Size};
///
/// let name = Name::new(&format!("/rawshm-doc-opt-{}", std::process::id()))?;
/// let object = Options::new().mode(Mode::LessUmask(0o644)).create(&name, Size::Sparse(4096))?;
/// rawshm::unlink(&name)?;
/// # let _ = object;
/// # Ok::<(), rawshm::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Options<'d> {
    mode: Mode,
    dir: Dir<'d>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'d> Options<'d> {
    /// How often open-or-create starts anew when peers create and unlink the name under its hands.
    pub(crate) const ROUNDS: u32 = 1000;

    /// What it gives then.
    pub(crate) const GAVE_UP: Error = Error::new(Operation::Open, Errno::AGAIN);

    /// Starts with mode 0600 less the umask, in [`Directory::DEFAULT`].
    pub const fn new() -> Self {
        Self {
            mode: Mode::LessUmask(0o600),
            dir: None,
        }
    }

    /// Sets the permission bits that a new object gets; an opened one keeps its own.
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the directory in which names are looked up.
    pub fn directory(mut self, directory: &'d Directory) -> Self {
        self.dir = directory.dir();
        self
    }

    /// Creates a new object, exclusively, and sizes it.
    ///
    /// Its bytes are zero. On Linux, `openat` with `O_RDWR | O_CREAT | O_EXCL`, `fchmod` for [`Mode::Exact`],
    /// `ftruncate`, and for [`Size::Reserved`] `fallocate`, in smaller steps if signals interrupt it. A failure leaves
    /// nothing behind: the new name is removed, if it still is this object's.
    ///
    /// Between the first call and `ftruncate` the object has a size of 0; a peer that opens it then must expect it.
    ///
    /// # Errors
    ///
    /// With [`Operation::Create`], unless another is named:
    ///
    /// - `EEXIST` – the name is taken, be it by a symbolic link.
    /// - `EACCES` – the directory may not be written.
    /// - `EROFS` – the directory is on a read-only file system.
    /// - `ENOSPC` – no inode is left; with [`Operation::Reserve`], not enough memory.
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    /// - `ENOENT` with [`Operation::Directory`] – there is no such directory.
    /// - `EFBIG` with [`Operation::Resize`] – the size is larger than a file may be, or than `RLIMIT_FSIZE` where
    ///   `SIGXFSZ` is ignored.
    /// - `EINVAL` with [`Operation::SetMode`] – the mode has bits besides the nine.
    ///
    /// # Platform notes
    ///
    /// On macOS, [`Size::Reserved`] is `ENOTSUP`, and the size is rounded up to a page.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
    /// - [Linux](https://man7.org/linux/man-pages/man3/shm_open.3.html)
    #[doc(alias = "shm_open")]
    pub fn create(self, name: &Name, size: Size) -> Result<Object<ReadWrite>, Error> {
        let (object, ()) = self.create_then(name, size, |_| Ok(()))?;
        Ok(object)
    }

    /// Opens the object if there is one, else creates it; the [`Outcome`] says which.
    ///
    /// An object that was there keeps its size and its mode, whatever is asked for here, and may be smaller: one that
    /// its creator is about to size is 0 bytes large. Mapping it says so with `ENXIO`.
    ///
    /// Exclusive creation, as [`Options::create`] does it; if the name is taken `openat` without `O_CREAT` and
    /// `fstat`; if the name has gone meanwhile, again.
    ///
    /// # Errors
    ///
    /// As [`Options::create`] but for `EEXIST`, and as [`Options::open_read_write`]. `EAGAIN` with
    /// [`Operation::Open`] – peers created and unlinked the name a thousand times in between.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Name, Options, Outcome, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-either-{}", std::process::id()))?;
    /// let (first, outcome) = Options::new().open_or_create(&name, Size::Sparse(4096))?;
    /// assert_eq!(outcome, Outcome::Created);
    /// let (second, outcome) = Options::new().open_or_create(&name, Size::Sparse(4096))?;
    /// assert_eq!(outcome, Outcome::Opened);
    /// rawshm::unlink(&name)?;
    /// # let _ = (first, second);
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
    /// - [Linux](https://man7.org/linux/man-pages/man3/shm_open.3.html)
    #[doc(alias = "shm_open")]
    pub fn open_or_create(
        self,
        name: &Name,
        size: Size,
    ) -> Result<(Object<ReadWrite>, Outcome), Error> {
        for _ in 0..Self::ROUNDS {
            match self.create(name, size) {
                Err(error) if error.errno() == Errno::EXIST => {}
                created => return created.map(|object| (object, Outcome::Created)),
            }
            match self.open_raw(name) {
                Err(Errno::NOENT) => {}
                opened => {
                    let (object, _) = opened.map_err(because(Operation::Open))?;
                    return Ok((object, Outcome::Opened));
                }
            }
        }
        Err(Self::GAVE_UP)
    }

    /// Opens an object to read it.
    ///
    /// On Linux, `openat` with `O_RDONLY` and `fstat`; if there is no such name also a look at the directory, to
    /// tell which of the two is missing.
    ///
    /// # Errors
    ///
    /// With [`Operation::Open`], unless another is named:
    ///
    /// - `ENOENT` – there is no such object; with [`Operation::Directory`], no such directory.
    /// - `EACCES` – its mode does not permit the access.
    /// - `EINVAL` – the name is not a shared memory object's, but a directory's, a FIFO's, a socket's or a device's.
    /// - `ELOOP` – the name is a symbolic link.
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
    /// - [Linux](https://man7.org/linux/man-pages/man3/shm_open.3.html)
    #[doc(alias = "shm_open")]
    pub fn open(self, name: &Name) -> Result<Object<ReadOnly>, Error> {
        self.open_with_status(name).map(|(object, _)| object)
    }

    /// Opens an object to read it, and gives the status that opening it asks for anyway: as [`Options::open`].
    ///
    /// # Errors
    ///
    /// As [`Options::open`].
    pub fn open_with_status(self, name: &Name) -> Result<(Object<ReadOnly>, Status), Error> {
        self.open_checked(name)
    }

    /// Opens an object to read and write it: as [`Options::open`], with `O_RDWR`.
    ///
    /// # Errors
    ///
    /// As [`Options::open`]; also `EROFS` – the directory is on a read-only file system.
    #[doc(alias = "shm_open")]
    pub fn open_read_write(self, name: &Name) -> Result<Object<ReadWrite>, Error> {
        self.open_checked(name).map(|(object, _)| object)
    }

    /// Creates a new object, exclusively, sizes it and maps the whole of it, without keeping a descriptor.
    ///
    /// The calls of [`Options::create`], then `mmap` and `close`. If the object cannot be mapped it is not left behind.
    ///
    /// # Errors
    ///
    /// As [`Options::create`]; also with [`Operation::Map`]:
    ///
    /// - `ENOMEM` – it does not fit into the address space, or `RLIMIT_AS`.
    /// - `ENXIO` – its size is 0.
    pub fn create_mapping(self, name: &Name, size: Size) -> Result<Mapping<ReadWrite>, Error> {
        let part = Extent::Whole
            .within(size.bytes())
            .map_err(because(Operation::Map))?;
        let (_, mapping) =
            self.create_then(name, size, |object| Mapping::new(object.as_fd(), part))?;
        Ok(mapping)
    }

    /// Opens an object, checks its size and maps a part of it to read it, without keeping a descriptor.
    ///
    /// The calls of [`Options::open`], then `mmap` and `close`. One call fewer than to open and to map, since the
    /// size is asked for once.
    ///
    /// # Errors
    ///
    /// As [`Options::open`] and [`Object::map`].
    pub fn open_mapping(self, name: &Name, extent: Extent) -> Result<Mapping<ReadOnly>, Error> {
        self.open_and_map(name, extent)
    }

    /// Opens an object, checks its size and maps a part of it to read and write it, without keeping a descriptor.
    ///
    /// The calls of [`Options::open_read_write`], then `mmap` and `close`.
    ///
    /// # Errors
    ///
    /// As [`Options::open_read_write`] and [`Object::map`].
    pub fn open_mapping_read_write(
        self,
        name: &Name,
        extent: Extent,
    ) -> Result<Mapping<ReadWrite>, Error> {
        self.open_and_map(name, extent)
    }

    pub(crate) fn dir(self) -> Dir<'d> {
        self.dir
    }

    /// The new object and what `finish` makes of it; if either fails, no name is left.
    fn create_then<T>(
        self,
        name: &Name,
        size: Size,
        finish: impl FnOnce(&Object<ReadWrite>) -> Result<T, Error>,
    ) -> Result<(Object<ReadWrite>, T), Error> {
        let mode = self.mode_at_creation()?;
        size.checked().map_err(because(Operation::Resize))?;
        let access = Access::of::<ReadWrite>();
        let fd = sys::open(self.dir, name, access, Disposition::New(mode)).map_err(|errno| {
            // A missing name cannot be the reason.
            let operation = match errno {
                Errno::NOENT => Operation::Directory,
                _ => Operation::Create,
            };
            Error::new(operation, errno)
        })?;
        let object = Object::new(fd);
        let finished = self.prepare(&object, size).and_then(|()| finish(&object));
        match finished {
            Ok(finished) => Ok((object, finished)),
            Err(error) => {
                discard(self.dir, name, &object);
                Err(error)
            }
        }
    }

    pub(crate) fn mode_at_creation(self) -> Result<u32, Error> {
        self.mode.check()?;
        Ok(self.mode.bits())
    }

    /// Gives a new object its mode, its size and its memory.
    pub(crate) fn prepare(self, object: &Object<ReadWrite>, size: Size) -> Result<(), Error> {
        let bytes = size.checked().map_err(because(Operation::Resize))?;
        self.set_mode(object)?;
        object.set_size(bytes)?;
        object.reserve(size)
    }

    fn set_mode(self, object: &Object<ReadWrite>) -> Result<(), Error> {
        match self.mode {
            Mode::LessUmask(_) => Ok(()),
            Mode::Exact(mode) => {
                sys::set_mode(object.as_fd(), mode).map_err(because(Operation::SetMode))
            }
        }
    }

    pub(crate) fn open_raw<R: Rights>(self, name: &Name) -> Result<(Object<R>, Status), Errno> {
        let access = Access::of::<R>();
        let fd = sys::open(self.dir, name, access, Disposition::Existing)?;
        let status = sys::status(fd.as_fd())?;
        if status.is_regular {
            Ok((Object::new(fd), Status::new(status)))
        } else {
            Err(Errno::INVAL)
        }
    }

    fn open_checked<R: Rights>(self, name: &Name) -> Result<(Object<R>, Status), Error> {
        self.open_raw(name).map_err(|errno| match errno {
            Errno::NOENT => missing(self.dir, Operation::Open),
            other => Error::new(Operation::Open, other),
        })
    }

    fn open_and_map<R: Rights>(self, name: &Name, extent: Extent) -> Result<Mapping<R>, Error> {
        let (object, status) = self.open_checked(name)?;
        object.map_within(extent, status)
    }
}

/// Removes the name of an object that could not be finished, unless it is another's by now.
fn discard(dir: Dir<'_>, name: &Name, object: &Object<ReadWrite>) {
    // The error that led here is the one to report.
    let _ = unlink_if_same(dir, name, object.as_fd());
}
