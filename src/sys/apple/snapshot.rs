//! What only snapshots need. macOS has no claims, and sleeping is polling.

use core::sync::atomic::AtomicU32;
use core::time::Duration;

use rustix::fd::BorrowedFd;
use rustix::thread::{NanosleepRelativeResult, Timespec, nanosleep};

use crate::Errno;
use crate::sys::Dir;
pub(crate) use crate::sys::clock::now;

pub(crate) const CAN_RESERVE: bool = false;

pub(crate) fn directory_is_unlimited(_dir: Dir<'_>) -> bool {
    false
}

pub(crate) const HAS_CLAIMS: bool = false;

pub(crate) fn claim(_fd: BorrowedFd<'_>) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn is_claimed(_fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn wait_unclaimed(_fd: BorrowedFd<'_>) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn write_at(_fd: BorrowedFd<'_>, _bytes: &[u8], _offset: u64) -> Result<usize, Errno> {
    Err(Errno::NOTSUP)
}

/// How long to sleep: no event says that a word or a name has changed.
const POLL: Duration = Duration::from_millis(1);

pub(crate) fn wait(_word: &AtomicU32, _seen: u32, until: Option<Duration>) -> Result<bool, Errno> {
    let time = match until {
        None => POLL,
        Some(until) => match until.checked_sub(now()?) {
            None => return Ok(false),
            Some(left) => left.min(POLL),
        },
    };
    pause(time)?;
    Ok(true)
}

/// Sleeps for less than a second.
fn pause(time: Duration) -> Result<(), Errno> {
    let time = Timespec {
        tv_sec: 0,
        tv_nsec: time.subsec_nanos().into(),
    };
    match nanosleep(&time) {
        NanosleepRelativeResult::Err(errno) => Err(errno),
        NanosleepRelativeResult::Ok | NanosleepRelativeResult::Interrupted(_) => Ok(()),
    }
}

/// Not needed: `wait` polls.
#[expect(clippy::unnecessary_wraps, reason = "the contract's signature")]
pub(crate) fn wake(_word: &AtomicU32) -> Result<usize, Errno> {
    Ok(0)
}

/// No event says that a name has appeared.
#[derive(Debug)]
pub(crate) struct DirWatch;

impl DirWatch {
    pub(crate) fn of(_dir: Dir<'_>) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the contract's signature")]
    pub(crate) fn wait(&self, time: Duration) -> Result<(), Errno> {
        pause(time.min(POLL))
    }

    #[expect(clippy::unused_self, reason = "the contract's signature")]
    pub(crate) fn end(&mut self) -> bool {
        false
    }
}
