//! Copies between shared and private memory, and within shared memory, that are allowed to race.
//!
//! # Why this is sound
//!
//! Shared bytes may change under a copy. In Rust's memory model an ordinary access to them would then be a data race,
//! and so undefined behaviour. So would a volatile one be where the memory is Rust's own, as that of a `Slice` of a buffer
//! is, and neither gets better by being written in assembly. Atomic accesses may race, and a block of assembly may do what
//! *some* Rust code could have done in its place; the compiler need not know which. Here that code is the copy of every
//! byte by a relaxed atomic load and a relaxed atomic store of a byte, of some bytes twice, in some order. What processors
//! do is one of the outcomes of that:
//!
//! - Every byte that is copied is one that was stored there: no load or store, of whatever size, makes up bytes.
//! - Nothing but the `len` bytes of either side is accessed. Where two accesses overlap, they overlap within the range.
//! - Nothing is written to the source: it may be mapped read-only. std guarantees atomic loads there up to 8 bytes, and
//!   relaxed; the code above needs bytes only, and these blocks have nothing but plain loads.
//! - No copy orders other accesses, which is what relaxed means, and none is weaker than that: what follows a copy and
//!   releases (a store, a fence) comes after all of its stores. On `x86_64` that holds for plain stores by themselves, and
//!   for those of `rep movsb`, which come before all that follow it; the non-temporal ones of large copies are weaker, both
//!   to what precedes and to what follows them, so an `sfence` stands before them and another behind. Elsewhere the release
//!   is a barrier itself.
//! - The compiler knows that memory is accessed: none is marked `pure` or `nomem`, and those that store not `readonly`.
//!
//! More than bytes is promised for integers: one of 1, 2, 4 or 8 bytes that is copied alone takes a single load and a
//! single store, which are whole where it is aligned to its size. In terms of Rust code that is one atomic access of that size.
//!
//! Limitation: for accesses that are not synchronised and overlap in part, Rust's model as it stands, like C++'s, defines
//! nothing, not even for atomic ones. Byte by byte there is no such overlap among copies by assembly; there can be with an
//! atomic integer of the same process, and among copies of the portable form, which are of words. Peers cannot be kept from
//! it either. Compilers and processors give each byte some value that was stored to it, which is all that is relied on here.
//!
//! `registers.rs` puts the assembly of `x86_64.rs` and `aarch64.rs` together. Elsewhere, where there are
//! no vector registers, and under Miri, which knows no assembly, `portable.rs` does the same by relaxed atomic words.
//!
//! # References
//! - Unsafe code guidelines: [152](https://github.com/rust-lang/unsafe-code-guidelines/issues/152) and
//!   [607](https://github.com/rust-lang/unsafe-code-guidelines/issues/607) (memory shared with peers that are not
//!   trusted), [606](https://github.com/rust-lang/unsafe-code-guidelines/issues/606) (accesses that end in a signal),
//!   [345](https://github.com/rust-lang/unsafe-code-guidelines/issues/345) (atomics that overlap in part).
//! - [RFC 3301](https://github.com/rust-lang/rfcs/pull/3301), `AtomicPerByte`: the copy that is missing from std.
//! - std: [atomic accesses to read-only memory](https://doc.rust-lang.org/1.95.0/core/sync/atomic/index.html#atomic-accesses-to-read-only-memory).
//! - The Reference: [rules for inline assembly](https://doc.rust-lang.org/1.95.0/reference/inline-assembly.html#rules-for-inline-assembly).
//! - Intel's manual, volume 3, 8.2.2 and 8.2.4: the order of stores, of non-temporal ones and of string operations.
//! - Arm's manual, B2.2: which accesses are single-copy atomic.

/// Where there are no vector registers, the portable form stands in under this name.
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
