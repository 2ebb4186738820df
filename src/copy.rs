//! Copies between shared and private memory, and within shared memory, that are allowed to race.
//!
//! `copy/assembly.rs` has those of `x86_64` and `aarch64`, and begins with the argument why they are sound; `copy/units.rs`
//! puts them together. Elsewhere, where there are no vector registers, and under Miri, which knows no assembly,
//! `copy/portable.rs` does the same by relaxed atomic words.

#[cfg(not(all(
    target_pointer_width = "64",
    any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon")
    ),
    not(miri)
)))]
#[path = "copy/portable.rs"]
mod form;

#[cfg(all(
    target_pointer_width = "64",
    any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon")
    ),
    not(miri)
))]
#[path = "copy/units.rs"]
mod form;

pub(crate) use form::{from_shared, load, store, to_shared, within_shared};

#[cfg(all(
    target_pointer_width = "64",
    any(
        all(target_arch = "x86_64", target_feature = "sse2"),
        all(target_arch = "aarch64", target_feature = "neon")
    ),
    not(miri)
))]
#[path = "copy/assembly.rs"]
pub(crate) mod assembly;
