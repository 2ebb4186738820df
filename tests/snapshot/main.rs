//! Snapshots and claims within one process.
//!
//! No test here starts a process. Between its fork and its exec, a child has copies of all
//! descriptors, and a claim lasts as long as any copy. Tests with other processes are in
//! `snapshot_peers`.

mod appears;
mod ends;
mod follower;
mod format;
mod hostile;
mod large;
mod on_linux;
mod polling;
mod takeovers;
mod unmapped;
mod values;
