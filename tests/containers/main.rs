//! The static programs in containers: the commands of `examples/container`, the profiles of the
//! contract under real runtimes, and whatever `/dev/shm` may be.

#![cfg(target_os = "linux")]

mod page;
mod profiles;
mod shm;

/// Hides the part of a mixed hierarchy of control groups that makes crun refuse to run.
const HIDE_CGROUPS: &str = "umount /sys/fs/cgroup/unified 2>/dev/null || true";
