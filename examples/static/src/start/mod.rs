//! What comes between the operating system and the program's function.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
pub mod signals;
#[cfg(target_os = "linux")]
pub use linux::{Arguments, exit};

#[cfg(not(target_os = "linux"))]
mod hosted;
#[cfg(not(target_os = "linux"))]
pub use hosted::{Arguments, main, signals};
