//! What the static programs share.

#![cfg_attr(target_os = "linux", no_std)]

pub mod arguments;
pub mod message;
pub mod report;
pub mod request;
#[cfg_attr(not(target_os = "linux"), path = "no_signals.rs")]
pub mod signals;
pub mod trouble;
