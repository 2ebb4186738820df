//! Names as directory entries: objects without a name, and how they get one.

use core::ffi::CStr;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{self, AtFlags, CWD, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::retry_on_intr;
use rustix::path::DecInt;

use super::{SHM, at};
use crate::sys::common::as_posix;
use crate::sys::{Dir, Existing, Link};
use crate::{Errno, Name};

pub(crate) const HAS_LINKS: bool = true;

/// A path of the directory itself: a name that is always taken.
const SHM_ITSELF: &CStr = c"/dev/shm/.";
const ITSELF: &CStr = c".";

pub(crate) fn open_unnamed(dir: Dir<'_>, mode: u32) -> Result<OwnedFd, Errno> {
    let (directory, path) = match dir {
        None => (CWD, SHM),
        Some(directory) => (directory, ITSELF),
    };
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let opened = retry_on_intr(|| fs::openat(directory, path, flags, Mode::from_bits_retain(mode)));
    opened.map_err(|errno| match errno {
        // EISDIR and EINVAL: the kernel or the file system has no such files, and mistakes the flag
        // for another or ignores it. The others come from filters and security modules; EPERM also
        // from ext4, if the directory was removed. In each case, creation under a name works or
        // fails with the reason.
        Errno::ISDIR | Errno::INVAL | Errno::PERM | Errno::ACCESS | Errno::NOSYS => Errno::NOTSUP,
        other => other,
    })
}

pub(crate) fn can_link(object: BorrowedFd<'_>, link: Link, dir: Dir<'_>) -> bool {
    let target = match dir {
        None => (CWD, SHM_ITSELF),
        Some(directory) => (directory, ITSELF),
    };
    // The kernel looks up the object before the new name.
    linkat(object, link, target) == Err(Errno::EXIST)
}

pub(crate) fn link(
    object: BorrowedFd<'_>,
    link: Link,
    dir: Dir<'_>,
    name: &Name,
) -> Result<(), Errno> {
    linkat(object, link, at(dir, name))
}

fn linkat(
    object: BorrowedFd<'_>,
    link: Link,
    (directory, path): (BorrowedFd<'_>, &CStr),
) -> Result<(), Errno> {
    match link {
        Link::ByDescriptor => {
            retry_on_intr(|| fs::linkat(object, c"", directory, path, AtFlags::EMPTY_PATH))
        }
        Link::ByProc => {
            let mut buffer = PROC_PATH_BUFFER;
            let proc = proc_path(object, &mut buffer);
            retry_on_intr(|| fs::linkat(CWD, proc, directory, path, AtFlags::SYMLINK_FOLLOW))
        }
    }
}

/// The descriptors of this thread, which may differ from those of its process.
const PROC: &[u8; 21] = b"/proc/thread-self/fd/";
const PROC_PATH_LEN: usize = PROC.len() + "2147483647".len() + 1;

pub(super) const PROC_PATH_BUFFER: [u8; PROC_PATH_LEN] = [0; PROC_PATH_LEN];

pub(super) fn proc_path<'a>(fd: BorrowedFd<'_>, buffer: &'a mut [u8; PROC_PATH_LEN]) -> &'a CStr {
    let number = DecInt::from_fd(fd);
    for (slot, byte) in buffer.iter_mut().zip(PROC.iter().chain(number.as_bytes())) {
        *slot = *byte;
    }
    // The last byte is not written, so that it is a NUL.
    CStr::from_bytes_until_nul(buffer).unwrap_or(c"")
}

pub(crate) fn rename(
    dir: Dir<'_>,
    from: &Name,
    to: &Name,
    existing: Existing,
) -> Result<(), Errno> {
    let (directory, from) = at(dir, from);
    let (_, to) = at(dir, to);
    let renamed = retry_on_intr(|| match existing {
        Existing::Kept => fs::renameat_with(directory, from, directory, to, RenameFlags::NOREPLACE),
        Existing::Replaced => fs::renameat(directory, from, directory, to),
    });
    let renamed = match (renamed, existing) {
        // Before Linux 3.17, on another file system, or with a filter. A second name is exclusive
        // too.
        (Err(Errno::INVAL | Errno::NOSYS | Errno::PERM), Existing::Kept) => {
            let linked =
                retry_on_intr(|| fs::linkat(directory, from, directory, to, AtFlags::empty()));
            if linked.is_ok() {
                // The object has its name. The other one, if it stays, is removed by the next
                // process that finds it.
                let _ = retry_on_intr(|| fs::unlinkat(directory, from, AtFlags::empty()));
            }
            linked
        }
        (renamed, _) => renamed,
    };
    // The kernel's errno in a sticky directory is EPERM.
    renamed.map_err(as_posix)
}

pub(crate) fn lock_file(object: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| fs::flock(object, FlockOperation::NonBlockingLockExclusive))
}

pub(crate) fn unlock_file(object: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| fs::flock(object, FlockOperation::Unlock))
}
