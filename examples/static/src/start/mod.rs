//! What stands between the operating system and `run`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
pub(crate) use linux::Arguments;

#[cfg(not(target_os = "linux"))]
mod hosted;
#[cfg(not(target_os = "linux"))]
pub(crate) use hosted::{Arguments, main};
