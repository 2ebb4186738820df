//! How objects are created and opened.

use rustix::fd::AsFd as _;

use super::directory::missing;
use super::unlink::unlink_if_same;
use crate::error::{Error, Operation, because};
use crate::sys::{self, Access, Dir, Disposition};
use crate::{
    Directory, Errno, Extent, Mapping, Name, Object, ReadOnly, ReadWrite, Rights, Size, Status,
};

/// The permission bits of a new object: the lowest nine bits, as in `0o640`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Less the process's umask, as POSIX has it. macOS does not apply the umask.
    LessUmask(u32),
    /// Exactly these bits, at the price of one `fchmod` on Linux. Until that call, the object has
    /// those less the umask.
    Exact(u32),
}

/// What an open-or-create has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The object is new. Its bytes are zero, for this process to initialise, or what the
    /// initialiser of [`Options::open_or_create_complete`] has stored.
    Created,
    /// The object existed.
    Opened,
}

/// How objects are created and opened: the mode of new ones, and the directory.
///
/// The functions of [`Object`] and [`Mapping`] use the defaults: mode 0600 less the umask, in
/// [`Directory::DEFAULT`]. Every descriptor is close-on-exec, symbolic links are not followed, and
/// nothing but regular files is opened.
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
    /// Starts with mode 0600 less the umask, in [`Directory::DEFAULT`].
    pub const fn new() -> Self {
        Self {
            mode: Mode::LessUmask(0o600),
            dir: None,
        }
    }

    /// Sets the permission bits of new objects. An object that is opened keeps its own.
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the directory in which names are looked up.
    pub fn directory(mut self, directory: &'d Directory) -> Self {
        self.dir = directory.as_fd();
        self
    }

    /// Creates a new object, exclusively, and sizes it. Its bytes are zero.
    ///
    /// On Linux, `openat` with `O_RDWR | O_CREAT | O_EXCL`; `fchmod` for [`Mode::Exact`];
    /// `ftruncate`; and for [`Size::Reserved`] `fallocate`, in smaller steps if signals interrupt
    /// it. A failure leaves nothing behind: the new name is removed, if it still is this object's.
    /// Only where that is refused, too, or after `EAGAIN`, does it stay. The last of these calls is
    /// the point of no return.
    ///
    /// Between the first call and `ftruncate` the object has a size of 0, and a peer that opens it
    /// then must expect that. If the process is killed then, such an object stays: also by the
    /// kernel's `SIGXFSZ`, if the size is more than `RLIMIT_FSIZE` (`ulimit -f`).
    /// [`Options::create_complete`] creates it without that moment.
    ///
    /// # Errors
    ///
    /// With [`Operation::Create`], unless another operation is named:
    ///
    /// - `EEXIST` – the name is taken, which includes a symbolic link.
    /// - `EACCES` – the directory is not writable.
    /// - `EROFS` – the directory is on a read-only file system.
    /// - `ENOSPC` – no inode is left; with [`Operation::Reserve`], not enough memory.
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    /// - `EAGAIN` – a process of the same user or of root has taken a lease on the new object
    ///   (`F_SETLEASE`) while the kernel created it. The name stays.
    /// - `ENOENT` with [`Operation::Directory`] – the directory does not exist.
    /// - `EFBIG` with [`Operation::Resize`] – the size is larger than a file can be, or than
    ///   `RLIMIT_FSIZE` where `SIGXFSZ` is ignored.
    /// - `EINVAL` with [`Operation::Resize`] – the directory is on hugetlbfs, and the size is not a
    ///   multiple of a huge page.
    /// - `EINVAL` with [`Operation::SetMode`] – the mode has other bits than the nine.
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

    /// Opens an object to read it.
    ///
    /// On Linux, `openat` with `O_RDONLY` and `fstat`. If there is no such name, one call more
    /// looks at the directory, to tell which of the two is missing.
    ///
    /// # Errors
    ///
    /// With [`Operation::Open`], unless another operation is named:
    ///
    /// - `ENOENT` – there is no such object; with [`Operation::Directory`], no such directory.
    /// - `EACCES` – its mode does not permit the access.
    /// - `EINVAL` – the name is not a shared memory object's, but a directory's, a FIFO's, a
    ///   socket's or a device's.
    /// - `ELOOP` – the name is a symbolic link.
    /// - `EAGAIN` – a process of the object's owner or of root has a lease on it (`F_SETLEASE`).
    /// - `EMFILE`, `ENFILE` – the process or the system has no descriptor left.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
    /// - [Linux](https://man7.org/linux/man-pages/man3/shm_open.3.html)
    #[doc(alias = "shm_open")]
    pub fn open(self, name: &Name) -> Result<Object<ReadOnly>, Error> {
        self.open_with_status(name).map(|(object, _)| object)
    }

    /// Opens an object to read and write it, with `O_RDWR`. The calls of [`Options::open`].
    ///
    /// # Errors
    ///
    /// Those of [`Options::open`]; also `EROFS` – the directory is on a read-only file system.
    #[doc(alias = "shm_open")]
    pub fn open_read_write(self, name: &Name) -> Result<Object<ReadWrite>, Error> {
        self.open_checked(name).map(|(object, _)| object)
    }

    /// Opens the object if there is one, else creates it. The [`Outcome`] says which.
    ///
    /// An existing object keeps its size and its mode, whatever is asked for here. It may be
    /// smaller: an object that its creator is about to size has 0 bytes. Mapping it is then
    /// `ENXIO`.
    ///
    /// Exclusive creation, as [`Options::create`] does it; if the name is taken, `openat` without
    /// `O_CREAT` and `fstat`; if the name is gone by then, both again. The point of no return is
    /// that of [`Options::create`].
    ///
    /// # Errors
    ///
    /// Those of [`Options::create`], except `EEXIST`, and of [`Options::open_read_write`]. `EAGAIN`
    /// with [`Operation::Open`] also if peers created and unlinked the name a thousand times in
    /// between.
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
                Err(Self::TAKEN) => {}
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

    /// Opens an object to read it, and returns also the status that opening it asks for anyway. The
    /// calls of [`Options::open`].
    ///
    /// # Errors
    ///
    /// Those of [`Options::open`].
    pub fn open_with_status(self, name: &Name) -> Result<(Object<ReadOnly>, Status), Error> {
        self.open_checked(name)
    }

    /// Creates a new object, exclusively, sizes it and maps the whole of it, without keeping a
    /// descriptor.
    ///
    /// The calls of [`Options::create`], then `mmap`, which is the point of no return, and `close`.
    /// An object that cannot be mapped is not left behind.
    ///
    /// # Errors
    ///
    /// Those of [`Options::create`]; also with [`Operation::Map`]:
    ///
    /// - `ENOMEM` – it does not fit into the address space, or into `RLIMIT_AS`.
    /// - `ENXIO` – its size is 0.
    pub fn create_mapping(self, name: &Name, size: Size) -> Result<Mapping<ReadWrite>, Error> {
        let part = Extent::Whole
            .within(size.bytes())
            .map_err(because(Operation::Map))?;
        let (_, mapping) =
            self.create_then(name, size, |object| Mapping::whole(object.as_fd(), part))?;
        Ok(mapping)
    }

    /// Opens an object, checks its size and maps a part of it to read it, without keeping a
    /// descriptor.
    ///
    /// The calls of [`Options::open`], then `mmap` and `close`. That is one call fewer than to open
    /// and to map separately, since the size is asked for once.
    ///
    /// # Errors
    ///
    /// Those of [`Options::open`] and [`Object::map`].
    pub fn open_mapping(self, name: &Name, extent: Extent) -> Result<Mapping<ReadOnly>, Error> {
        self.open_and_map(name, extent)
    }

    /// Opens an object, checks its size and maps a part of it to read and write it, without keeping
    /// a descriptor.
    ///
    /// The calls of [`Options::open_read_write`], then `mmap` and `close`.
    ///
    /// # Errors
    ///
    /// Those of [`Options::open_read_write`] and [`Object::map`].
    pub fn open_mapping_read_write(
        self,
        name: &Name,
        extent: Extent,
    ) -> Result<Mapping<ReadWrite>, Error> {
        self.open_and_map(name, extent)
    }

    /// How often open-or-create starts again when peers create and unlink the name meanwhile.
    pub(crate) const ROUNDS: u32 = 1000;

    /// What it returns after that.
    pub(crate) const GAVE_UP: Error = Error::new(Operation::Open, Errno::AGAIN);

    /// The error of a creation whose name is taken.
    pub(crate) const TAKEN: Error = Error::new(Operation::Create, Errno::EXIST);

    pub(crate) fn dir(self) -> Dir<'d> {
        self.dir
    }

    /// Creates an object and calls `finish` with it. If either fails, no name is left.
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
            // A name that is missing cannot be the reason.
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
                // That is the one to report.
                let _ = unlink_if_same(self.dir, name, object.as_fd());
                Err(error)
            }
        }
    }

    /// The permission bits of a new object, if only the lowest nine are set.
    pub(crate) fn mode_at_creation(self) -> Result<u32, Error> {
        let (Mode::LessUmask(bits) | Mode::Exact(bits)) = self.mode;
        if bits & !0o777 == 0 {
            Ok(bits)
        } else {
            Err(Error::new(Operation::SetMode, Errno::INVAL))
        }
    }

    /// Sets the mode and the size of a new object, and reserves its memory.
    pub(crate) fn prepare(self, object: &Object<ReadWrite>, size: Size) -> Result<(), Error> {
        let bytes = size.checked().map_err(because(Operation::Resize))?;
        if let Mode::Exact(mode) = self.mode {
            sys::set_mode(object.as_fd(), mode).map_err(because(Operation::SetMode))?;
        }
        object.set_size(bytes)?;
        object.reserve(size)
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

    pub(crate) fn open_checked<R: Rights>(self, name: &Name) -> Result<(Object<R>, Status), Error> {
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
