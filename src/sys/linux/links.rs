//! Names as directory entries: objects without one, and how they get it.

use core::ffi::CStr;

use rustix::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{self, AtFlags, CWD, FlockOperation, Mode, OFlags, RenameFlags};
use rustix::io::retry_on_intr;

use super::{SHM, at};
use crate::sys::{Dir, Existing, Link};
use crate::{Errno, Name};

pub(crate) const HAS_LINKS: bool = true;

/// A path of the directory itself, which is always taken.
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
        // A kernel or a file system without such files takes the flag for another, or for none. The others are answers
        // of filters and security modules, and EPERM that of ext4 if the directory was removed: creating the usual way
        // works, or says why not.
        Errno::ISDIR | Errno::INVAL | Errno::PERM | Errno::ACCESS | Errno::NOSYS => Errno::NOTSUP,
        other => other,
    })
}

pub(crate) fn can_link(object: BorrowedFd<'_>, link: Link, dir: Dir<'_>) -> bool {
    let target = match dir {
        None => (CWD, SHM_ITSELF),
        Some(directory) => (directory, ITSELF),
    };
    // The kernel looks for what is linked before it looks at where to.
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
            let mut room = PROC_PATH_ROOM;
            let proc = proc_path(object, &mut room);
            retry_on_intr(|| fs::linkat(CWD, proc, directory, path, AtFlags::SYMLINK_FOLLOW))
        }
    }
}

/// Of this thread: it may have descriptors of its own, and then those of its process are others.
const PROC: &[u8; 21] = b"/proc/thread-self/fd/";
const LONGEST_NUMBER: usize = 10;
const PROC_PATH_LEN: usize = PROC.len() + LONGEST_NUMBER + 1;

pub(super) const PROC_PATH_ROOM: [u8; PROC_PATH_LEN] = [0; PROC_PATH_LEN];

/// The path of an open file, with a NUL.
pub(super) fn proc_path<'a>(fd: BorrowedFd<'_>, room: &'a mut [u8; PROC_PATH_LEN]) -> &'a CStr {
    let mut left = fd.as_raw_fd().unsigned_abs();
    let mut digits = [b'0'; LONGEST_NUMBER];
    let mut count: usize = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        count = count.wrapping_add(1);
        if left == 0 {
            break;
        }
    }
    let digits = digits.iter().skip(LONGEST_NUMBER.wrapping_sub(count));
    for (slot, byte) in room.iter_mut().zip(PROC.iter().chain(digits)) {
        *slot = *byte;
    }
    // The last byte is never written to.
    CStr::from_bytes_until_nul(room).unwrap_or(c"")
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
        // Before Linux 3.17, another file system, or a filter: a second name is exclusive, too.
        (Err(Errno::INVAL | Errno::NOSYS), Existing::Kept) => {
            retry_on_intr(|| fs::linkat(directory, from, directory, to, AtFlags::empty()))
                .and_then(|()| retry_on_intr(|| fs::unlinkat(directory, from, AtFlags::empty())))
        }
        (renamed, _) => renamed,
    };
    renamed.map_err(|errno| match errno {
        // The kernel's answer in a sticky directory, where POSIX allows either; that of `unlink` is EACCES.
        Errno::PERM => Errno::ACCESS,
        other => other,
    })
}

pub(crate) fn lock_file(object: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| fs::flock(object, FlockOperation::NonBlockingLockExclusive))
}

pub(crate) fn unlock_file(object: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| fs::flock(object, FlockOperation::Unlock))
}
