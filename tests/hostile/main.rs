//! Hostile and unlucky peers in other processes, and inputs of all kinds, each beside an oracle of
//! the right answer.
//!
//! A run takes a part of the cells, another one each time: `RAWSHM_SEED` repeats it, and
//! `RAWSHM_HOSTILE=all` takes all. What was checked is printed in lines that begin with `checked:`.

#![cfg(target_os = "linux")]

mod attacks;
mod cells;
mod documented;
mod extents;
mod headers;
mod names;
mod needs_namespaces;
mod needs_root;
mod private;
mod races;
mod worker;
