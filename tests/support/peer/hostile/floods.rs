//! A peer that makes names appear, more than a process that waits for one can look at.

use std::path::PathBuf;

use rawshm_tests::random::Random;

use super::{Attack, Paths};

/// Names that appear by creation and by renaming.
pub(super) struct Floods {
    created: PathBuf,
    renamed: PathBuf,
}

impl Floods {
    pub(super) fn new(paths: &Paths) -> Self {
        let named = |end: &str| {
            let mut path = paths.own().clone().into_os_string();
            path.push(end);
            path.into()
        };
        Self {
            created: named("-flood"),
            renamed: named("-renamed"),
        }
    }
}

impl Attack for Floods {
    fn act(&mut self, _: &mut Random) {
        let _ = std::fs::write(&self.created, "");
        let _ = std::fs::rename(&self.created, &self.renamed);
    }

    fn end(&mut self) {
        let _ = std::fs::remove_file(&self.renamed);
    }
}
