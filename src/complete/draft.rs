//! Objects on their way to their name.
//!
//! An object without a name vanishes with its descriptor, whatever ends the process; so it is made without one where
//! the system can (`O_TMPFILE`), and linked when it is complete. Where nothing can link it, and on the way to a name
//! that is taken, it has a temporary name of its own. Its maker holds a lock on it for as long, which the kernel takes
//! away when the process ends; who meets a temporary name without a lock on it removes it.

use core::mem::MaybeUninit;
use core::ops::Range;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};

use crate::object::unlink_if_same;

use crate::sys::{self, Access, Dir, Disposition, Existing, Link};
use crate::{Errno, Name, Object, ReadWrite};

/// How an object is known before it is published.
#[derive(Debug)]
pub(crate) enum State {
    Unnamed(Link),
    /// Locked, under the temporary name of this number.
    Temporary(u32),
    /// Already under its name, where there is no other way.
    Exposed,
    Published,
}

/// An object that is not published yet; if it never is, dropping this leaves no name behind.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    dir: Dir<'a>,
    name: &'a Name,
    object: &'a Object<ReadWrite>,
    state: State,
}

/// Makes an empty object that nobody finds under the name yet.
pub(crate) fn begin(
    dir: Dir<'_>,
    name: &Name,
    mode: u32,
) -> Result<(Object<ReadWrite>, State), Errno> {
    if !sys::HAS_LINKS {
        let fd = create(dir, name, mode)?;
        return Ok((Object::new(fd), State::Exposed));
    }
    match sys::open_unnamed(dir, mode) {
        Ok(fd) => {
            let works = |link: &Link| sys::can_link(fd.as_fd(), *link, dir);
            let link = [Link::ByDescriptor, Link::ByProc].into_iter().find(works);
            if let Some(link) = link {
                return Ok((Object::new(fd), State::Unnamed(link)));
            }
        }
        Err(Errno::NOTSUP) => {}
        Err(errno) => return Err(errno),
    }
    let (fd, temporary) =
        with_temporary(dir, name, &|temporary| create_locked(dir, temporary, mode))?;
    Ok((Object::new(fd), State::Temporary(temporary)))
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        dir: Dir<'a>,
        name: &'a Name,
        (object, state): (&'a Object<ReadWrite>, State),
    ) -> Self {
        Self {
            dir,
            name,
            object,
            state,
        }
    }

    /// Puts the object under its name. After an error it can be tried again.
    pub(crate) fn publish(&mut self, existing: Existing) -> Result<(), Errno> {
        let Self { dir, name, .. } = *self;
        let fd = self.object.as_fd();
        match (&self.state, existing) {
            (State::Unnamed(way), Existing::Kept) => link(fd, *way, dir, name)?,
            (State::Unnamed(way), Existing::Replaced) => {
                // Where there are no locks, nobody takes a temporary name away either.
                let _ = sys::lock_file(fd);
                let ((), number) = with_temporary(dir, name, &|name| link(fd, *way, dir, name))?;
                self.state = State::Temporary(number);
                return self.publish(existing);
            }
            (State::Temporary(number), _) => {
                let mut room = MaybeUninit::uninit();
                let temporary = temporary(&mut room, name, *number)?;
                sys::rename(dir, temporary, name, existing)?;
                // Else it would stay as long as this process has the object open or mapped.
                let _ = sys::unlock_file(fd);
                remove_left(dir, name, number.saturating_add(1)..TEMPORARIES);
            }
            (State::Exposed, Existing::Replaced) => return Err(Errno::NOTSUP),
            (State::Exposed, Existing::Kept) | (State::Published, _) => {}
        }
        self.state = State::Published;
        Ok(())
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        let mut room = MaybeUninit::uninit();
        let name = match &self.state {
            State::Unnamed(_) | State::Published => return,
            State::Temporary(number) => temporary(&mut room, self.name, *number),
            State::Exposed => Ok(self.name),
        };
        // What led here is what is reported.
        let _ = name.and_then(|name| unlink_if_same(self.dir, name, self.object.as_fd()));
    }
}

/// Links an object that has no name.
///
/// What `can_link` has found can be gone: an initialiser that has changed the process's user, or a security module that
/// looks at the new name only, leave the other way.
#[inline(never)]
fn link(fd: BorrowedFd<'_>, way: Link, dir: Dir<'_>, name: &Name) -> Result<(), Errno> {
    match (sys::link(fd, way, dir, name), way) {
        (Err(errno @ (Errno::NOENT | Errno::PERM | Errno::ACCESS)), Link::ByDescriptor) => {
            match sys::link(fd, Link::ByProc, dir, name) {
                Err(Errno::EXIST) => Err(Errno::EXIST),
                other => other.map_err(|_| errno),
            }
        }
        (linked, _) => linked,
    }
}

fn create(dir: Dir<'_>, name: &Name, mode: u32) -> Result<OwnedFd, Errno> {
    let access = Access::of::<ReadWrite>();
    sys::open(dir, name, access, Disposition::New(mode))
}

/// `EEXIST` also if a peer has taken the new object for one that was left behind, before it was locked. Its name is that
/// peer's to remove, who holds the lock: by now it may be another's.
fn create_locked(dir: Dir<'_>, temporary: &Name, mode: u32) -> Result<OwnedFd, Errno> {
    let fd = create(dir, temporary, mode)?;
    let is_lost = match sys::lock_file(fd.as_fd()) {
        Err(Errno::AGAIN) => true,
        _ => sys::status(fd.as_fd()).and_then(|status| status.is_unlinked) == Ok(true),
    };
    if is_lost { Err(Errno::EXIST) } else { Ok(fd) }
}

/// How many objects of one name can be on their way at a time.
const TEMPORARIES: u32 = 1000;

/// Does something with the first temporary name that is free, and removes what was left behind under those before.
fn with_temporary<T>(
    dir: Dir<'_>,
    name: &Name,
    make: &dyn Fn(&Name) -> Result<T, Errno>,
) -> Result<(T, u32), Errno> {
    for number in 0..TEMPORARIES {
        let mut room = MaybeUninit::uninit();
        let temporary = temporary(&mut room, name, number)?;
        let mut result = make(temporary);
        if matches!(result, Err(Errno::EXIST)) {
            look_at(dir, temporary);
            result = make(temporary);
        }
        if !matches!(result, Err(Errno::EXIST)) {
            return result.map(|done| (done, number));
        }
    }
    Err(Errno::AGAIN)
}

/// Removes what was left behind under these numbers, up to the first that is missing.
#[inline(never)]
fn remove_left(dir: Dir<'_>, name: &Name, mut numbers: Range<u32>) {
    let is_there = |number| {
        let mut room = MaybeUninit::uninit();
        temporary(&mut room, name, number).is_ok_and(|temporary| look_at(dir, temporary))
    };
    while numbers.next().is_some_and(is_there) {}
}

/// Removes a temporary name if its maker is gone, and says whether there was such a name.
fn look_at(dir: Dir<'_>, temporary: &Name) -> bool {
    let access = Access::ReadOnly;
    match sys::open(dir, temporary, access, Disposition::Existing) {
        Ok(fd) => {
            if sys::lock_file(fd.as_fd()).is_ok() {
                let _ = unlink_if_same(dir, temporary, fd.as_fd());
            }
            true
        }
        Err(errno) => errno != Errno::NOENT,
    }
}

const SUFFIX: &[u8; 8] = b".rawshm-";

/// The dot, the suffix and three digits.
const ADDED: usize = 12;

/// The name behind a dot and before a number, shortened to fit. Two names may so share one, as two processes may.
fn temporary<'a>(
    room: &'a mut MaybeUninit<Name>,
    name: &Name,
    number: u32,
) -> Result<&'a Name, Errno> {
    let whole = name.as_bytes().get(1..).unwrap_or(&[]);
    let longest = Name::MAX.saturating_sub(ADDED);
    let digits = [number / 100 % 10, number / 10 % 10, number % 10]
        .map(|digit| b'0' | u8::try_from(digit).unwrap_or(0));
    let mut bytes = [0; Name::MAX];
    let mut len = 0;
    for part in [b".", whole.get(..longest).unwrap_or(whole), SUFFIX, &digits] {
        let end = part.len().wrapping_add(len);
        if let Some(slots) = bytes.get_mut(len..end) {
            slots.copy_from_slice(part);
        }
        len = end;
    }
    Name::write(room, bytes.get(..len).unwrap_or(&[])).map_err(crate::Error::errno)
}
