//! The one door to the operating system, and its contract.
//!
//! Each backend offers the same items with the same meaning; nothing outside this folder names a system call or an
//! operating system. Every function reports the errno as the system gave it, except where its line below says
//! otherwise. A call that a signal interrupted is made again here, so that no caller ever sees `EINTR`.
//!
//! | item | contract |
//! |---|---|
//! | `NAME_MAX` | the longest name in bytes, without slashes |
//! | `OFFSET_GRANULE` | every offset that is a multiple of it can be mapped |
//! | `open` | opens or exclusively creates; close-on-exec; a symbolic link, a FIFO's peer or a terminal is never waited for or followed; `EINVAL` for what is not a regular file, if that shows at the open |
//! | `open_with_flags` | the same with the flags and the mode of a C program, which are the system's to judge; nothing that `open` adds can be taken away |
//! | `status` | one call; size, allocated bytes if known, identity, whether it is a regular file |
//! | `identity_at` | the identity of what the name denotes now; all equal where the system has none |
//! | `unlink` | `EACCES` where it is not permitted, as POSIX has it |
//! | `duplicate` | another descriptor of the same object |
//! | `set_mode` | sets the permission bits exactly |
//! | `set_size`, `reserve`, `CAN_RESERVE` | sparse size; memory for every page below a size; whether there is such a call, which else is `ENOTSUP` |
//! | `access_of` | which access the descriptor was opened with; `EACCES` if it cannot be mapped |
//! | `map`, `unmap`, `make_read_only` | `MAP_SHARED`; the offset is a multiple of `OFFSET_GRANULE` |
//! | `prefault`, `lock`, `unlock`, `advise` | one call each, or `ENOTSUP` without any |
//! | `HAS_LINKS` | whether names are directory entries; where they are not, the items of the next three lines are `ENOTSUP` and never needed |
//! | `open_unnamed` | an object without a name, for reading and writing; `ENOTSUP` if the file system has none |
//! | `can_link`, `link`, `rename` | says, without a change, whether a [`Link`] works for this object; makes it; gives a name's object another name; `EEXIST` if that is taken, where it is to be kept; `EACCES` where it may not be replaced |
//! | `lock_file`, `unlock_file` | an exclusive lock on the open object, whose end the kernel sees to; `EAGAIN` if another has it |
//! | `HAS_CLAIMS` | whether there are claims; where not, the items of the next line are `ENOTSUP` |
//! | `claim` | a lock on the object that needs the right to write and ends with its process at the latest; `EBUSY` if another process has it, `EAGAIN` if only a reader's lock is in the way |
//! | `is_claimed`, `wait_unclaimed` | whether another process has the claim; sleeps until none has |
//! | `now` | a monotonic clock |
//! | `wait`, `wake` | sleeps while a word of shared memory, maybe a read-only one, is what was seen; says whether the time is not up, and may come back early; wakes all who sleep so |
//! | `DirWatch` | sleeps until a name may have appeared in a directory since it was made; says whether the time is not up |
//! | `open_directory`, `directory_exists`, `directory_is_memory` | `None` is the system's own place for objects |

use rustix::fd::BorrowedFd;

use crate::bytes::may_write;
use crate::{Errno, Rights};

/// The directory of a name: an open one, or the system's own place for shared memory objects.
pub(crate) type Dir<'a> = Option<BorrowedFd<'a>>;

/// What a descriptor or a mapping may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadOnly,
    ReadWrite,
}

impl Access {
    pub(crate) const fn of<R: Rights>() -> Self {
        if may_write::<R>() {
            Self::ReadWrite
        } else {
            Self::ReadOnly
        }
    }
}

/// Advice to the kernel about a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// Use huge pages where the file system was mounted to give them (`huge=`); elsewhere nothing happens.
    #[doc(alias = "MADV_HUGEPAGE")]
    HugePages,
    /// Do not use huge pages.
    #[doc(alias = "MADV_NOHUGEPAGE")]
    NoHugePages,
    /// Leave the mapping out of core dumps.
    #[doc(alias = "MADV_DONTDUMP")]
    DontDump,
    /// Put the mapping into core dumps again.
    #[doc(alias = "MADV_DODUMP")]
    Dump,
}

/// What `open` does about the name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Disposition {
    /// Opens what is there.
    Existing,
    /// Creates with these permission bits (less the umask, where the system applies it); `EEXIST` if the name is taken.
    New(u32),
}

/// How an object without a name gets one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// By its descriptor alone. Before Linux 6.10, for privileged processes.
    ByDescriptor,
    /// By its descriptor's file in `/proc`, where that is mounted.
    ByProc,
}

/// What becomes of another object that has the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Kept,
    Replaced,
}

/// What `status` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) size: u64,
    pub(crate) allocated: Result<u64, Errno>,
    pub(crate) identity: Identity,
    pub(crate) is_regular: bool,
    /// Whether the last of its names is gone, if that is known.
    pub(crate) is_unlinked: Result<bool, Errno>,
}

/// Tells one object from another for as long as either exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

#[cfg(feature = "snapshot")]
mod clock;
mod common;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::*;

#[cfg(target_os = "macos")]
mod apple;
#[cfg(target_os = "macos")]
pub(crate) use apple::*;

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!(
    "rawshm has no backend for this operating system yet; to help, add a file beside src/sys/linux that offers the \
     items in the table of src/sys/mod.rs"
);
