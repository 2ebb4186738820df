//! Programs that run step by step, by ptrace, and are killed at every place of their run.

mod ends;
mod life;
mod operations;
mod sleeper;
mod stops;

use std::mem::MaybeUninit;

pub(crate) use self::ends::ends;
pub(crate) use self::life::life;
pub(crate) use self::operations::{appears_late, operations};
pub(crate) use self::stops::stops;

/// The bytes and the inodes that are free in `/dev/shm`, which must be small.
fn free() -> (u64, u64) {
    let mut status = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: a C string, and a struct for the answer.
    let result = unsafe { libc::statvfs(c"/dev/shm".as_ptr(), status.as_mut_ptr()) };
    assert_eq!(result, 0);
    // SAFETY: the kernel has written it.
    let status = unsafe { status.assume_init() };
    assert!(
        status.f_blocks * status.f_frsize <= 1 << 20,
        "not a private /dev/shm"
    );
    (status.f_bfree, status.f_ffree)
}

/// The names in `/dev/shm`.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir("/dev/shm").expect("a directory");
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries
        .map(|entry| name(entry.expect("an entry")))
        .collect()
}
