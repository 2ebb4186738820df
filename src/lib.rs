//! POSIX shared memory with raw Linux system calls: no libc, no librt, no allocator.
//!
//! A writer creates an object under a name, sizes it, maps it and stores values. A reader in
//! another process opens it by that name, maps it and loads them:
//!
//! ```
//! use rawshm::{Extent, Mapping, Name, Size};
//!
//! let name = Name::new("/columns")?;
//! # let name = Name::new(&format!("/rawshm-doc-crate-{}", std::process::id()))?;
//! # if cfg!(target_os = "macos") {
//! #     return Ok(()); // It cannot reserve.
//! # }
//!
//! // The writer. All of the memory now, or an error: see `Size`.
//! let mapping = Mapping::create(&name, Size::Reserved(4096))?;
//! mapping.store(0, &[100_i64, 876, 8021])?;
//!
//! // The reader, usually in another process, which needs no right to write.
//! let mapping = Mapping::open(&name, Extent::first(24))?;
//! let columns: [i64; 3] = mapping.load(0)?;
//! assert_eq!(columns, [100, 876, 8021]);
//!
//! rawshm::unlink(&name)?;
//! # Ok::<(), rawshm::Error>(())
//! ```
//!
//! # Where to begin
//!
//! | to … | use |
//! |---|---|
//! | create or open, and map, in one step | [`Mapping::create`], [`Mapping::open`], [`Mapping::open_read_write`] |
//! | do it step by step, resize, ask for sizes, pass descriptors | [`Object`] |
//! | set another mode than 0600, or another directory than `/dev/shm` | [`Options`] |
//! | create an object that appears complete, or replace one | [`Options::create_complete`], [`Options::replace`] |
//! | read and write what is mapped | [`SharedBytes`], to which a [`Mapping`] dereferences; [`Atomic`] |
//! | remove a name | [`unlink`], [`UnlinkGuard`] |
//! | find out what failed | [`Error`], [`errno`] |
//! | publish a value to readers that never see half of it, and sleep until the next | [`snapshot::Writer`], [`snapshot::Reader`] |
//! | read where a peer may shrink the object | [`Object::read_at`], [`snapshot::UnmappedReader`] |
//! | share what no peer can shrink | [`Object::create_anonymous`], [`Object::from_sealed_fd`] |
//! | know whether an object's writer is alive, and remove what a dead one left | [`Object::claim`], [`Object::writer_alive`], [`snapshot::reap`] |
//!
//! What is in `snapshot`, and the last line, needs the feature [`snapshot`](#features).
//!
//! # Guides
//!
//! | page | for |
//! |---|---|
//! | [In trouble](guide::trouble) | every symptom that users meet, with a command |
//! | [Snapshots and liveness](guide::snapshots) | types of your own, and async programs |
//! | [The fine print](guide::guarantees) | temporary names, fallbacks, kernels, macOS |
//! | [System calls](guide::system_calls) | what a test or a seccomp filter has to expect |
//! | [Security](guide::security) | what hostile peers can and cannot do |
//!
//! # Soundness
//!
//! Other processes may write to shared bytes at any time, so there is never a reference to them or
//! a slice of them. Values are copied in and out, with accesses that are allowed to race, and every
//! bound is checked. That makes all of this crate safe to call. A peer can still change values
//! between two loads, and end this process with a `SIGBUS` by shrinking the object: see
//! [`Mapping`], and [`Object::read_at`] for what it cannot. [`SharedBytes`] says what the
//! language's memory model leaves open.
//!
//! # Names, not paths
//!
//! A [`Name`] is what POSIX's `shm_open` takes. On Linux the object is a file in `/dev/shm`, opened
//! by `openat` with `O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK`, and the same object that any C library's
//! `shm_open` opens under this name. On macOS it is an object of the kernel's, opened by libc's
//! `shm_open`.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `std` – [`fd`]'s types are those of std, and [`Error`] converts into `std::io::Error`. If the
//!   compiler speaks of two types named `OwnedFd`, or refuses a `?` in a function that returns
//!   `std::io::Result`, this is the remedy: `features = ["std"]`.
//! - `snapshot` – the module `snapshot`, and claims of objects by their writers.
//! - `derive` – [`bytemuck`]'s derive macros, for types of your own that are loaded and stored:
//!
//! ```
//! # #[cfg(feature = "derive")] {
//! use rawshm::bytemuck::{Pod, Zeroable};
//!
//! #[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
//! #[bytemuck(crate = "rawshm::bytemuck")]
//! #[repr(C)]
//! struct Pose {
//!     x: f64,
//!     y: f64,
//!     heading: f64,
//! }
//!
//! let mut buffer = [0; 64];
//! let bytes = rawshm::Slice::from_mut(&mut buffer);
//! let pose = Pose { x: 1.0, y: 2.0, heading: 0.5 };
//! bytes.store(8, &pose)?;
//! assert_eq!(bytes.load::<Pose>(8)?, pose);
//! # }
//! # Ok::<(), rawshm::AccessError>(())
//! ```

#![cfg_attr(
    not(feature = "snapshot"),
    doc = "
[`snapshot::Writer`]: #features
[`snapshot::Reader`]: #features
[`snapshot::UnmappedReader`]: #features
[`Object::claim`]: #features
[`Object::writer_alive`]: #features
[`snapshot::reap`]: #features
"
)]
#![no_std]
// For docs.rs, which sets it: a badge on each item that needs a feature.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "std")]
extern crate std;

// The storeys: each imports only from those before it.
mod error;

mod bytes;

mod sys;

mod object;

mod complete;

#[cfg(feature = "snapshot")]
pub mod snapshot;

pub use bytes::{
    AccessError, Atomic, Integer, LoadReadOnly, ReadOnly, ReadWrite, Rights, SharedBytes, Slice,
};
pub use complete::{Complete, InitError};
pub use error::{Error, Operation, errno};
pub use object::{
    Directory, Extent, Mapping, Mode, Name, Object, Options, Outcome, ReadError, Size, Status,
    UnlinkGuard, unlink,
};
pub use sys::{Advice, Seals};

#[doc(no_inline)]
pub use bytemuck;
#[doc(no_inline)]
pub use rustix::fd;
#[doc(no_inline)]
pub use rustix::io::Errno;

// Pages of the repository, which only the documentation has.
#[cfg(any(doc, doctest))]
pub mod guide;
