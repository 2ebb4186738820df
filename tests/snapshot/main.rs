//! Snapshots and claims within one process.
//!
//! Nothing here starts a process: between its fork and its exec, a child has copies of this process's descriptors, and a
//! claim lasts as long as any of them. What needs other processes is in `snapshot_peers`.

mod hostile;
mod on_linux;
mod takeovers;
mod values;
