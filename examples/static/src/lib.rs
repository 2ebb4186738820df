//! What the static programs share.

#![cfg_attr(target_os = "linux", no_std)]

pub mod arguments;
pub mod line;
pub mod message;
pub mod report;
pub mod request;
pub mod start;
pub mod trouble;
