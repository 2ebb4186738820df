//! A peer that locks objects, in each way that the kernel has.

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use libc::c_int;
use rawshm_tests::random::Random;

use super::{Attack, Paths};

/// Locks the objects of a name, and keeps the locks or gives them back at once.
pub(super) struct Locks {
    paths: Paths,
    lock: fn(&File) -> bool,
    writes: bool,
    /// Those that it keeps.
    kept: Option<Vec<File>>,
}

impl Locks {
    /// `when` is `holds` or `toggles`; `lock` is the kind of lock.
    pub(super) fn new(paths: Paths, when: &str, lock: &str) -> Self {
        let (writes, lock): (bool, fn(&File) -> bool) = match lock {
            "flock-shared" => (false, |file| flock(file, libc::LOCK_SH)),
            "flock-exclusive" => (false, |file| flock(file, libc::LOCK_EX)),
            "ofd-read" => (false, |file| record(file, libc::F_OFD_SETLK, libc::F_RDLCK)),
            "ofd-write" => (true, |file| record(file, libc::F_OFD_SETLK, libc::F_WRLCK)),
            "posix-read" => (false, |file| record(file, libc::F_SETLK, libc::F_RDLCK)),
            "posix-write" => (true, |file| record(file, libc::F_SETLK, libc::F_WRLCK)),
            "lease-read" => (false, |file| lease(file, libc::F_RDLCK)),
            "lease-write" => (true, |file| lease(file, libc::F_WRLCK)),
            _ => panic!("no lock: {lock}"),
        };
        Self {
            paths,
            lock,
            writes,
            kept: (when == "holds").then(Vec::new),
        }
    }

    /// A lock of the object of a path; closing it gives it back.
    fn take(&self, path: &Path) -> Option<File> {
        let mut options = File::options();
        options.read(true).write(self.writes);
        // Not to wait for the end of its own lease.
        let file = options.custom_flags(libc::O_NONBLOCK).open(path);
        file.ok().filter(|file| (self.lock)(file))
    }
}

impl Attack for Locks {
    fn act(&mut self, random: &mut Random) {
        let locked = self.take(self.paths.any(random));
        if let Some(kept) = &mut self.kept {
            // A few are as good as all: more would be its own lack of descriptors.
            kept.extend(locked);
            kept.truncate(8);
        }
    }

    fn end(&mut self) {
        self.kept = None;
    }
}

/// The kernel tells the holder of a lease by a signal that another process opens the file.
pub(super) fn ignore_signals() {
    // SAFETY: no handler runs.
    unsafe { libc::signal(libc::SIGIO, libc::SIG_IGN) };
}

fn flock(file: &File, how: c_int) -> bool {
    // SAFETY: no pointer is passed.
    unsafe { libc::flock(file.as_raw_fd(), how | libc::LOCK_NB) == 0 }
}

/// Locks all bytes that a file can have.
fn record(file: &File, command: c_int, kind: c_int) -> bool {
    // SAFETY: the struct has only integers, for which zero is a value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind.try_into().expect("a small number");
    // SAFETY: the kernel reads the struct.
    unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const lock) == 0 }
}

fn lease(file: &File, kind: c_int) -> bool {
    // SAFETY: no pointer is passed.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, kind) == 0 }
}
