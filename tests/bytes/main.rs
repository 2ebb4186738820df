//! Shared bytes: access, copies, atomics. Miri runs this binary, too.

mod copies;
mod copies_on_a_model;
mod copies_that_race;
mod copy_forms;
mod shared_bytes;
