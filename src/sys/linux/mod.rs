//! Linux: the system calls of `shm_open(3)` and the related functions, without libc.
//!
//! `rustix::shm` is not used: it follows symbolic links, waits for the peer of a FIFO, and makes
//! different calls on different architectures.

use core::ffi::{CStr, c_void};
use core::hint;

use linux_raw_sys::general::{HUGETLBFS_MAGIC, RAMFS_MAGIC, TMPFS_MAGIC};
use rustix::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{
    self, AtFlags, CWD, FallocateFlags, FileType, MemfdFlags, Mode, OFlags, SealFlags,
};
use rustix::io::{pread, retry_on_intr};
use rustix::mm;

mod links;
#[cfg(feature = "snapshot")]
mod snapshot;

pub(crate) use self::links::{
    HAS_LINKS, can_link, link, lock_file, open_unnamed, rename, unlock_file,
};
#[cfg(feature = "snapshot")]
pub(crate) use self::snapshot::{
    CAN_RESERVE, DirWatch, HAS_CLAIMS, claim, is_claimed, now, wait, wait_unclaimed, wake, write_at,
};
pub(crate) use super::common::{
    duplicate, lock, make_read_only, map, open, open_with_flags, set_size, unlock, unmap,
};
use super::{Access, Advice, Dir, Identity, Seals, Status, common};
use crate::{Errno, Name};

#[expect(clippy::as_conversions, reason = "`TryFrom` is not const")]
pub(crate) const NAME_MAX: usize = linux_raw_sys::general::NAME_MAX as usize;

/// The largest page of any Linux architecture that rustix supports. With one value for all of
/// them, every architecture makes the same calls, and none is needed to ask for the page size.
pub(crate) const OFFSET_GRANULE: u64 = 65536;

/// The flags that every `openat` has.
const ALWAYS: OFlags = OFlags::CLOEXEC
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK);

const SHM: &CStr = c"/dev/shm";
/// What the kernel shows as the name of an object that has none.
const ANONYMOUS: &CStr = c"rawshm";
const STAT_BLOCK: u64 = 512;

/// On tmpfs, a `fallocate` that a signal interrupts is undone as a whole. Its retries ask for less,
/// down to this many bytes, so that they succeed even if signals are frequent.
const RESERVE_STEP_MIN: u64 = 1 << 21;

fn at<'a>(dir: Dir<'a>, name: &'a Name) -> (BorrowedFd<'a>, &'a CStr) {
    match dir {
        None => (CWD, name.path_from(0)),
        Some(directory) => (directory, name.path_from(Name::LEAF)),
    }
}

pub(super) fn shm_open(
    dir: Dir<'_>,
    name: &Name,
    flags: OFlags,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    let (directory, path) = at(dir, name);
    let (flags, mode) = (ALWAYS | flags, Mode::from_bits_retain(mode));
    loop {
        match fs::openat(directory, path, flags, mode) {
            Err(Errno::INTR) => {}
            // The first is a directory's, the second that of a socket or a device without a driver.
            Err(Errno::ISDIR | Errno::NXIO) => return Err(Errno::INVAL),
            Err(errno) => return Err(errno),
            Ok(fd) => {
                // SAFETY: every function that makes an `OwnedFd` asserts this. Without this
                // hint, each borrow of the descriptor checks it again.
                unsafe { hint::assert_unchecked(fd.as_raw_fd() != -1) };
                return Ok(fd);
            }
        }
    }
}

pub(crate) fn status(fd: BorrowedFd<'_>) -> Result<Status, Errno> {
    let stat = fs::fstat(fd)?;
    Ok(Status {
        size: u64::from_ne_bytes(stat.st_size.to_ne_bytes()),
        allocated: Ok(allocated(&stat)),
        identity: identity(&stat),
        is_regular: FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile,
        page_rest: page_rest(&stat),
        is_unlinked: Ok(stat.st_nlink == 0),
    })
}

fn allocated(stat: &fs::Stat) -> u64 {
    let blocks = u64::from_ne_bytes(stat.st_blocks.to_ne_bytes());
    // This cannot wrap: the kernel counts bytes in 64 bits.
    blocks.wrapping_mul(STAT_BLOCK)
}

/// On hugetlbfs, `munmap` and `mprotect` of less than a huge page fail, and the size of a page is
/// that of a block. A tmpfs with huge pages has blocks of this size, too. There, as on disks with
/// large blocks, a longer mapping does no harm.
fn page_rest(stat: &fs::Stat) -> u32 {
    // The field's type differs between architectures; the kernel's has 32 bits.
    let block = stat.st_blksize.to_le_bytes().first_chunk().copied();
    let block = block.map_or(0, u32::from_le_bytes);
    if u64::from(block) >= OFFSET_GRANULE {
        block.wrapping_sub(1)
    } else {
        0
    }
}

#[expect(
    clippy::useless_conversion,
    reason = "the fields' types differ between architectures"
)]
fn identity(stat: &fs::Stat) -> Identity {
    Identity {
        device: stat.st_dev.into(),
        inode: stat.st_ino.into(),
    }
}

pub(crate) fn identity_at(dir: Dir<'_>, name: &Name) -> Result<Identity, Errno> {
    let (directory, path) = at(dir, name);
    retry_on_intr(|| fs::statat(directory, path, AtFlags::SYMLINK_NOFOLLOW))
        .map(|stat| identity(&stat))
}

pub(crate) fn unlink(dir: Dir<'_>, name: &Name) -> Result<(), Errno> {
    let (directory, path) = at(dir, name);
    // The kernel's errno in a sticky directory is EPERM.
    retry_on_intr(|| fs::unlinkat(directory, path, AtFlags::empty())).map_err(common::as_posix)
}

pub(crate) fn set_mode(fd: BorrowedFd<'_>, mode: u32) -> Result<(), Errno> {
    retry_on_intr(|| fs::fchmod(fd, Mode::from_bits_retain(mode)))
}

pub(crate) fn reserve(fd: BorrowedFd<'_>, size: u64) -> Result<(), Errno> {
    let mut step = size;
    let mut done: u64 = 0;
    while done < size {
        let left = size.saturating_sub(done);
        let len = step.min(left);
        // Only the last step changes the size, so that nothing has to be undone if one fails: by
        // then, a peer may have changed it too.
        let flags = if len < left {
            FallocateFlags::KEEP_SIZE
        } else {
            FallocateFlags::empty()
        };
        match fs::fallocate(fd, flags, done, len) {
            Ok(()) => done = done.saturating_add(len),
            Err(Errno::INTR) => step = (step / 2).max(RESERVE_STEP_MIN),
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

pub(crate) fn read_at(fd: BorrowedFd<'_>, into: &mut [u8], offset: u64) -> Result<usize, Errno> {
    // The kernel's offsets are signed, also that of the end.
    let Some(left) = i64::MAX.unsigned_abs().checked_sub(offset) else {
        return Ok(0);
    };
    let len = usize::try_from(left).map_or(into.len(), |left| left.min(into.len()));
    let into = into.get_mut(..len).unwrap_or_default();
    retry_on_intr(|| pread(fd, &mut *into, offset))
}

pub(crate) fn open_anonymous() -> Result<OwnedFd, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match fs::memfd_create(ANONYMOUS, flags | MemfdFlags::NOEXEC_SEAL) {
        // Before Linux 6.3.
        Err(Errno::INVAL) => fs::memfd_create(ANONYMOUS, flags),
        created => created,
    }
}

fn flags_of(seals: Seals) -> SealFlags {
    let size = SealFlags::SHRINK | SealFlags::GROW;
    match seals {
        Seals::Size => size,
        Seals::SizeAndWrites => size | SealFlags::FUTURE_WRITE,
    }
}

pub(crate) fn seal(fd: BorrowedFd<'_>, seals: Seals) -> Result<(), Errno> {
    fs::fcntl_add_seals(fd, flags_of(seals))
}

pub(crate) fn has_seals(fd: BorrowedFd<'_>, seals: Seals) -> Result<bool, Errno> {
    match fs::fcntl_get_seals(fd) {
        // A seal against all writes is one against those of the future.
        Ok(found) if found.contains(SealFlags::WRITE) => {
            Ok((found | SealFlags::FUTURE_WRITE).contains(flags_of(seals)))
        }
        Ok(found) => Ok(found.contains(flags_of(seals))),
        // Its file system knows no seals.
        Err(Errno::INVAL) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// # Safety
/// The range is in a mapping made by `map` with this access.
pub(crate) unsafe fn prefault(start: *mut c_void, len: usize, access: Access) -> Result<(), Errno> {
    let advice = match access {
        Access::ReadOnly => mm::Advice::LinuxPopulateRead,
        Access::ReadWrite => mm::Advice::LinuxPopulateWrite,
    };
    // SAFETY: filling the page tables changes no byte of the mapping.
    match retry_on_intr(|| unsafe { mm::madvise(start, len, advice) }) {
        // A page with a hardware error. The errno exists on Linux alone.
        Err(Errno::HWPOISON) => Err(Errno::IO),
        called => called,
    }
}

/// # Safety
/// The range is a whole mapping made by `map`.
pub(crate) unsafe fn advise(start: *mut c_void, len: usize, advice: Advice) -> Result<(), Errno> {
    let advice = match advice {
        Advice::HugePages => mm::Advice::LinuxHugepage,
        Advice::NoHugePages => mm::Advice::LinuxNoHugepage,
        Advice::DontDump => mm::Advice::LinuxDontDump,
        Advice::Dump => mm::Advice::LinuxDoDump,
    };
    // SAFETY: no advice of these changes a byte of the mapping in this process.
    unsafe { mm::madvise(start, len, advice) }
}

pub(crate) fn access_of(fd: BorrowedFd<'_>) -> Result<Access, Errno> {
    common::access_from(fs::fcntl_getfl(fd)? & (OFlags::RWMODE | OFlags::PATH))
}

pub(crate) fn open_directory(path: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    retry_on_intr(|| fs::openat(CWD, path, flags, Mode::empty()))
}

pub(crate) fn directory_exists(dir: Dir<'_>) -> bool {
    match dir {
        // Any other errno, such as that of a seccomp filter, says nothing about the directory.
        None => !matches!(
            fs::accessat(CWD, SHM, fs::Access::EXISTS, AtFlags::empty()),
            Err(Errno::NOENT | Errno::NOTDIR)
        ),
        // If it was removed while it is open, it has no links.
        Some(directory) => fs::fstat(directory).map_or(true, |stat| stat.st_nlink > 0),
    }
}

pub(crate) fn directory_is_memory(dir: Dir<'_>) -> Result<bool, Errno> {
    let magic = file_system(dir)?;
    Ok(matches!(
        magic,
        Some(TMPFS_MAGIC | RAMFS_MAGIC | HUGETLBFS_MAGIC)
    ))
}

/// The magic number of a directory's file system.
fn file_system(dir: Dir<'_>) -> Result<Option<u32>, Errno> {
    let stat = match dir {
        None => retry_on_intr(|| fs::statfs(SHM))?,
        Some(directory) => retry_on_intr(|| fs::fstatfs(directory))?,
    };
    // The field's type differs between architectures; a magic number is its low 32 bits.
    let magic = stat.f_type.to_le_bytes().first_chunk().copied();
    Ok(magic.map(u32::from_le_bytes))
}

/// A ramfs takes all of the machine's memory, rather than return an error.
#[cfg(feature = "snapshot")]
pub(crate) fn directory_is_unlimited(dir: Dir<'_>) -> bool {
    file_system(dir) == Ok(Some(RAMFS_MAGIC))
}
