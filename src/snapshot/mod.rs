//! Snapshots: one writer publishes a typed value, any number of readers load the last one.
//!
//! A reader never sees half of one value and half of another, and never waits for the writer: neither for one that is
//! in the middle of a store, nor for one that was killed there. To store and to load make no system call; to sleep until
//! the next value, and to wake who sleeps, make one each. A reader needs nothing but an object that it may read.
//!
//! ```
//! use rawshm::snapshot::{Reader, Writer};
//! use rawshm::{Deadline, Name};
//!
//! let name = Name::new("/columns")?;
//! # let name = Name::new(&format!("/rawshm-doc-snapshot-{}", std::process::id()))?;
//!
//! // The writer. With the name comes the first value.
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
//! # Ok::<(), rawshm::snapshot::SnapshotError>(())
//! ```
//!
//! # Who writes
//!
//! One writer at a time: it [claims](crate::Object::claim) the object, which the kernel ends with its process, and a
//! second one is refused with `EBUSY`. When it has ended, however that came, the next one takes over by
//! [`Writer::open`], with the last whole value in place; readers do not notice. A writer that is done for good says so
//! by [`Writer::retire`]; one that needs another type or size puts a new object in the place of the old by
//! [`Writer::replace`]. In both cases readers get [`SnapshotError::Retired`] behind the last value, and wait for the next
//! snapshot of this name. The same happens where a process that may only read has a lock on the object when its writer
//! has ended: the next one then goes on in a new object, with the last value and its number.
//!
//! ```
//! use rawshm::snapshot::{Reader, SnapshotError};
//! use rawshm::{Deadline, Name};
//!
//! fn follow(name: &Name) -> Result<(), SnapshotError> {
//!     while let Some(mut reader) = Reader::<[i64; 3]>::wait_for(name, Deadline::NEVER)? {
//!         loop {
//!             match reader.next(Deadline::NEVER) {
//!                 Ok(columns) => println!("{columns:?}"),
//!                 Err(SnapshotError::Retired) => break,
//!                 Err(error) => return Err(error),
//!             }
//!         }
//!     }
//!     Ok(())
//! }
//! # let _ = follow;
//! ```
//!
//! # What is in the object
//!
//! For programs in other languages, as C has it:
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
//! Slots follow at offset 64, each `value_size` rounded up to a multiple of 64. Value number `n` is in slot
//! `n % slots`. To load: load `sequence`; an acquire fence; copy the slot; an acquire fence; load `sequence` again. The copy
//! is whole if the second number less the first is below `slots - 1`; else again.
//!
//! # Platform notes
//!
//! macOS has neither claims nor futexes: a second writer is not refused there, and who sleeps looks every millisecond. On
//! Linux, claims are there for `x86_64`, x86, aarch64, arm, riscv64, loongarch64 and s390x; elsewhere it is as on macOS.
//! A writer needs 64-bit atomics, which a few 32-bit targets lack.

mod claim;
#[cfg(target_has_atomic = "64")]
mod create;
mod deadline;
mod error;
mod header;
mod layout;
mod reader;
mod seqlock;
mod slots;
mod words;
#[cfg(target_has_atomic = "64")]
mod writer;

pub use deadline::Deadline;
pub use error::{Overrun, SnapshotError};
pub use layout::{Layout, fingerprint};
pub use reader::Reader;
#[cfg(target_has_atomic = "64")]
pub use writer::Writer;
