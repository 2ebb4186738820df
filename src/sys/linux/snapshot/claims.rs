//! Claims: who writes to an object, as the kernel knows it.
//!
//! A claim is a pair of record locks of an open file description (`F_OFD_SETLK`), far behind any object's end. They last
//! as long as a descriptor or a mapping of that description does, and need the right to write. The first byte decides
//! who has the claim. On the second byte, of which the claimant has a lock too, others sleep until the claim ends, by
//! asking for a shared lock; which any reader may have, so that it decides nothing.

use rustix::fd::BorrowedFd;
use rustix::io::retry_on_intr;
use rustix::thread::{Timespec, nanosleep, sched_yield};

use super::raw::{self, Flock, fcntl_lock};
use crate::Errno;

const F_OFD_GETLK: usize = 36;
const F_OFD_SETLK: usize = 37;
const F_OFD_SETLKW: usize = 38;

const F_RDLCK: i16 = 0;
const F_WRLCK: i16 = 1;
const F_UNLCK: i16 = 2;

const CLAIM: i64 = 1 << 62;
const END: i64 = CLAIM + 1;

/// How often a lock is tried that others have for moments only.
const TRIES: u32 = 100;

/// How long to sleep where the kernel does not wake, because a reader has kept the claimant from the second byte.
const POLL: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 10_000_000,
};

pub(crate) const HAS_CLAIMS: bool = raw::ARE_THERE;

fn lock_call(fd: BorrowedFd<'_>, command: usize, kind: i16, byte: i64) -> Result<i16, Errno> {
    let mut lock = Flock {
        kind,
        whence: 0,
        start: byte,
        len: 1,
        pid: 0,
    };
    retry_on_intr(|| fcntl_lock(fd, command, &mut lock)).map(|()| lock.kind)
}

pub(crate) fn claim(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    for _ in 0..TRIES {
        match lock_call(fd, F_OFD_SETLK, F_WRLCK, CLAIM) {
            Ok(_) => {
                lock_end(fd);
                return Ok(());
            }
            Err(Errno::AGAIN | Errno::ACCESS) => {}
            Err(errno) => return Err(errno),
        }
        if is_claimed(fd)? {
            return Err(Errno::BUSY);
        }
        if lock_call(fd, F_OFD_GETLK, F_WRLCK, CLAIM)? == F_RDLCK {
            return Err(Errno::AGAIN);
        }
    }
    // A reader that takes a lock and releases it, over and over: no other process has ever had the claim.
    Err(Errno::AGAIN)
}

/// Who waited for the end of the last claim has this lock for a moment.
fn lock_end(fd: BorrowedFd<'_>) {
    for _ in 0..TRIES {
        if lock_call(fd, F_OFD_SETLK, F_WRLCK, END).is_ok() {
            break;
        }
        sched_yield();
    }
}

pub(crate) fn is_claimed(fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    // Shared locks do not conflict with the one that is asked about, so that readers do not show.
    Ok(lock_call(fd, F_OFD_GETLK, F_RDLCK, CLAIM)? != F_UNLCK)
}

pub(crate) fn wait_unclaimed(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    // Who has the claim would give up its own lock below.
    if !is_claimed(fd)? {
        return Ok(());
    }
    loop {
        lock_call(fd, F_OFD_SETLKW, F_RDLCK, END)?;
        lock_call(fd, F_OFD_SETLK, F_UNLCK, END)?;
        if !is_claimed(fd)? {
            return Ok(());
        }
        let _ = nanosleep(&POLL);
    }
}
