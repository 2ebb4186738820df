//! The calls that are alike on every system.

use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{self, OFlags};
use rustix::io::{fcntl_dupfd_cloexec, retry_on_intr};
use rustix::mm::{self, MapFlags, MprotectFlags, ProtFlags};

use super::Access;
use crate::Errno;

/// Close-on-exec, as `open`'s.
pub(crate) fn duplicate(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    fcntl_dupfd_cloexec(fd, 0)
}

pub(crate) fn set_size(fd: BorrowedFd<'_>, size: u64) -> Result<(), Errno> {
    retry_on_intr(|| fs::ftruncate(fd, size))
}

/// The access that open flags, reduced to the access mode and its like, stand for.
pub(crate) fn access_from(flags: OFlags) -> Result<Access, Errno> {
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
    // SAFETY: the kernel chooses an unused address, so no memory that is in use changes.
    let start = unsafe { mm::mmap(null_mut(), len, protection, MapFlags::SHARED, fd, offset) }?;
    // A filter or a tracer can answer with an address that the kernel would not: then there is
    // nothing to unmap.
    NonNull::new(start)
        .filter(|start| start.addr().get() % PAGE_MIN == 0)
        .ok_or(Errno::FAULT)
}

/// # Safety
/// The range is a whole mapping made by `map`, and nothing uses it any more.
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
/// The range is a whole mapping made by `map`.
pub(crate) unsafe fn lock(start: *mut c_void, len: usize) -> Result<(), Errno> {
    // SAFETY: locking changes no byte of the mapping.
    unsafe { mm::mlock(start, len) }
}

/// # Safety
/// The range is a whole mapping made by `map`.
pub(crate) unsafe fn unlock(start: *mut c_void, len: usize) -> Result<(), Errno> {
    // SAFETY: unlocking changes no byte of the mapping.
    unsafe { mm::munlock(start, len) }
}
