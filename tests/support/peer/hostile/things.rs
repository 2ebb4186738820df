//! A peer that plants things under a name and takes them away again.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rawshm_tests::random::Random;
use rawshm_tests::things::Thing;

use super::{Attack, Paths};

pub(super) struct Plants {
    paths: Paths,
    /// Where, and the number of the file.
    planted: Vec<(PathBuf, u64)>,
}

impl Plants {
    pub(super) fn new(paths: Paths) -> Self {
        let planted = Vec::new();
        Self { paths, planted }
    }

    fn clear(&mut self) {
        for (path, number) in self.planted.drain(..) {
            if number_of(&path) == Some(number) {
                Thing::remove(&path);
            }
        }
    }
}

fn number_of(path: &Path) -> Option<u64> {
    path.symlink_metadata().ok().map(|status| status.ino())
}

/// Gives a file another name, if that is free.
fn rename(from: &Path, to: &Path) -> bool {
    let in_c = |path: &Path| CString::new(path.as_os_str().as_bytes()).expect("no NUL");
    let (here, from, to) = (libc::AT_FDCWD, in_c(from), in_c(to));
    let call = libc::SYS_renameat2;
    // SAFETY: C strings.
    let renamed = unsafe {
        let (from, to) = (from.as_ptr(), to.as_ptr());
        libc::syscall(call, here, from, here, to, libc::RENAME_NOREPLACE)
    };
    renamed == 0
}

impl Attack for Plants {
    fn act(&mut self, random: &mut Random) {
        self.clear();
        let seedling = Thing::aside(self.paths.own());
        let things = Thing::of_any_user();
        for _ in 0..3 {
            let path = self.paths.any(random).clone();
            let _ = random.of(&things).plant(&seedling);
            // Known before it is planted: another process may take it away at once.
            let number = number_of(&seedling).expect("its own");
            if rename(&seedling, &path) {
                self.planted.push((path, number));
            }
            Thing::remove(&seedling);
            Thing::remove(&Thing::aside(&seedling));
        }
    }

    fn end(&mut self) {
        self.clear();
        self.paths.announce();
    }
}
