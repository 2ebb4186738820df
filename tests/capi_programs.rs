//! Programs that never heard of the C drop-in, and those of `examples/capi`.

#![cfg(target_os = "linux")]
