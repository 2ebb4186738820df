//! Objects that appear under their name when they are complete.

mod draft;
mod error;
mod temporary;

use rustix::fd::AsFd as _;

pub(crate) use self::draft::Draft;
use self::draft::State;
pub use self::error::InitError;
use crate::error::{Error, Operation, because};
use crate::object::missing;
use crate::sys::{self, Existing};
use crate::{Errno, Extent, Mapping, Name, Object, Options, Outcome, ReadWrite, Size};

/// A complete object, and a mapping of the size that was asked for: of an existing object, which
/// may be larger, only the first part.
#[derive(Debug)]
pub struct Complete {
    /// The object.
    pub object: Object<ReadWrite>,
    /// The mapping, from the object's start.
    pub mapping: Mapping<ReadWrite>,
}

impl Options<'_> {
    /// Creates a new object, exclusively, that appears under its name only when it is complete:
    /// sized, reserved if that was asked for, and initialised.
    ///
    /// The object is created without a name, sized and mapped; `initialise` fills it; then it gets
    /// its name. So a process that opens the name finds all of it or nothing. Nothing is left
    /// behind if the initialiser fails or panics, or if the process is killed (one exception: the
    /// last fallback below), also if the kernel's `SIGXFSZ` kills it. Whether the name is taken is
    /// known only at the end.
    ///
    /// The call that gives the object its name is the point of no return: nothing that follows it
    /// is an error. So a temporary name that cannot be removed then stays beside the name, until
    /// the next creation by the last fallback or replacement of the same name.
    ///
    /// On Linux, `openat` with `O_TMPFILE`; a `linkat` that changes nothing and tells whether the
    /// kernel lets the object be linked at all; `fchmod` for [`Mode::Exact`](crate::Mode::Exact);
    /// `ftruncate`; `fallocate` for [`Size::Reserved`]; `mmap`; the initialiser; `linkat` with
    /// `AT_EMPTY_PATH`.
    ///
    /// There are two fallbacks. Where `AT_EMPTY_PATH` is refused, which is before Linux 6.10 for
    /// unprivileged processes, `linkat` follows `/proc/thread-self/fd`. Where that is not mounted
    /// either, or `O_TMPFILE` is refused, the object is created under a temporary name, locked with
    /// `flock`, and renamed with `renameat2` and `RENAME_NOREPLACE`, or linked and unlinked where
    /// that is unknown or refused. A process that is killed meanwhile leaves the temporary name.
    /// The next creation by this fallback or replacement of the same name removes it. A temporary
    /// name is the name itself between a dot and `.rawshm-` with three digits: `/frames` becomes
    /// `.frames.rawshm-000`. Use no such names otherwise. A child that `initialise` forks shares
    /// the lock: the temporary name then stays for as long as the child lives.
    ///
    /// # Errors
    ///
    /// [`InitError::Initialiser`] with the error that `initialise` returned. [`InitError::Object`]
    /// with [`Operation::Create`], unless another operation is named:
    ///
    /// - `EEXIST` – the name is taken.
    /// - `ENOSPC` – no inode is left; with [`Operation::Reserve`], not enough memory.
    /// - `EACCES` – the directory is not writable.
    /// - `ENOENT` with [`Operation::Directory`] – the directory does not exist.
    /// - `EAGAIN` – a thousand temporary names of this name are in use.
    /// - `ENOENT`, `EPERM`, `EACCES` – a security module does not let the object be linked, or the
    ///   initialiser has changed the process's user and `/proc` is not mounted, or a peer has
    ///   removed the temporary name.
    /// - `ENOTDIR` – a peer has put a directory in place of the temporary name.
    /// - The others of [`Options::create`] and [`Object::map`].
    ///
    /// # Platform notes
    ///
    /// macOS has no objects without a name. There the name is taken first, so that a peer may open
    /// the object before it is complete. The name is removed if the initialiser fails or panics,
    /// and stays if the process is killed.
    ///
    /// Linux before 6.0 does not apply the umask here on file systems that were built without
    /// access control lists.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Extent, Mapping, Name, Options, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-complete-{}", std::process::id()))?;
    /// Options::new().create_complete(&name, Size::Sparse(4096), |bytes| {
    ///     bytes.store(0, &[100_i64, 876, 8021])
    /// })?;
    /// let columns: [i64; 3] = Mapping::open(&name, Extent::first(24))?.load(0)?;
    /// assert_eq!(columns, [100, 876, 8021]);
    /// rawshm::unlink(&name)?;
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    ///
    /// An initialiser of several steps names its error type, since `?` converts into any:
    ///
    /// ```
    /// # use rawshm::{Error, Name, Options, Size};
    /// # let name = Name::new(&format!("/rawshm-doc-steps-{}", std::process::id()))?;
    /// Options::new().create_complete(&name, Size::Sparse(4096), |bytes| -> Result<(), Error> {
    ///     bytes.store(0, &1_u64)?;
    ///     bytes.fill(8, 100, 0.5_f64)?;
    ///     Ok(())
    /// })?;
    /// # rawshm::unlink(&name)?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
    /// - [Linux, linkat](https://man7.org/linux/man-pages/man2/linkat.2.html)
    /// - [Linux, `O_TMPFILE`](https://man7.org/linux/man-pages/man2/open.2.html)
    #[doc(alias = "O_TMPFILE")]
    #[doc(alias = "linkat")]
    pub fn create_complete<E>(
        self,
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Mapping<ReadWrite>) -> Result<(), E>,
    ) -> Result<Complete, InitError<E>> {
        self.complete(name, size, initialise, Existing::Kept)
    }

    /// Creates a new, complete object in place of the one that has the name, if there is one.
    ///
    /// The object is created as [`Options::create_complete`] creates it. Then, in one step, the
    /// name denotes the new object and no longer the old one. So a process that opens the name
    /// finds the old or the new object, whole. A process that has the old one open or mapped keeps
    /// it as it is, and learns from [`Object::is_unlinked`] that it is replaced. If several
    /// processes replace at a time, the last one's object stays. The `renameat` is the point of no
    /// return: nothing that follows it is an error.
    ///
    /// On Linux, the calls of [`Options::create_complete`], with a different end: `flock`; `linkat`
    /// to a temporary name; `renameat`; `flock`; and an `openat` that looks for temporary names
    /// that others have left. A process that is killed between `linkat` and `renameat` leaves the
    /// temporary name, which the next replacement of the same name removes, or, after several
    /// replacements at a time, one that gets as far.
    ///
    /// # Errors
    ///
    /// Those of [`Options::create_complete`], except `EEXIST`. Also with [`Operation::Create`]:
    ///
    /// - `EACCES` – the name is another user's, in a sticky directory; or the initialiser has
    ///   changed the process's user there, and the temporary name is left to a process that may
    ///   remove it.
    /// - `EISDIR` – the name is a directory's.
    ///
    /// A symbolic link or a FIFO under the name is replaced.
    ///
    /// # Platform notes
    ///
    /// macOS cannot replace: `ENOTSUP`, and `initialise` is not called.
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Extent, Name, Object, Options, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-replace-{}", std::process::id()))?;
    /// # if Options::new().replace(&name, Size::Sparse(1), |bytes| bytes.store(0, &0_u8))
    /// #     .is_err_and(|error| rawshm::Error::from(error).errno() == rawshm::Errno::NOTSUP) {
    /// #     return Ok(());
    /// # }
    /// Options::new().replace(&name, Size::Sparse(4096), |bytes| bytes.store(0, &1_u64))?;
    /// let reader = Object::open(&name)?;
    /// let mapping = reader.map(Extent::Whole)?;
    ///
    /// Options::new().replace(&name, Size::Sparse(8192), |bytes| bytes.store(0, &2_u64))?;
    /// assert!(reader.is_unlinked()?);
    /// assert_eq!(mapping.load::<u64>(0)?, 1);
    ///
    /// let mapping = Object::open(&name)?.map(Extent::Whole)?;
    /// assert_eq!(mapping.load::<u64>(0)?, 2);
    /// rawshm::unlink(&name)?;
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/rename.html)
    /// - [Linux](https://man7.org/linux/man-pages/man2/rename.2.html)
    #[doc(alias = "rename")]
    pub fn replace<E>(
        self,
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Mapping<ReadWrite>) -> Result<(), E>,
    ) -> Result<Complete, InitError<E>> {
        if !sys::HAS_LINKS {
            return Err(failed(Errno::NOTSUP).into());
        }
        self.complete(name, size, initialise, Existing::Replaced)
    }

    /// Opens the object if there is one, else creates it, complete. The [`Outcome`] says which.
    ///
    /// Of all processes that do this at a time exactly one publishes its object, and the others
    /// open that one. `initialise` is called only if there was no object at first. Several
    /// processes may then fill one each; the first to finish publishes its object, and the others
    /// drop theirs.
    ///
    /// An existing object is mapped as far as `size` says. The calls of
    /// [`Options::open_read_write`] and `mmap`; if there is no object those of
    /// [`Options::create_complete`], with its point of no return; if the name is taken meanwhile,
    /// both again.
    ///
    /// # Errors
    ///
    /// Those of [`Options::create_complete`], except `EEXIST`, and those of
    /// [`Options::open_read_write`]. `ENXIO` with [`Operation::Map`] – the existing object is
    /// smaller. `EAGAIN` with [`Operation::Open`] also if peers created and unlinked the name a
    /// thousand times in between.
    ///
    /// # Platform notes
    ///
    /// On macOS an existing object may not be complete yet: see [`Options::create_complete`].
    ///
    /// # Examples
    ///
    /// ```
    /// use rawshm::{Name, Options, Outcome, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-once-{}", std::process::id()))?;
    /// let once = || {
    ///     Options::new().open_or_create_complete(&name, Size::Sparse(4096), |bytes| {
    ///         bytes.store(0, &8021_u64)
    ///     })
    /// };
    /// let (first, outcome) = once()?;
    /// assert_eq!(outcome, Outcome::Created);
    /// let (second, outcome) = once()?;
    /// assert_eq!(outcome, Outcome::Opened);
    /// rawshm::unlink(&name)?;
    /// assert_eq!(second.mapping.load::<u64>(0)?, 8021);
    /// # let _ = first;
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/shm_open.html)
    pub fn open_or_create_complete<E>(
        self,
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Mapping<ReadWrite>) -> Result<(), E>,
    ) -> Result<(Complete, Outcome), InitError<E>> {
        let mut rounds = 0..Self::ROUNDS;
        let mut again = || rounds.next().map(|_| ()).ok_or(Self::GAVE_UP);
        let (object, state) = loop {
            if let Some(complete) = self.open_complete(name, size)? {
                return Ok((complete, Outcome::Opened));
            }
            match self.begin(name) {
                Err(Self::TAKEN) => again()?,
                begun => break begun?,
            }
        };
        let mut draft = Draft::new(self.dir(), name, (&object, state));
        let mapping = self.fill(&object, size, |_, mapping| initialise(mapping))?;
        loop {
            match draft.publish(Existing::Kept) {
                Ok(()) => break,
                Err(Errno::EXIST) => again()?,
                Err(errno) => return Err(self.unpublished(errno).into()),
            }
            if let Some(complete) = self.open_complete(name, size)? {
                return Ok((complete, Outcome::Opened));
            }
        }
        drop(draft);
        Ok((Complete { object, mapping }, Outcome::Created))
    }

    fn complete<E>(
        self,
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Mapping<ReadWrite>) -> Result<(), E>,
        existing: Existing,
    ) -> Result<Complete, InitError<E>> {
        let initialise = |_: &_, mapping: &_| initialise(mapping);
        self.make(name, size, initialise, &|draft| draft.publish(existing))
    }

    /// What all creations of complete objects share. The initialiser gets the object, too, and
    /// `publish` puts it under its name.
    pub(crate) fn make<E>(
        self,
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Object<ReadWrite>, &Mapping<ReadWrite>) -> Result<(), E>,
        publish: &dyn Fn(&mut Draft<'_>) -> Result<(), Errno>,
    ) -> Result<Complete, InitError<E>> {
        let (object, state) = self.begin(name)?;
        let mut draft = Draft::new(self.dir(), name, (&object, state));
        let mapping = self.fill(&object, size, initialise)?;
        publish(&mut draft).map_err(|errno| self.unpublished(errno))?;
        drop(draft);
        Ok(Complete { object, mapping })
    }

    fn begin(self, name: &Name) -> Result<(Object<ReadWrite>, State), Error> {
        draft::begin(self.dir(), name, self.mode_at_creation()?).map_err(failed)
    }

    /// The error of an object that could not get its name.
    fn unpublished(self, errno: Errno) -> Error {
        match errno {
            Errno::NOENT => missing(self.dir(), Operation::Create),
            other => Error::new(Operation::Create, other),
        }
    }

    fn fill<E>(
        self,
        object: &Object<ReadWrite>,
        size: Size,
        initialise: impl FnOnce(&Object<ReadWrite>, &Mapping<ReadWrite>) -> Result<(), E>,
    ) -> Result<Mapping<ReadWrite>, InitError<E>> {
        let part = Extent::Whole
            .within(size.bytes())
            .map_err(because(Operation::Map))?;
        self.prepare(object, size)?;
        let mapping = Mapping::whole(object.as_fd(), part)?;
        initialise(object, &mapping).map_err(InitError::Initialiser)?;
        Ok(mapping)
    }

    /// Opens an object and maps this size of it; None if there is no such object.
    fn open_complete(self, name: &Name, size: Size) -> Result<Option<Complete>, Error> {
        let part = Extent::Whole
            .within(size.bytes())
            .map_err(because(Operation::Map))?;
        let (object, status) = match self.open_raw(name) {
            Err(Errno::NOENT) => return Ok(None),
            opened => opened.map_err(because(Operation::Open))?,
        };
        let (_, len) = part;
        let mapping = object.map_within(Extent::first(len), status)?;
        Ok(Some(Complete { object, mapping }))
    }
}

/// The error of a creation, where ENOENT can mean nothing but a missing directory.
fn failed(errno: Errno) -> Error {
    let operation = match errno {
        Errno::NOENT => Operation::Directory,
        _ => Operation::Create,
    };
    Error::new(operation, errno)
}
