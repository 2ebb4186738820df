//! Objects that appear under their name when they are complete.

mod draft;
mod error;

use rustix::fd::AsFd as _;

pub(crate) use self::draft::Draft;
use self::draft::State;
pub use self::error::InitError;
use crate::Options;
use crate::error::{Error, Operation, because};
use crate::object::missing;
use crate::sys::{self, Existing};
use crate::{Errno, Extent, Mapping, Name, Object, Outcome, ReadWrite, Size};

/// What a complete object is made of: the object and a mapping of the whole of it.
type Made = (Object<ReadWrite>, Mapping<ReadWrite>);

impl Options<'_> {
    /// Creates a new object, exclusively, and lets it appear under its name only when it is complete: sized, reserved if
    /// so asked, and initialised.
    ///
    /// The object is made without a name, sized and mapped; `initialise` fills it; then it is linked. So whoever opens
    /// the name finds either nothing or all of it. If `initialise` fails or panics, no name and no memory is left, and
    /// neither if the process is killed at any time, but for what the last of the ways below says. A name that is taken
    /// shows at the end only.
    ///
    /// On Linux, `openat` with `O_TMPFILE`, a `linkat` that changes nothing and tells whether the kernel lets the object be
    /// linked at all, `fchmod` for [`Mode::Exact`](crate::Mode::Exact), `ftruncate`, `fallocate` for [`Size::Reserved`],
    /// `mmap`, then `linkat` with `AT_EMPTY_PATH`. The object that is given back is closed when it is dropped.
    ///
    /// Where that does not work, which is before Linux 6.10 for unprivileged processes, `linkat` follows
    /// `/proc/thread-self/fd`. Where that is not mounted either, or `O_TMPFILE` is refused, the object is created
    /// under a temporary name, locked by `flock`, and renamed by `renameat2` with `RENAME_NOREPLACE`, or linked and
    /// unlinked where that is not known; a process that is killed meanwhile leaves that name, and the next creation that
    /// way or replacement of this name removes it. It is the name itself between a dot and `.rawshm-` with three digits:
    /// `/frames` becomes `.frames.rawshm-000`. Use no such names otherwise. A child that `initialise` forks shares the lock:
    /// the name then stays for as long as the child lives.
    ///
    /// # Errors
    ///
    /// [`InitError::Initialiser`] with whatever `initialise` gives. [`InitError::Object`] as
    /// [`Options::create_mapping`], and with [`Operation::Create`]:
    ///
    /// - `EAGAIN` – a thousand objects of this name are on their way, or somebody has made a thousand such names.
    /// - `ENOENT`, `EPERM`, `EACCES` – a security module does not let the object be linked, or the initialiser has changed
    ///   the process's user, and `/proc` is not mounted; or somebody has removed the temporary name.
    ///
    /// # Platform notes
    ///
    /// macOS has no objects without a name: there the name is taken first, so that a peer may open the object before it
    /// is complete. What fails, and what panics, is removed; a process that is killed leaves the name.
    ///
    /// Linux before 6.0 does not apply the umask here on file systems that were built without access control lists.
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
    /// An initialiser of several steps says what its errors are, since `?` converts into any:
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
    ) -> Result<Made, InitError<E>> {
        self.complete(name, size, initialise, Existing::Kept)
    }

    /// Creates a new object, complete, in the place of the one that has the name, if there is one.
    ///
    /// As [`Options::create_complete`], but that the name, in one step, denotes the new object and no longer the old
    /// one: whoever opens it finds the one or the other, whole. Who has the old one open or mapped keeps it as it is,
    /// and who has kept its [`Object`] learns from [`Object::is_unlinked`] that it is superseded. Of several that replace
    /// at a time the last one stays.
    ///
    /// On Linux, the calls of [`Options::create_complete`], but at the end `flock`, `linkat` to a temporary name,
    /// `renameat`, `flock`, and an `openat` that looks for such names that others have left. A process that is killed
    /// between `linkat` and `renameat` leaves the temporary name, and the next replacement of this name removes it; killed
    /// at any other time, it leaves nothing but for what [`Options::create_complete`] says.
    ///
    /// # Errors
    ///
    /// As [`Options::create_complete`] but for `EEXIST`; also with [`Operation::Create`]:
    ///
    /// - `EACCES` – the name is another user's, in a sticky directory; or the initialiser has changed the process's user
    ///   there, and the temporary name is left to who may remove it.
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
    ) -> Result<Made, InitError<E>> {
        if !sys::HAS_LINKS {
            return Err(failed(Errno::NOTSUP).into());
        }
        self.complete(name, size, initialise, Existing::Replaced)
    }

    /// Opens the object if there is one, else creates it, complete; the [`Outcome`] says which.
    ///
    /// So of all processes that do this exactly one publishes, and the others find what it has made. `initialise` is
    /// called only if there was no object at first. Several may then fill one each: that of the first to finish stays,
    /// and the others drop theirs and open it.
    ///
    /// An object that was there is mapped as far as `size` says. The calls of [`Options::open_read_write`] and `mmap`;
    /// if there is no object those of [`Options::create_complete`]; if the name is taken meanwhile, both again.
    ///
    /// # Errors
    ///
    /// As [`Options::create_complete`] but for `EEXIST`, and as [`Options::open_mapping_read_write`]: `ENXIO` with
    /// [`Operation::Map`] if the object that was there is smaller. `EAGAIN` with [`Operation::Open`] – peers created and
    /// unlinked the name a thousand times in between.
    ///
    /// # Platform notes
    ///
    /// As [`Options::create_complete`]: on macOS an object that was there may not be complete yet.
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
    /// let ((_, first), outcome) = once()?;
    /// assert_eq!(outcome, Outcome::Created);
    /// let ((_, second), outcome) = once()?;
    /// assert_eq!(outcome, Outcome::Opened);
    /// rawshm::unlink(&name)?;
    /// assert_eq!(second.load::<u64>(0)?, 8021);
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
    ) -> Result<(Made, Outcome), InitError<E>> {
        let mut rounds = 0..Self::ROUNDS;
        let mut again = || rounds.next().map(|_| ()).ok_or(Self::GAVE_UP);
        let (object, state) = loop {
            if let Some(made) = self.open_made(name, size)? {
                return Ok((made, Outcome::Opened));
            }
            match self.begin(name) {
                Err(error) if error.errno() == Errno::EXIST => again()?,
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
            if let Some(made) = self.open_made(name, size)? {
                return Ok((made, Outcome::Opened));
            }
        }
        drop(draft);
        Ok(((object, mapping), Outcome::Created))
    }

    fn complete<E>(
        self,
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Mapping<ReadWrite>) -> Result<(), E>,
        existing: Existing,
    ) -> Result<Made, InitError<E>> {
        let initialise = |_: &_, mapping: &_| initialise(mapping);
        self.make(name, size, initialise, &|draft| draft.publish(existing))
    }

    /// What these have in common; the initialiser gets the object, too, and `publish` gives it its name.
    pub(crate) fn make<E>(
        self,
        name: &Name,
        size: Size,
        initialise: impl FnOnce(&Object<ReadWrite>, &Mapping<ReadWrite>) -> Result<(), E>,
        publish: &dyn Fn(&mut Draft<'_>) -> Result<(), Errno>,
    ) -> Result<Made, InitError<E>> {
        let (object, state) = self.begin(name)?;
        let mut draft = Draft::new(self.dir(), name, (&object, state));
        let mapping = self.fill(&object, size, initialise)?;
        publish(&mut draft).map_err(|errno| self.unpublished(errno))?;
        drop(draft);
        Ok((object, mapping))
    }

    pub(crate) fn begin(self, name: &Name) -> Result<(Object<ReadWrite>, State), Error> {
        draft::begin(self.dir(), name, self.mode_at_creation()?).map_err(failed)
    }

    /// The error of a name that could not be given.
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
        let mapping = Mapping::new(object.as_fd(), part)?;
        initialise(object, &mapping).map_err(InitError::Initialiser)?;
        Ok(mapping)
    }

    /// Opens and maps an object of this size, if there is one.
    fn open_made(self, name: &Name, size: Size) -> Result<Option<Made>, Error> {
        let part = Extent::Whole
            .within(size.bytes())
            .map_err(because(Operation::Map))?;
        let (object, status) = match self.open_raw(name) {
            Err(Errno::NOENT) => return Ok(None),
            opened => opened.map_err(because(Operation::Open))?,
        };
        let (_, len) = part;
        let mapping = object.map_within(Extent::first(len), status)?;
        Ok(Some((object, mapping)))
    }
}

/// The error of a creation; a missing name cannot be the reason.
fn failed(errno: Errno) -> Error {
    let operation = match errno {
        Errno::NOENT => Operation::Directory,
        _ => Operation::Create,
    };
    Error::new(operation, errno)
}
