//! Snapshots and claims across processes: writers, sleeping readers, and what a kill leaves behind.

mod ends;
mod frames;
mod in_c;
mod kills;
mod liveness;
mod mounts;
mod peers;
mod torture;
mod unmapped;
mod users;
mod waiting;
