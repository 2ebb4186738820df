//! POSIX shared memory by raw Linux system calls: no libc, no librt, no allocator.

#![no_std]

#[cfg(feature = "std")]
extern crate std;

mod access;
mod atomic;
mod copy;
mod directory;
pub mod errno;
mod error;
mod guard;
mod mapping;
mod name;
mod object;
mod options;
mod rights;
mod size;
mod status;
mod sys;
mod texts;

pub use access::{AccessError, SharedBytes, Slice};
pub use atomic::{Atomic, Integer, LoadReadOnly};
pub use directory::{Directory, unlink};
pub use error::{Error, Operation};
pub use guard::UnlinkGuard;
pub use mapping::{Advice, Mapping};
pub use name::Name;
pub use object::Object;
pub use options::{Mode, Options, Outcome};
pub use rights::{ReadOnly, ReadWrite, Rights};
pub use size::{Extent, Size};
pub use status::Status;

#[doc(no_inline)]
pub use bytemuck;
#[doc(no_inline)]
pub use rustix::fd;
#[doc(no_inline)]
pub use rustix::io::Errno;
