//! Sleeping until a value or a directory changes.

use core::mem::MaybeUninit;
use core::num::NonZeroU32;
use core::sync::atomic::AtomicU32;
use core::time::Duration;

use linux_raw_sys::general::{__kernel_timespec, CLOCK_MONOTONIC};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::inotify;
use rustix::io::{read, retry_on_intr};
use rustix::thread::futex;
use rustix::thread::{NanosleepRelativeResult, Timespec, nanosleep};

use super::raw;
use crate::Errno;
use crate::sys::linux::SHM;
use crate::sys::linux::links::{PROC_PATH_BUFFER, proc_path};
use crate::sys::{Dir, clock};

/// All bits, so that every wake wakes this sleeper.
const ANY: NonZeroU32 = NonZeroU32::MAX;

/// Not private: the processes that sleep and wake are different ones.
const SHARED: futex::Flags = futex::Flags::empty();

/// Not from the vDSO: without libc, rustix makes calls of its own to find it.
pub(crate) fn now() -> Result<Duration, Errno> {
    if !raw::HAS_CALL {
        return clock::now();
    }
    let mut time = __kernel_timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let arguments = [
        raw::argument(CLOCK_MONOTONIC)?,
        (&raw mut time).expose_provenance(),
        0,
    ];
    // SAFETY: the kernel writes the time, which is this function's own, and nothing else.
    match unsafe { raw::call(raw::CLOCK_GETTIME, arguments) } {
        // Before Linux 5.1, or with a filter that is older than that.
        #[cfg(target_pointer_width = "32")]
        Err(Errno::NOSYS | Errno::PERM) => old_now(),
        called => {
            called?;
            clock::duration(time.tv_sec, time.tv_nsec)
        }
    }
}

#[cfg(target_pointer_width = "32")]
fn old_now() -> Result<Duration, Errno> {
    let mut time = linux_raw_sys::general::__kernel_old_timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let arguments = [
        raw::argument(CLOCK_MONOTONIC)?,
        (&raw mut time).expose_provenance(),
        0,
    ];
    // SAFETY: the kernel writes the time, which is this function's own, and nothing else.
    unsafe { raw::call(raw::CLOCK_GETTIME_OLD, arguments) }?;
    clock::duration(time.tv_sec.into(), time.tv_nsec)
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}

pub(crate) fn wait(word: &AtomicU32, seen: u32, until: Option<Duration>) -> Result<bool, Errno> {
    let until = until.map(timespec);
    match futex::wait_bitset(word, SHARED, seen, until.as_ref(), ANY) {
        Ok(()) | Err(Errno::AGAIN | Errno::INTR) => Ok(true),
        Err(Errno::TIMEDOUT) => Ok(false),
        Err(errno) => Err(errno),
    }
}

pub(crate) fn wake(word: &AtomicU32) -> Result<usize, Errno> {
    // The kernel takes the number as signed.
    const ALL: u32 = u32::MAX >> 1;
    futex::wake(word, SHARED, ALL)
}

/// How long to sleep where no event wakes this process.
pub(super) const POLL: Duration = Duration::from_millis(10);

/// Sleeps for this time, or until a signal. An error, of a filter of system calls, must reach the
/// caller: without sleeps, a loop that polls would take the whole processor.
pub(super) fn sleep(time: Duration) -> Result<(), Errno> {
    match nanosleep(&timespec(time)) {
        NanosleepRelativeResult::Err(errno) => Err(errno),
        NanosleepRelativeResult::Ok | NanosleepRelativeResult::Interrupted(_) => Ok(()),
    }
}

/// A watch for names that appear in a directory.
#[derive(Debug)]
pub(crate) struct DirWatch {
    /// None if too many are in use, or if the directory is the caller's and `/proc` is not mounted.
    inotify: Option<OwnedFd>,
}

impl DirWatch {
    pub(crate) fn of(dir: Dir<'_>) -> Self {
        Self {
            inotify: watch(dir).ok(),
        }
    }

    pub(crate) fn wait(&self, time: Duration) -> Result<(), Errno> {
        if let Some(inotify) = &self.inotify {
            return wait_readable(inotify.as_fd(), &timespec(time));
        }
        sleep(time.min(POLL))
    }

    pub(crate) fn end(&mut self) -> bool {
        self.inotify.take().is_some()
    }
}

fn watch(dir: Dir<'_>) -> Result<OwnedFd, Errno> {
    let inotify = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
    let events = inotify::WatchFlags::CREATE
        | inotify::WatchFlags::MOVED_TO
        | inotify::WatchFlags::DELETE_SELF
        | inotify::WatchFlags::ONLYDIR;
    match dir {
        None => inotify::add_watch(&inotify, SHM, events)?,
        Some(directory) => {
            let mut buffer = PROC_PATH_BUFFER;
            inotify::add_watch(&inotify, proc_path(directory, &mut buffer), events)?
        }
    };
    Ok(inotify)
}

fn wait_readable(inotify: BorrowedFd<'_>, time: &Timespec) -> Result<(), Errno> {
    let mut polled = [PollFd::from_borrowed_fd(inotify, PollFlags::IN)];
    match poll(&mut polled, Some(time)) {
        Ok(0) | Err(Errno::INTR) => return Ok(()),
        Ok(_) => {}
        Err(errno) => return Err(errno),
    }
    // The events themselves do not matter: the caller looks up the name again. The buffer holds
    // several of the longest.
    let mut events = [MaybeUninit::<u8>::uninit(); 4096];
    match retry_on_intr(|| read(inotify, &mut events[..]).map(|_| ())) {
        Ok(()) | Err(Errno::AGAIN) => Ok(()),
        Err(errno) => Err(errno),
    }
}
