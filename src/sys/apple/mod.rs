//! macOS: libc's functions, through rustix.
//!
//! The shared memory objects of XNU are not files. They have no directory, no identity, no file
//! type and no allocated size. The umask does not apply to their mode, which cannot be changed.
//! Their size is set once, in whole pages.

use core::ffi::{CStr, c_void};
use core::ptr::NonNull;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{self, FileType, Mode, OFlags};
use rustix::io::retry_on_intr;
use rustix::shm;

#[cfg(feature = "snapshot")]
mod snapshot;

#[cfg(feature = "snapshot")]
pub(crate) use self::snapshot::{
    CAN_RESERVE, DirWatch, HAS_CLAIMS, claim, directory_is_unlimited, is_claimed, now, wait,
    wait_unclaimed, wake, write_at,
};
pub(crate) use super::common::{
    duplicate, lock, make_read_only, open, open_with_flags, set_size, unlock, unmap,
};
use super::{Access, Advice, Dir, Existing, Identity, Link, Seals, Status, common};
use crate::{Errno, Name};

/// 31 bytes with the leading slash.
pub(crate) const NAME_MAX: usize = 30;

/// The page of Apple silicon, which is a multiple of Intel's.
pub(crate) const OFFSET_GRANULE: u64 = 16384;

/// The same for all objects.
const NO_IDENTITY: Identity = Identity {
    device: 0,
    inode: 0,
};

pub(super) fn shm_open(
    dir: Dir<'_>,
    name: &Name,
    flags: OFlags,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    if dir.is_some() {
        return Err(Errno::NOTSUP);
    }
    let mode = Mode::from_bits_retain(u16::try_from(mode).map_err(|_| Errno::INVAL)?);
    let flags = shm::OFlags::from_bits_retain(flags.bits());
    retry_on_intr(|| shm::open(name.as_c_str(), flags, mode))
}

pub(crate) fn status(fd: BorrowedFd<'_>) -> Result<Status, Errno> {
    let stat = fs::fstat(fd)?;
    Ok(Status {
        size: u64::try_from(stat.st_size).map_err(|_| Errno::OVERFLOW)?,
        allocated: Err(Errno::NOTSUP),
        identity: NO_IDENTITY,
        // An object has no file type.
        is_regular: matches!(
            FileType::from_raw_mode(stat.st_mode),
            FileType::RegularFile | FileType::Unknown
        ),
        page_rest: 0,
        is_unlinked: Err(Errno::NOTSUP),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "the contract's signature")]
pub(crate) fn identity_at(_dir: Dir<'_>, _name: &Name) -> Result<Identity, Errno> {
    Ok(NO_IDENTITY)
}

pub(crate) fn unlink(dir: Dir<'_>, name: &Name) -> Result<(), Errno> {
    if dir.is_some() {
        return Err(Errno::NOTSUP);
    }
    shm::unlink(name.as_c_str())
}

/// Not needed: `shm_open` has set exactly this mode. `fchmod` would be refused.
#[expect(clippy::unnecessary_wraps, reason = "the contract's signature")]
pub(crate) fn set_mode(_fd: BorrowedFd<'_>, _mode: u32) -> Result<(), Errno> {
    Ok(())
}

pub(crate) fn reserve(_fd: BorrowedFd<'_>, _size: u64) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

/// The kernel has no such call for objects.
pub(crate) fn read_at(_fd: BorrowedFd<'_>, _into: &mut [u8], _offset: u64) -> Result<usize, Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn open_anonymous() -> Result<OwnedFd, Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn seal(_fd: BorrowedFd<'_>, _seals: Seals) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn has_seals(_fd: BorrowedFd<'_>, _seals: Seals) -> Result<bool, Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn map(
    fd: BorrowedFd<'_>,
    access: Access,
    offset: u64,
    len: usize,
) -> Result<NonNull<c_void>, Errno> {
    // The kernel's errno for a descriptor without the access is EPERM.
    common::map(fd, access, offset, len).map_err(common::as_posix)
}

/// # Safety
/// The range is in a mapping made by `map` with this access.
pub(crate) unsafe fn prefault(
    _start: *mut c_void,
    _len: usize,
    _access: Access,
) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

/// # Safety
/// The range is a whole mapping made by `map`.
pub(crate) unsafe fn advise(
    _start: *mut c_void,
    _len: usize,
    _advice: Advice,
) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn access_of(fd: BorrowedFd<'_>) -> Result<Access, Errno> {
    common::access_from(fs::fcntl_getfl(fd)? & OFlags::RWMODE)
}

pub(crate) fn open_directory(_path: &CStr) -> Result<OwnedFd, Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn directory_exists(_dir: Dir<'_>) -> bool {
    true
}

/// All objects are anonymous memory of the kernel's.
#[expect(clippy::unnecessary_wraps, reason = "the contract's signature")]
pub(crate) fn directory_is_memory(_dir: Dir<'_>) -> Result<bool, Errno> {
    Ok(true)
}

/// Only `shm_open` gives an object its name.
pub(crate) const HAS_LINKS: bool = false;

pub(crate) fn open_unnamed(_dir: Dir<'_>, _mode: u32) -> Result<OwnedFd, Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn can_link(_object: BorrowedFd<'_>, _link: Link, _dir: Dir<'_>) -> bool {
    false
}

pub(crate) fn link(
    _object: BorrowedFd<'_>,
    _link: Link,
    _dir: Dir<'_>,
    _name: &Name,
) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn rename(
    _dir: Dir<'_>,
    _from: &Name,
    _to: &Name,
    _existing: Existing,
) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn lock_file(_object: BorrowedFd<'_>) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

pub(crate) fn unlock_file(_object: BorrowedFd<'_>) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}
