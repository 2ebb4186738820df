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
//! readers notice nothing.
//!
//! # The end of a snapshot
//!
//! A writer ends its snapshot with [`Writer::finish`], which removes the name, or with
//! [`Writer::retire`], which keeps it: readers can then still open the snapshot for its last value.
//! [`Writer::replace`] puts a snapshot, which may have another type or number of slots, in place of
//! one whose writer has ended. [`reap`] removes one whose writer is gone for good. In all of these
//! cases readers get [`Error::Retired`] after the last value.
//!
//! The snapshot is retired first, then its name is taken away. If that fails, the state is put
//! back, and everything works as before; but a reader that looks in between gets
//! [`Error::Retired`]. If the process is killed between the two steps, a retired snapshot keeps its
//! name. [`Writer::open_or_create`] and [`Writer::replace`] put another in its place, [`reap`]
//! removes it, and each of them wakes the readers that still sleep.
//!
//! [`unlink`](crate::unlink), a [guard](crate::UnlinkGuard) and `rm` remove a name and do not know
//! of snapshots: readers sleep on, and another writer can create a snapshot of this name while the
//! first one lives. [`Writer::has_name`] and [`Reader::is_current`] ask whether that has happened.
//!
//! A [`Follower`] reads the snapshots that have a name, one after the other:
//!
//! ```
//! use rawshm::Name;
//! use rawshm::snapshot::{Deadline, Error, Follower};
//!
//! fn follow(name: &Name) -> Result<(), Error> {
//!     let mut follower = Follower::<[i64; 3]>::new(name);
//!     while let Some(columns) = follower.next(Deadline::NEVER)? {
//!         println!("{columns:?}");
//!     }
//!     Ok(())
//! }
//! # let _ = follow;
//! ```
//!
//! A process that waits for a name, or for the next value, is woken and then looks. A snapshot that
//! exists for less time than that takes is missed, as is a value that the next one follows sooner.
//!
//! # Sleeping without a deadline
//!
//! With [`Deadline::NEVER`], a reader depends on other readers and on other writers: a process that
//! may read the object can move the readers that sleep on it to a word of its own
//! (`FUTEX_REQUEUE`), where no writer wakes them, and a process that may write to it can change
//! anything in it. A deadline bounds both: however a sleep ends, the value that is there is
//! returned.
//!
//! # How many slots
//!
//! A reader copies again only if the writer comes round to the slot that it is copying. That takes
//! `slots - 1` whole stores and the beginning of one more, all within the copy. [`struct@Overrun`]
//! takes that a thousand times in a row. Tests in which a writer does nothing but store, with
//! values of 8 bytes to 1 MiB and 2 to 64 slots, have had 45 in 152 million values, where there
//! were more processes than processors. They come to readers that hardly run while the writer does:
//! also under a debugger, at the lowest priority, or on an emulated processor.
//!
//! So the number of slots is a question of speed:
//!
//! - **4** for most values. A load from another processor takes 0.1 to 0.3 µs for a small value,
//!   the time of dozens of stores, and the fewer copies are made again, the sooner a load is done.
//! - **2** for values that do not fit into the second cache four times. With 4 slots, stores of
//!   512 KiB took 1.4 times as long, and of 8 MiB as well; of less than 256 KiB, as long.
//! - More only for a writer that stores in bursts, and readers that must not be held up by them.
//!
//! # Waking and polling
//!
//! [`Writer::notify`] costs a system call also if no reader sleeps: twice the time of an empty one,
//! 0.13 to 0.4 µs by the machine's state. A writer that stores more often than its readers look
//! notifies at their rate, not at its own, and one whose readers poll need not notify at all.
//!
//! A reader that polls with [`Reader::try_next`] on another processor has a value 0.17 µs after it
//! was stored. One that sleeps is awake after 1 to 40 µs: the longer it has slept, the later.
//! [`Reader::spinning`] is between the two. It helps if the next value comes while the reader still
//! looks, and then takes a whole processor, as polling does. Medians and 99th percentiles in µs, by
//! the time between two values, and by how long a reader looks before it sleeps:
//!
//! | | 0 µs | 10 µs | 50 µs |
//! |---|---|---|---|
//! | 8 µs | 3.8, 8.1 | 0.17, 0.40 | 0.17, 0.38 |
//! | 30 µs | 16, 30 | 1.6, 30 | 0.17, 0.64 |
//! | 200 µs | 40, 50 | 41, 53 | 41, 81 |
//!
//! # Large values
//!
//! [`Reader::load`] and [`Reader::next`] return the value on the stack, and builds without
//! optimisation copy it there a few times. A main thread usually has a stack of 8 MiB, and a thread
//! of std one of 2 MiB. For values of more than some 64 KiB, [`Reader::load_into`],
//! [`Reader::next_into`], [`Follower::next_into`] and [`Writer::load_into`] copy to where the
//! caller keeps them. [`Writer::create`], [`Writer::store`] and the others copy from a reference.
//! None of these has a value on the stack.
//!
//! A value has to be made without the stack, too. `Box::new([0; N])` may put it there first; a
//! `Vec` does not:
//!
//! ```
//! use rawshm::Name;
//! use rawshm::snapshot::{Deadline, Reader, Writer};
//!
//! type Frame = [u8; 8 << 20];
//!
//! fn frame() -> Box<Frame> {
//!     let bytes = vec![0; size_of::<Frame>()].into_boxed_slice();
//!     bytes.try_into().expect("a frame has as many bytes")
//! }
//!
//! let name = Name::new("/frames")?;
//! # let name = Name::new(&format!("/rawshm-doc-frames-{}", std::process::id()))?;
//! let mut frame_to_send = frame();
//! let mut writer = Writer::create(&name, 4, &*frame_to_send)?;
//! frame_to_send.fill(255);
//! writer.store(&frame_to_send);
//! writer.notify()?;
//!
//! let mut reader = Reader::<Frame>::open(&name)?;
//! let mut received = frame();
//! assert!(reader.next_into(&mut received, Deadline::NEVER)?);
//! assert!(received == frame_to_send);
//! writer.finish(&name)?;
//! # Ok::<(), rawshm::snapshot::Error>(())
//! ```
//!
//! For a struct, bytemuck has `zeroed_box`, with its feature `extern_crate_alloc`. Bytes that are
//! there already, and aligned for the type, are a value through
//! [`from_bytes`](crate::bytemuck::from_bytes). Without an allocator, a `static` serves.
//!
//! A snapshot holds the memory of all its slots. [`Reader::load_part`] loads a part of a value.
//!
//! # The object
//!
//! For programs in other languages, as a C program declares it:
//!
//! ```c
//! struct rawshm_snapshot {           /* at offset 0; 64 bytes, in the machine's byte order */
//!     char magic[8];                 /* "rawshm:S", without a NUL */
//!     uint32_t version;              /* 2 */
//!     uint32_t byte_order;           /* 0x01020304 */
//!     uint64_t fingerprint;          /* of the values' layout: see Layout */
//!     uint64_t value_size;           /* bytes of a value */
//!     uint32_t slots;                /* a power of two from 2 to 65536 */
//!     uint32_t reserved;             /* 0 */
//!     _Atomic uint64_t last;         /* 2 * the number of the last value; the first is 1 */
//!                                    /* 1 more: retired, no value will follow */
//!     uint64_t reserved_too[2];      /* 0 */
//! };
//! ```
//!
//! The slots follow at offset 64. Value number `n` is in slot `n % slots`. Each slot begins with a
//! stamp of 8 bytes: 2 times the number of its value, and 1 more while the value is being written.
//! It is 0 in a slot that has had no value. The value is at offset 8 of its slot if it has at most
//! 56 bytes, else at offset 64. The next slot begins at the next multiple of 64. Numbers have 63
//! bits.
//!
//! To load: load `last`, without its lowest bit, or take the stamp of the last value that this
//! reader has returned if that is more; an acquire fence; load the stamp of that slot; an acquire
//! fence; copy the value; an acquire fence; load the stamp again. The copy is whole if both are the
//! same and even, and not less than what was looked for; if they are more, load `last` again, which
//! must not be less. Otherwise, start again. A reader that has value `n` has a newer one if the
//! stamp of slot `(n + 1) % slots` is `2 * (n + 1)`, or more than one more than that: then what it
//! looks for is at least `2 * (n + 1)`. To sleep: load `last`; an acquire fence; look for a newer
//! value; if there is none and `last` is even, `FUTEX_WAIT` (shared) while the lower half of `last`
//! is the same.
//!
//! To store, with a writer's claim: store the stamp of value `n + 1` and 1 more; a release fence;
//! copy the value; a release fence; store the stamp; store it in `last`, with a release store. A
//! writer that takes over first looks whether value `n + 1` is whole in its slot already, and goes
//! on after it; in any case it stores the stamp after which it goes on in `last`, and wakes readers
//! that sleep, before it stores a value.
//!
//! A stamp is stored as 8 bytes at once. A reader that cannot load as many loads the upper half,
//! the lower one and the upper one again, with an acquire fence after each; they are a stamp if the
//! upper half was the same.
//!
//! The version changes with this format. A snapshot of another one is refused by readers and
//! writers with [`Error::Version`], and only [`Writer::replace`] and [`reap`] accept it: as an
//! object that is not a snapshot, whose readers they do not know.
//!
//! # Platform notes
//!
//! macOS has neither claims nor futexes: a second writer is not refused there, and a reader that
//! sleeps polls every millisecond. On Linux there are claims on `x86_64`, x86, aarch64, arm,
//! riscv64, loongarch64 and s390x; on other architectures a second writer is not refused either. A
//! writer needs 64-bit atomics, which a few 32-bit targets lack.
//!
//! On overlayfs, a reader that opens an object of a lower layer before any process has opened it
//! for writing keeps the object of that layer, and gets no values. Objects that are created on the
//! mounted overlay are not affected.

mod bytewise;
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
mod unmapped;
mod word;
#[cfg(target_has_atomic = "64")]
mod writer;

pub use self::claim::{reap, reap_with};
pub use self::deadline::Deadline;
pub use self::error::{Error, Overrun};
pub use self::follower::Follower;
pub use self::layout::{Layout, fingerprint};
pub use self::reader::Reader;
pub use self::unmapped::UnmappedReader;
#[cfg(target_has_atomic = "64")]
pub use self::writer::Writer;
