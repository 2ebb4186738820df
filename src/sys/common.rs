//! The calls that are the same on every system.

use core::ffi::{c_int, c_void};
use core::ptr::{NonNull, null_mut};

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{self, OFlags};
use rustix::io::{fcntl_dupfd_cloexec, retry_on_intr};
use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};

use super::{Access, Dir, Disposition, shm_open};
use crate::{Errno, Name};

pub(crate) fn open(
    dir: Dir<'_>,
    name: &Name,
    access: Access,
    disposition: Disposition,
) -> Result<OwnedFd, Errno> {
    let access = match access {
        Access::ReadOnly => OFlags::RDONLY,
        Access::ReadWrite => OFlags::RDWR,
    };
    let (how, mode) = match disposition {
        Disposition::Existing => (OFlags::empty(), 0),
        Disposition::New(mode) => (OFlags::CREATE | OFlags::EXCL, mode),
    };
    shm_open(dir, name, access | how, mode)
}

pub(crate) fn open_with_flags(
    dir: Dir<'_>,
    name: &Name,
    flags: c_int,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    let flags = OFlags::from_bits_retain(u32::from_ne_bytes(flags.to_ne_bytes()));
    shm_open(dir, name, flags, mode)
}

/// POSIX's errno where the kernel's is `EPERM`.
pub(super) fn as_posix(errno: Errno) -> Errno {
    match errno {
        Errno::PERM => Errno::ACCESS,
        other => other,
    }
}

pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    fcntl_dupfd_cloexec(fd, 0)
}

pub(crate) fn set_size(fd: BorrowedFd<'_>, size: u64) -> Result<(), Errno> {
    retry_on_intr(|| fs::ftruncate(fd, size))
}

/// The access of a descriptor with this access mode.
pub(super) fn access_from(flags: OFlags) -> Result<Access, Errno> {
    match flags {
        OFlags::RDONLY => Ok(Access::ReadOnly),
        OFlags::RDWR => Ok(Access::ReadWrite),
        _ => Err(Errno::ACCESS),
    }
}

/// No page of any system is smaller.
const PAGE_MIN: usize = 4096;

pub(crate) fn map(
    fd: BorrowedFd<'_>,
    access: Access,
    offset: u64,
    len: usize,
) -> Result<NonNull<c_void>, Errno> {
    let protection = match access {
        Access::ReadOnly => ProtFlags::READ,
        Access::ReadWrite => ProtFlags::READ.union(ProtFlags::WRITE),
    };
    // SAFETY: the kernel chooses an unused address, so no memory in use changes.
    let start = unsafe { mm::mmap(null_mut(), len, protection, MapFlags::SHARED, fd, offset) }?;
    // The kernel returns no other address. If a tracer or a seccomp supervisor does, nothing was
    // mapped.
    NonNull::new(start)
        .filter(|start| start.addr().get() % PAGE_MIN == 0)
        .ok_or(Errno::FAULT)
}

/// # Safety
/// The range is a whole mapping made by `map`, and nothing accesses it any more.
pub(crate) unsafe fn unmap(start: *mut c_void, len: usize) -> Result<(), Errno> {
    // SAFETY: as this function's own contract says.
    unsafe { mm::munmap(start, len) }
}

/// # Safety
/// The range is a whole mapping made by `map`, and nothing will write through it any more.
pub(crate) unsafe fn make_read_only(start: *mut c_void, len: usize) -> Result<(), Errno> {
    // SAFETY: as this function's own contract says.
    unsafe { mm::mprotect(start, len, MprotectFlags::READ) }
}

/// # Safety
/// The range is in a mapping made by `map`.
pub(crate) unsafe fn lock(start: *mut c_void, len: usize) -> Result<(), Errno> {
    // SAFETY: locking changes no byte of the mapping.
    unsafe { mm::mlock(start, len) }
}

/// # Safety
/// The range is in a mapping made by `map`.
pub(crate) unsafe fn unlock(start: *mut c_void, len: usize) -> Result<(), Errno> {
    // SAFETY: unlocking changes no byte of the mapping.
    unsafe { mm::munlock(start, len) }
}
