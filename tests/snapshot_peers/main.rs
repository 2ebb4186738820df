//! Snapshots and claims across processes: writers, sleeping readers, and what a kill leaves behind.

mod in_c;
mod kills;
mod liveness;
mod torture;
mod users;
mod waiting;
