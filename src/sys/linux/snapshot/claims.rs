//! Claims: which process writes to an object, as the kernel knows it.
//!
//! A claim is a pair of record locks of an open file description (`F_OFD_SETLK`), far beyond the
//! end of any object. They need the right to write, and last at least as long as a descriptor of
//! that description. The lock on the first byte decides which process has the claim. The claimant
//! also locks the second byte. Others sleep until the claim ends by waiting for a shared lock on
//! that byte. Any reader may have such a lock, so it decides nothing.

use core::mem;

use linux_raw_sys::general::{
    F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW, F_RDLCK, F_UNLCK, F_WRLCK, flock64,
};
use rustix::fd::{AsRawFd as _, BorrowedFd};
use rustix::io::{pwrite, retry_on_intr};

use super::raw;
use super::waiting::{POLL, sleep};
use crate::Errno;

const CLAIM: i64 = 1 << 62;
const END: i64 = CLAIM + 1;

/// How often to try for a lock that other processes hold only for moments.
const TRIES: u32 = 100;

pub(crate) const HAS_CLAIMS: bool = raw::HAS_CALL;

#[derive(Clone, Copy, Debug)]
enum Command {
    GetLock,
    SetLock,
    SetLockWait,
}

/// Sets a lock on one byte, or gets the kind of lock that is in its way: `F_RDLCK`, `F_WRLCK`, or
/// `F_UNLCK` if there is none.
fn fcntl_lock(fd: BorrowedFd<'_>, command: Command, kind: u32, byte: i64) -> Result<u32, Errno> {
    let command = match command {
        Command::GetLock => F_OFD_GETLK,
        Command::SetLock => F_OFD_SETLK,
        Command::SetLockWait => F_OFD_SETLKW,
    };
    // SAFETY: the struct has only integers, for which zero is a value. Zero is also
    // `SEEK_SET`, and the process id that these commands require.
    let mut lock: flock64 = unsafe { mem::zeroed() };
    lock.l_type = kind.try_into().map_err(|_| Errno::INVAL)?;
    lock.l_start = byte;
    lock.l_len = 1;
    let number = usize::try_from(fd.as_raw_fd()).map_err(|_| Errno::BADF)?;
    let arguments = [
        number,
        raw::argument(command)?,
        (&raw mut lock).expose_provenance(),
    ];
    // SAFETY: the kernel reads and writes the lock, which is this function's own, and nothing else.
    retry_on_intr(|| unsafe { raw::call(raw::FCNTL, arguments) })?;
    Ok(lock.l_type.unsigned_abs().into())
}

pub(crate) fn claim(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    for _ in 0..TRIES {
        match fcntl_lock(fd, Command::SetLock, F_WRLCK, CLAIM) {
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
        if fcntl_lock(fd, Command::GetLock, F_WRLCK, CLAIM)? == F_RDLCK {
            return Err(Errno::AGAIN);
        }
    }
    // A reader takes and releases a lock in a loop: no other process has had the claim.
    Err(Errno::AGAIN)
}

/// A process that waited for the end of the last claim has this lock for a moment.
fn lock_end(fd: BorrowedFd<'_>) {
    for _ in 0..TRIES {
        match fcntl_lock(fd, Command::SetLock, F_WRLCK, END) {
            Err(Errno::AGAIN | Errno::ACCESS) => yield_now(),
            _ => break,
        }
    }
}

/// Lets other processes run, unless a filter refuses that.
fn yield_now() {
    // SAFETY: the kernel accesses no memory.
    let _ = unsafe { raw::call(raw::SCHED_YIELD, [0; 3]) };
}

pub(crate) fn is_claimed(fd: BorrowedFd<'_>) -> Result<bool, Errno> {
    // A shared lock conflicts only with the claim: locks of readers do not count.
    Ok(fcntl_lock(fd, Command::GetLock, F_RDLCK, CLAIM)? != F_UNLCK)
}

pub(crate) fn wait_unclaimed(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    // The claimant itself must not get to the loop, which would release its lock.
    if !is_claimed(fd)? {
        return Ok(());
    }
    loop {
        fcntl_lock(fd, Command::SetLockWait, F_RDLCK, END)?;
        fcntl_lock(fd, Command::SetLock, F_UNLCK, END)?;
        if !is_claimed(fd)? {
            return Ok(());
        }
        // A reader has kept the claimant from locking the second byte: nothing else wakes this
        // process.
        sleep(POLL)?;
    }
}

pub(crate) fn write_at(fd: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
    retry_on_intr(|| pwrite(fd, bytes, offset))
}
