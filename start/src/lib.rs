#![doc = include_str!("../README.md")]
#![cfg_attr(target_os = "linux", no_std)]

pub mod line;
pub mod link;
mod say;

#[cfg(target_os = "linux")]
mod linux;
// With unwinding there is std, and libc with it: in tests and in build scripts.
#[cfg(all(target_os = "linux", panic = "abort"))]
mod memory;
#[cfg(target_os = "linux")]
pub use linux::{Arguments, exit, panicked};

#[cfg(not(target_os = "linux"))]
mod hosted;
#[cfg(not(target_os = "linux"))]
pub use hosted::{Arguments, exit};

pub use rustix::io::Errno;
pub use say::{Operand, say};
