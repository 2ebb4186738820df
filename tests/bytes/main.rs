//! Shared bytes: access, copies, atomics. Miri runs this binary, too.

mod copies;
mod copies_on_a_model;
mod copies_that_race;
mod copy_forms;
mod guarded;
mod shared_bytes;

use rawshm::{ReadWrite, Slice};

/// Bytes of which no two neighbouring eight are the same eight.
fn pattern(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

fn slice(bytes: &mut [u8]) -> Slice<'_, ReadWrite> {
    Slice::from_mut(bytes)
}
