//! A reader that follows a name.

use core::fmt;
use core::time::Duration;

use super::deadline::Deadline;
use super::error::Error;
use super::layout::Layout;
use super::reader::Reader;
use crate::{Name, Options};

/// How often to ask whether the name is still the snapshot's, at most.
const CHECK: Duration = Duration::from_secs(2);

/// Reads the snapshots that have a name, one after the other: across restarts of the writer,
/// retirement, replacement and removal.
///
/// It waits for a snapshot to appear, returns its values as [`Reader::next`] does, and goes on with
/// the next snapshot of the name when this one is retired. A process such as `rm` may remove or
/// replace a snapshot without retiring it. So when no new value is there, the follower asks, at
/// most every two seconds, whether another snapshot has the name, and goes on with that one.
///
/// A snapshot that exists for less time than it takes to wake this process is missed. Two
/// snapshots may hold equal values, of equal numbers: each is returned.
///
/// # Examples
///
/// ```
/// use rawshm::Name;
/// use rawshm::snapshot::{Deadline, Follower, Writer};
///
/// let name = Name::new(&format!("/rawshm-doc-follower-{}", std::process::id()))?;
/// let mut follower = Follower::<u64>::new(&name);
///
/// let writer = Writer::create(&name, 2, &1_u64)?;
/// assert_eq!(follower.next(Deadline::NEVER)?, Some(1));
/// writer.retire();
///
/// # if !cfg!(target_os = "macos") {
/// let (writer, _) = Writer::open_or_create(&name, 2, &2_u64)?;
/// assert_eq!(follower.next(Deadline::NEVER)?, Some(2));
/// writer.finish(&name)?;
/// # }
/// # Ok::<(), rawshm::snapshot::Error>(())
/// ```
pub struct Follower<'a, T: Layout> {
    options: Options<'a>,
    name: &'a Name,
    reader: Option<Reader<T>>,
    /// When to ask whether the name is still the reader's.
    check: Option<Deadline>,
    /// How often each reader looks for a new value before it sleeps.
    spins: u32,
}

impl<'a, T: Layout> Follower<'a, T> {
    /// Follows a name in [`Directory::DEFAULT`](crate::Directory::DEFAULT). Makes no call.
    #[must_use]
    pub const fn new(name: &'a Name) -> Self {
        Self::with(Options::new(), name)
    }

    /// Follows a name in the directory of these options. Makes no call.
    #[must_use]
    pub const fn with(options: Options<'a>, name: &'a Name) -> Self {
        Self {
            options,
            name,
            reader: None,
            check: None,
            spins: 0,
        }
    }

    /// Has [`Follower::next`] look this number of times for a new value before it sleeps, as
    /// [`Reader::spinning`] has a reader.
    #[must_use]
    pub fn spinning(mut self, looks: u32) -> Self {
        self.spins = looks;
        self.reader = self.reader.map(|reader| reader.spinning(looks));
        self
    }

    /// Returns a value that it has not returned before. Sleeps until there is one; `None` if the
    /// deadline passes first.
    ///
    /// The calls of [`Reader::wait_for`] until there is a snapshot, then those of [`Reader::next`].
    /// At first one `clock_gettime`. When it waits and two seconds have passed since then, a
    /// `futex` that does not sleep, a `newfstatat`, the calls of [`Reader::open`] if the name is
    /// not the snapshot's any more, and the next `clock_gettime`.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::wait_for`], [`Reader::next`] and [`Reader::is_current`], except
    /// [`Error::Retired`]. It can be called again: if a snapshot of another type has the name, for
    /// example, each call returns the error until another has the name.
    pub fn next(&mut self, deadline: Deadline) -> Result<Option<T>, Error> {
        match self.ready(deadline)? {
            Some(reader) => reader.next(deadline),
            None => Ok(None),
        }
    }

    /// Copies a value that it has not returned before into `value`, as [`Follower::next`] returns
    /// one. For values that are too large for the stack. `false` if the deadline passes first.
    ///
    /// # Errors
    ///
    /// Those of [`Follower::next`]; see [`Reader::next_into`] for what `value` is then.
    pub fn next_into(&mut self, value: &mut T, deadline: Deadline) -> Result<bool, Error> {
        match self.ready(deadline)? {
            Some(reader) => reader.next_into(value, deadline),
            None => Ok(false),
        }
    }

    /// Returns the reader of the present snapshot, which may be retired; `None` if none has been
    /// found.
    #[must_use]
    pub const fn reader(&self) -> Option<&Reader<T>> {
        self.reader.as_ref()
    }

    /// A reader that was opened after another one. It may be of the same snapshot: the name could
    /// not be taken from it, or has come back to it.
    fn after(&self, mut next: Reader<T>, last: &Reader<T>) -> Reader<T> {
        next.go_on_after(last);
        next.spinning(self.spins)
    }

    /// The reader of a snapshot that has a value to return; None if the deadline passes first.
    fn ready(&mut self, deadline: Deadline) -> Result<Option<&mut Reader<T>>, Error> {
        loop {
            let Some(reader) = &self.reader else {
                let found = Reader::wait_for_with(&self.options, self.name, deadline)?;
                let Some(found) = found else {
                    return Ok(None);
                };
                self.reader = Some(found.spinning(self.spins));
                continue;
            };
            let check = match self.check {
                Some(check) => check,
                None => *self.check.insert(Deadline::after(CHECK)?),
            };
            match reader.wait_for_new(deadline.min(check)) {
                Ok(true) => return Ok(self.reader.as_mut()),
                Ok(false) if deadline <= check => return Ok(None),
                Ok(false) => {
                    self.check = None;
                    if !reader.is_current_with(&self.options, self.name)? {
                        let next = Reader::open_if_current_with(&self.options, self.name)?;
                        if let Some(next) = next {
                            self.reader = Some(self.after(next, reader));
                        }
                    }
                }
                Err(Error::Retired) => {
                    let next = Reader::wait_for_with(&self.options, self.name, deadline)?;
                    let Some(next) = next else {
                        return Ok(None);
                    };
                    self.reader = Some(self.after(next, reader));
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl<T: Layout> fmt::Debug for Follower<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("name", self.name)
            .field("reader", &self.reader)
            .finish()
    }
}
