//! Copies between shared and private memory, and within shared memory, that are allowed to race.
//!
//! # Why this is sound
//!
//! Shared bytes may change during a copy. In Rust's memory model an ordinary access to them would
//! then be a data race, which is undefined behaviour. So would a volatile access be where the
//! memory is Rust's own, like that of a `Slice` of a buffer. Atomic accesses may race.
//!
//! `portable.rs` consists of relaxed atomic accesses, and so needs no argument. A block of assembly
//! must do what *some* Rust code could do in its place, and the compiler need not know which. Here
//! that code is, for every copy: a relaxed atomic load and a relaxed atomic store of each byte, one
//! byte at a time, of some bytes twice, in some order. What the instructions do is one of the
//! outcomes of that code:
//!
//! - Every byte that is copied is one that was stored there. No load or store, of whatever size,
//!   makes up bytes.
//! - Only the `len` bytes of either side are accessed. Accesses overlap within that range only.
//! - Nothing is written to the source, which may be mapped read-only. std guarantees that relaxed
//!   atomic loads work there, of up to 8 bytes. The code above needs single bytes, and the blocks
//!   contain plain loads only.
//! - No copy orders other accesses, which is what relaxed means, and no copy is weaker than that: a
//!   release (a store or a fence) after a copy comes after all of its stores. On `x86_64` this is
//!   so for plain stores, and for the stores of `rep movsb`, which come before all that follow it.
//!   The non-temporal stores of large copies are weaker, towards what precedes them and what
//!   follows them, so there is an `sfence` before and after them. On `aarch64` the release is a
//!   barrier.
//! - Likewise an acquire fence after a copy comes after all of its loads, and the loads of a copy
//!   after an acquire before it. On `x86_64` loads are not reordered with other loads, those of
//!   `rep movsb` neither with loads before nor after it; the fence is then no instruction, but the
//!   compiler moves no access across it. On `aarch64` it is a barrier.
//! - The compiler knows that memory is accessed. No block that copies is marked `pure` or `nomem`,
//!   and none that stores `readonly`.
//!
//! # Whole integers
//!
//! The code above may tear any value. That an integer of 1, 2, 4 or 8 bytes is copied whole, if it
//! is aligned to its size and copied alone, is a promise of the processor's, not of Rust's: such a
//! copy is one load and one store, and those of aligned integers are not divided (see the manuals
//! below).
//!
//! # Limitation
//!
//! Rust's model, like C++'s, defines nothing for accesses that overlap in part and are not
//! synchronised, not even for atomic ones. Among the copies in assembly, which are of single bytes,
//! there is no such overlap. There can be with an atomic integer of the same process (such as a
//! stamp of a snapshot, which is read with the rest of the header once, when it is opened, and in
//! halves on 32-bit targets), among copies of the portable form for types of different alignment,
//! and with what peers do. Compilers and processors give each byte some value that was stored
//! there, and nothing else is relied on.
//!
//! # Files
//!
//! `registers.rs` makes copies from the assembly in `x86_64.rs` or `aarch64.rs`. `portable.rs`
//! takes its place on other targets, on targets without vector registers, and under Miri, which
//! does not run assembly.
//!
//! # References
//!
//! - Unsafe code guidelines: [152](https://github.com/rust-lang/unsafe-code-guidelines/issues/152)
//!   and [607](https://github.com/rust-lang/unsafe-code-guidelines/issues/607), memory shared with
//!   peers that are not trusted;
//!   [606](https://github.com/rust-lang/unsafe-code-guidelines/issues/606), accesses that end in a
//!   signal; [345](https://github.com/rust-lang/unsafe-code-guidelines/issues/345), atomics that
//!   overlap in part.
//! - [RFC 3301](https://github.com/rust-lang/rfcs/pull/3301), `AtomicPerByte`: the copy that std
//!   lacks.
//! - std: [atomic accesses to read-only memory][std].
//! - The Reference: [rules for inline assembly][asm].
//! - Intel's *Software Developer's Manual*, volume 3A, "Guaranteed Atomic Operations" (integers),
//!   "Memory Ordering" (stores, non-temporal ones) and "Fast-String Operation and Out-of-Order
//!   Stores" (`rep movsb`). AMD's *Architecture Programmer's Manual*, volume 2, "Access Atomicity".
//! - *Arm Architecture Reference Manual for A-profile*, B2.2: single-copy atomicity (integers).
//!
//! [std]: https://doc.rust-lang.org/1.95.0/core/sync/atomic/#atomic-accesses-to-read-only-memory
//! [asm]: https://doc.rust-lang.org/1.95.0/reference/inline-assembly.html#rules-for-inline-assembly

/// The portable form, where the target is not one with vector registers and assembly here.
#[cfg_attr(
    not(all(
        target_pointer_width = "64",
        any(
            all(target_arch = "x86_64", target_feature = "sse2"),
            all(target_arch = "aarch64", target_feature = "neon")
        ),
        not(miri)
    )),
    path = "portable.rs"
)]
pub(crate) mod registers;

pub(crate) use self::registers::{from_shared, load, store, to_shared, within_shared};
