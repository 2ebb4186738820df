//! Snapshots and claims across processes: who writes, who sleeps, and what is left of those that are killed.

mod in_c;
mod kills;
mod liveness;
mod torture;
mod users;
mod waiting;
