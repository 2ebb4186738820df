#![doc = include_str!("../README.md")]
#![cfg_attr(target_os = "linux", no_std)]

// A build script may also run on Windows, and needs only this.
pub mod link;

#[cfg(unix)]
pub mod line;
#[cfg(unix)]
mod say;
#[cfg(unix)]
pub use rustix::io::Errno;
#[cfg(unix)]
pub use say::{Operand, say, wanted};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
pub use linux::{Arguments, exit, panicked};

#[cfg(all(unix, not(target_os = "linux")))]
mod hosted;
#[cfg(all(unix, not(target_os = "linux")))]
pub use hosted::{Arguments, exit};
