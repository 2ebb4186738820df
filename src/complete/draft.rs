//! Objects on their way to their name.
//!
//! An object without a name vanishes with its descriptor, whatever ends the process. So it is
//! created without one where the system can do that (`O_TMPFILE`), and linked when it is complete.
//! Where nothing can link it, and on the way to a name that is taken, it has a
//! [temporary name](super::temporary).

use core::mem::MaybeUninit;

use rustix::fd::{AsFd as _, BorrowedFd};

use super::temporary;
use crate::object::unlink_if_same;
use crate::sys::{self, Access, Dir, Disposition, Existing, Link};
use crate::{Errno, Name, Object, ReadWrite};

/// Where an object is on its way.
#[derive(Debug)]
pub(super) enum State {
    Unnamed(Link),
    /// Locked, under the temporary name of this number.
    Temporary(u32),
    /// Already under its name, where there is no other way.
    Exposed,
    Published,
}

/// An object that is not published yet. Dropping it before it is leaves no name behind.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    dir: Dir<'a>,
    name: &'a Name,
    object: &'a Object<ReadWrite>,
    state: State,
}

/// Creates an empty object that is not under the name yet.
pub(super) fn begin(
    dir: Dir<'_>,
    name: &Name,
    mode: u32,
) -> Result<(Object<ReadWrite>, State), Errno> {
    if !sys::HAS_LINKS {
        let fd = sys::open(dir, name, Access::ReadWrite, Disposition::New(mode))?;
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
    let (fd, number) = temporary::create(dir, name, mode)?;
    Ok((Object::new(fd), State::Temporary(number)))
}

impl<'a> Draft<'a> {
    pub(super) fn new(
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

    /// Gives an object without a name a temporary one, so that it can replace another: all of
    /// [`Draft::publish`] that fails for other reasons than the name.
    pub(crate) fn stage(&mut self) -> Result<(), Errno> {
        let Self { dir, name, .. } = *self;
        let State::Unnamed(way) = self.state else {
            return Ok(());
        };
        let fd = self.object.as_fd();
        // Where there are no locks, no process removes a temporary name either.
        let _ = sys::lock_file(fd);
        let linked = |temporary: &Name| link(fd, way, dir, temporary);
        let ((), number) = temporary::with_free(dir, name, &linked)?;
        self.state = State::Temporary(number);
        Ok(())
    }

    /// Puts the object under its name. It can be tried again after an error.
    pub(crate) fn publish(&mut self, existing: Existing) -> Result<(), Errno> {
        let Self { dir, name, .. } = *self;
        let fd = self.object.as_fd();
        match (&self.state, existing) {
            (State::Unnamed(way), Existing::Kept) => link(fd, *way, dir, name)?,
            (State::Unnamed(_), Existing::Replaced) => {
                self.stage()?;
                return self.publish(existing);
            }
            (State::Temporary(number), _) => {
                let mut buffer = MaybeUninit::uninit();
                let temporary = temporary::name(&mut buffer, name, *number)?;
                sys::rename(dir, temporary, name, existing)?;
                // Else it would last as long as this process has the object open or mapped.
                let _ = sys::unlock_file(fd);
                temporary::remove_left(dir, name, number.saturating_add(1));
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
        let mut buffer = MaybeUninit::uninit();
        let name = match &self.state {
            State::Unnamed(_) | State::Published => return,
            State::Temporary(number) => temporary::name(&mut buffer, self.name, *number),
            State::Exposed => Ok(self.name),
        };
        // The error that led here is the one to report.
        let _ = name.and_then(|name| unlink_if_same(self.dir, name, self.object.as_fd()));
    }
}

/// Links an object that has no name.
///
/// What `can_link` has found can be gone by now: if the initialiser has changed the process's user,
/// or a security module looks only at the new name, the other way remains.
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
