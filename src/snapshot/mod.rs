//! Snapshots: one writer publishes a typed value, and any number of readers load the last one.
//!
//! A reader never sees parts of two values and never waits for the writer, whether that is in the
//! middle of a store or was killed there. `store` and `load` make no system call. Sleeping until
//! the next value, and waking the readers that sleep, make one each. A reader needs nothing but the
//! right to read the object.
//!
//! ```
//! use rawshm::Name;
//! use rawshm::snapshot::{Deadline, Reader, Writer};
//!
//! let name = Name::new("/columns")?;
//! # let name = Name::new(&format!("/rawshm-doc-snapshot-{}", std::process::id()))?;
//!
//! // The writer. The name appears with the first value.
//! let mut writer = Writer::create(&name, 4, &[100_i64, 876, 8021])?;
//! writer.store(&[101, 876, 8021]);
//! writer.notify()?;
//!
//! // A reader, usually in another process.
//! let mut reader = Reader::<[i64; 3]>::open(&name)?;
//! assert_eq!(reader.load()?, [101, 876, 8021]);
//! while let Some(columns) = reader.next(Deadline::NEVER)? {
//!     println!("{columns:?}");
//! #   break;
//! }
//! # rawshm::unlink(&name)?;
//! # Ok::<(), rawshm::snapshot::Error>(())
//! ```
//!
//! # Writers
//!
//! There is one writer at a time. It [claims](crate::Object::claim) the object with a lock that the
//! kernel ends with the process, and a second writer is refused with `EBUSY`. When a writer has
//! ended, for whatever reason, [`Writer::open`] takes over with the last whole value in place, and
//! readers notice nothing. A writer whose snapshot ends with it calls [`Writer::retire`]. A writer
//! that needs another type or size puts a new object in place of the old one with
//! [`Writer::replace`]. In both cases readers get [`Error::Retired`] after the last value, and can
//! wait for the next snapshot of this name:
//!
//! ```
//! use rawshm::Name;
//! use rawshm::snapshot::{Deadline, Error, Reader};
//!
//! fn follow(name: &Name) -> Result<(), Error> {
//!     while let Some(mut reader) = Reader::<[i64; 3]>::wait_for(name, Deadline::NEVER)? {
//!         loop {
//!             match reader.next(Deadline::NEVER) {
//!                 Ok(columns) => println!("{columns:?}"),
//!                 Err(Error::Retired) => break,
//!                 Err(error) => return Err(error),
//!             }
//!         }
//!     }
//!     Ok(())
//! }
//! # let _ = follow;
//! ```
//!
//! A snapshot whose writer is gone for good is removed with [`reap`].
//!
//! # The object
//!
//! For programs in other languages, as a C program declares it:
//!
//! ```c
//! struct rawshm_snapshot {           /* at offset 0; 64 bytes, in the machine's byte order */
//!     char magic[8];                 /* "rawshm:S", without a NUL */
//!     uint32_t version;              /* 1 */
//!     uint32_t byte_order;           /* 0x01020304 */
//!     uint64_t fingerprint;          /* of the values' layout: see Layout */
//!     uint64_t value_size;           /* bytes of a value */
//!     uint32_t slots;                /* a power of two from 2 to 65536 */
//!     _Atomic uint32_t state;        /* 0, or 1: retired, no value will follow */
//!     _Atomic uint64_t sequence;     /* the number of the last value; the first is 1 */
//!     _Atomic uint32_t futex;        /* changes with every store: for FUTEX_WAIT, shared */
//!     uint32_t reserved[3];          /* 0 */
//! };
//! ```
//!
//! The slots follow at offset 64, each of `value_size` rounded up to a multiple of 64. Value number
//! `n` is in slot `n % slots`. To load: load `sequence`; an acquire fence; copy the slot; an
//! acquire fence; load `sequence` again. The copy is whole if the second number less the first is
//! less than `slots - 1`; otherwise, start again.
//!
//! # Platform notes
//!
//! macOS has neither claims nor futexes: a second writer is not refused there, and a reader that
//! sleeps polls every millisecond. On Linux there are claims on `x86_64`, x86, aarch64, arm,
//! riscv64, loongarch64 and s390x; on other architectures it is as on macOS. A writer needs 64-bit
//! atomics, which a few 32-bit targets lack.

mod claim;
mod claimed;
#[cfg(target_has_atomic = "64")]
mod create;
mod deadline;
mod error;
mod follower;
mod header;
mod layout;
mod reader;
mod seqlock;
mod slots;
#[cfg(target_has_atomic = "64")]
mod writer;

pub use self::claim::{reap, reap_with};
pub use self::deadline::Deadline;
pub use self::error::{Error, Overrun};
pub use self::follower::Follower;
pub use self::layout::{Layout, fingerprint};
pub use self::reader::Reader;
#[cfg(target_has_atomic = "64")]
pub use self::writer::Writer;
