//! The system calls, and the contract that each operating system's backend fulfils.
//!
//! Every backend has the same items with the same meaning. Only this folder makes system calls or
//! names an operating system. Functions return the errno of the system, except where the table
//! says otherwise. They repeat a call that a signal interrupted, so that no caller sees `EINTR`.
//!
//! | item | contract |
//! |---|---|
//! | `NAME_MAX` | The longest name in bytes, without slashes. |
//! | `open` | Opens, or creates exclusively. The descriptor is close-on-exec. Symbolic links are not followed, and no FIFO or terminal is waited for. `EINVAL` if the open shows that it is no regular file. |
//! | `open_with_flags` | The same, with the flags and the mode of a C program, which the system judges. The flags of `open` are always added. |
//! | `duplicate` | Another descriptor of the same object, close-on-exec. |
//! | `access_of` | The access that the descriptor was opened with. `EACCES` if it cannot be mapped. |
//! | `status` | Size, allocated bytes, identity, and whether it is a regular file and still has a name. One call. |
//! | `identity_at` | The identity of the object that has the name now. All are equal where objects have no identity. |
//! | `unlink` | Removes the name. `EACCES`, as in POSIX, if that is not permitted. |
//! | `set_mode` | Sets exactly these permission bits. |
//! | `set_size` | Sets the size, without allocating memory. |
//! | `reserve` | Allocates memory for every page below a size. `ENOTSUP` where there is no such call. |
//! | `OFFSET_GRANULE` | Every multiple of it is an offset that can be mapped, except on larger pages: see `Status::page_rest`. |
//! | `map` | A shared mapping that begins with a page; its offset is a multiple of `OFFSET_GRANULE` and, as its length, of `Status::page_rest`. `EFAULT` if what the system returned cannot be a mapping. |
//! | `unmap`, `make_read_only` | One call each, for a whole mapping. |
//! | `advise` | One call, for a whole mapping. `ENOTSUP` where there is no such call. |
//! | `prefault`, `lock`, `unlock` | One call each, for a mapping or the start of it. `ENOTSUP` where there is no such call. |
//! | `read_at` | Reads at an offset of the object, without a signal if it ends before, and without memory for pages that have none. One call, which may read less; nothing at or after the end. `ENOTSUP` where objects cannot be read. |
//! | `open_anonymous` | A new object of 0 bytes that has no name and gets none, for reading, writing and sealing. `ENOTSUP` where there are no seals. |
//! | `seal`, `has_seals` | Sets seals, which no process can remove. Whether they are set. One call each. |
//! | `open_directory` | Opens a directory for names. `ENOTSUP` where objects are in no directory. |
//! | `directory_exists` | False only if the directory is certainly missing. |
//! | `directory_is_memory` | Whether objects in the directory are memory, not files of a disk. |
//! | `HAS_LINKS` | Whether names are directory entries. If not, the items below up to `unlock_file` are never needed, and are `ENOTSUP`. |
//! | `open_unnamed` | An object without a name, for reading and writing. `ENOTSUP` if the file system has none. |
//! | `can_link` | Whether a [`Link`] works for this object. Changes nothing. |
//! | `link` | Gives an object without a name one. `EEXIST` if it is taken. |
//! | `rename` | Gives an object another name instead of its own. `EEXIST` if that is taken and is to be kept. `EACCES` if that may not be replaced. |
//! | `lock_file`, `unlock_file` | An exclusive lock on the open object. The kernel releases it when the process ends. `EAGAIN` if another process has it. |
//!
//! With the feature `snapshot`:
//!
//! | item | contract |
//! |---|---|
//! | `CAN_RESERVE` | Whether `reserve` can be other than `ENOTSUP`. |
//! | `directory_is_unlimited` | Whether a directory's file system has no limit of its own, and nothing to reserve. |
//! | `HAS_CLAIMS` | Whether there are claims. If not, the items of the next two lines are an error. |
//! | `claim` | A lock on the object that needs the right to write. The kernel releases it when the process ends. `EBUSY` if another process has the claim, `EAGAIN` if only a reader's lock is in the way. |
//! | `is_claimed`, `wait_unclaimed` | Whether another process has the claim. Sleeps until none has. |
//! | `write_at` | Writes at an offset of the object, without a signal if it ends before. One call, which may write less. Where `HAS_LINKS` is false, an error. |
//! | `now` | The time of a monotonic clock. |
//! | `wait` | Sleeps while a word of shared memory, which may be mapped read-only, has the value that was seen. May return early. False if the time is up. |
//! | `wake` | Wakes every process that sleeps in `wait` on the word. |
//! | `DirWatch` | Sleeps until a name may have appeared in a directory since the watch was made, or the time is up. May return early. `end` releases its descriptor, and returns whether it had one; after that, it only sleeps. |

use rustix::fd::BorrowedFd;

use crate::bytes::may_write;
use crate::{Errno, Rights};

/// The directory of a name: an open one, or `None` for the system's own place for objects.
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
    /// Use huge pages, if the file system was mounted with them (`huge=`). Otherwise it has no
    /// effect.
    #[doc(alias = "MADV_HUGEPAGE")]
    HugePages,
    /// Do not use huge pages.
    #[doc(alias = "MADV_NOHUGEPAGE")]
    NoHugePages,
    /// Leave the mapping out of core dumps.
    #[doc(alias = "MADV_DONTDUMP")]
    DontDump,
    /// Include the mapping in core dumps again.
    #[doc(alias = "MADV_DODUMP")]
    Dump,
}

/// What no process can do to an object any more.
///
/// A seal cannot be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Seals {
    /// Its size cannot be changed: neither to less nor to more.
    #[doc(alias = "F_SEAL_SHRINK")]
    #[doc(alias = "F_SEAL_GROW")]
    Size,
    /// Nor can it be written to, or mapped for that, or lose the memory of pages. Mappings that
    /// were made before go on, and can write.
    #[doc(alias = "F_SEAL_FUTURE_WRITE")]
    SizeAndWrites,
}

/// What `open` does about the name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Disposition {
    /// Opens an object that exists.
    Existing,
    /// Creates one with these permission bits, less the umask where the system applies it.
    /// `EEXIST` if the name is taken.
    New(u32),
}

/// How an object without a name gets one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// With its descriptor alone. Before Linux 6.10, only a privileged process can.
    ByDescriptor,
    /// With its descriptor's file in `/proc`, if that is mounted.
    ByProc,
}

/// What happens to another object that has the name.
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
    /// The size of a page less one, where `OFFSET_GRANULE` may not be a multiple of it; else 0.
    pub(crate) page_rest: u32,
    /// Whether it has no name any more, if that is known.
    pub(crate) is_unlinked: Result<bool, Errno>,
}

/// Differs between two objects while both exist.
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
    "rawshm has no backend for this operating system yet; to help, add a module beside \
     src/sys/linux with the items in the table of src/sys/mod.rs"
);
