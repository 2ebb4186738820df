//! What is done to a thing, and to what links lead to, as inotify reports it.

use core::ffi::CStr;
use core::mem::MaybeUninit;

use rawshm::Errno;
use rustix::fd::{AsFd as _, OwnedFd};
use rustix::fs::inotify::{
    CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init, remove_watch,
};

use super::things::{FILE, FOLDER, ZERO};

pub struct Watch {
    inotify: OwnedFd,
    /// Of what links lead to.
    targets: [i32; 3],
}

impl Watch {
    pub fn new() -> Result<Self, Errno> {
        let inotify = init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let mut targets = [0; 3];
        for (target, path) in targets.iter_mut().zip([FILE, FOLDER, ZERO]) {
            *target = add_watch(&inotify, path, WatchFlags::ALL_EVENTS)?;
        }
        Ok(Self { inotify, targets })
    }

    pub fn begin(&self, path: &CStr) -> Result<i32, Errno> {
        add_watch(
            &self.inotify,
            path,
            WatchFlags::ALL_EVENTS | WatchFlags::DONT_FOLLOW,
        )
    }

    /// Returns what was done to the thing, and whether anything was done to a link's target.
    pub fn end(&self, watched: i32) -> (u32, bool) {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(self.inotify.as_fd(), &mut buffer);
        let (mut touched, mut followed) = (ReadFlags::empty(), false);
        while let Ok(event) = events.next() {
            if event.wd() == watched {
                touched |= event.events();
            }
            followed |= self.targets.contains(&event.wd());
            followed |= event.events().contains(ReadFlags::QUEUE_OVERFLOW);
        }
        // The kernel has removed it already if the thing is gone.
        let _ = remove_watch(&self.inotify, watched);
        touched.remove(ReadFlags::ISDIR | ReadFlags::IGNORED);
        (touched.bits(), followed)
    }
}
