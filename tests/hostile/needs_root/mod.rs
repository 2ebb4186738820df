//! What other users can do, and what they meet.

mod oracle;
mod planters;
mod users;

use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::Path;

use crate::worker::Worker;

/// The folder of the objects, in a namespace of the test's own.
const SHM: &str = "/dev/shm";

/// A user by number, in a group of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct User {
    uid: u32,
    gid: u32,
}

impl User {
    const ROOT: Self = Self { uid: 0, gid: 0 };
    const OWNER: Self = Self {
        uid: 1000,
        gid: 1000,
    };
    /// In the group of the owner.
    const OF_THE_GROUP: Self = Self {
        uid: 1001,
        gid: 1000,
    };
    const OTHER: Self = Self {
        uid: 65534,
        gid: 65534,
    };

    /// A process of this user that runs operations with a program that any user may run.
    fn worker(self, program: &Path) -> Worker {
        let Self { uid, gid } = self;
        let user = format!("setpriv --reuid={uid} --regid={gid} --clear-groups");
        Worker::of(program, &user)
    }

    /// Makes a file this user's.
    fn own(self, path: &Path) {
        lchown(path, Some(self.uid), Some(self.gid)).expect("root");
    }
}

/// What tells that a file is the same and unchanged.
fn identity(path: &Path) -> Option<(u64, u32, u64, u32)> {
    let status = path.symlink_metadata().ok()?;
    Some((status.ino(), status.mode(), status.size(), status.uid()))
}
