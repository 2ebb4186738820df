//! The programs in the pages, as a user pastes them: each into a file of a new package.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rawshm_tests::{Folder, cargo, repository, run};

use crate::{blocks, page};

const PAGES: [&str; 5] = [
    "README.md",
    "SECURITY.md",
    "docs/guarantees.md",
    "docs/snapshots.md",
    "docs/trouble.md",
];

/// The line of the README that adds the crate, with the features that the pages speak of.
fn add() -> Vec<String> {
    let lines = blocks(&page("README.md"), "sh").concat();
    let line = lines.lines().find(|line| line.starts_with("cargo add "));
    let words = line.expect("a line that adds it").split(' ').skip(1);
    words.map(str::to_owned).collect()
}

/// A package outside the repository.
pub(crate) struct Package {
    folder: Folder,
    /// What cargo builds is kept from one run of the tests to the next.
    target: PathBuf,
}

impl Package {
    /// With these files, and with this crate as the README's line adds it and with these features.
    pub(crate) fn new(files: &[(String, String)], features: &str) -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pasted-{features}"));
        let package = Self {
            folder: Folder::new(),
            target,
        };
        package.succeed(&["init", "--quiet", "--vcs=none", "--name=pasted"]);
        let add = add();
        let mut add: Vec<_> = add.iter().map(String::as_str).collect();
        let repository = repository().to_str().expect("text");
        add.extend(["--quiet", "--features", features, "--path", repository]);
        package.succeed(&add);
        // The versions that the repository has.
        let lock = package.folder.join("Cargo.lock");
        std::fs::copy(repository.to_owned() + "/Cargo.lock", lock).expect("copied");
        for (path, text) in files {
            let path = package.folder.join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        package
    }

    /// Cargo in this package.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = cargo();
        cargo.current_dir(&*self.folder).args(arguments);
        cargo.env("CARGO_TARGET_DIR", &self.target);
        cargo
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    fn succeed(&self, arguments: &[&str]) {
        let ended = run(&mut self.cargo(arguments));
        assert_eq!(ended.status, 0, "{arguments:?}: {}", ended.stderr);
    }
}

/// The executables: `README-0` is made of the first block of the README.
pub(crate) fn programs() -> &'static [PathBuf] {
    static PROGRAMS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let (mut files, mut names) = (Vec::new(), Vec::new());
        for path in PAGES {
            let stem = Path::new(path).file_stem().expect("a name");
            let stem = stem.to_str().expect("text");
            for (number, block) in blocks(&page(path), "rust").into_iter().enumerate() {
                files.push((format!("src/bin/{stem}-{number}.rs"), block));
                names.push(format!("debug/{stem}-{number}"));
            }
        }
        let package = Package::new(&files, "snapshot,derive");
        package.succeed(&["build", "--quiet"]);
        names.iter().map(|name| package.target.join(name)).collect()
    })
}

#[test]
fn every_program_in_the_pages_compiles_as_pasted() {
    for page in PAGES.map(page) {
        for block in blocks(&page, "rust") {
            // Only rustdoc hides such lines.
            assert!(!block.lines().any(|line| line.starts_with("# ")), "{block}");
        }
    }
    assert!(programs().len() >= 4, "{:?}", programs());
}

#[test]
fn the_first_program_of_the_readme_has_at_most_20_lines() {
    let blocks = blocks(&page("README.md"), "rust");
    let lines = blocks.first().expect("a program").lines().count();
    assert!(lines <= 20, "{lines}");
}

mod needs_namespaces {
    use super::*;
    use rawshm_tests::with_private_shm;

    #[test]
    #[ignore = "needs namespaces"]
    fn every_program_in_the_pages_runs_and_leaves_nothing() {
        for program in programs() {
            // The first one does the rest of its work in a second process.
            let first = program.ends_with("README-0");
            let command = program.display().to_string();
            let then = if first {
                format!(" && {command} read")
            } else {
                String::new()
            };
            let ended =
                with_private_shm("", "mode=1777", &format!("{command}{then}; ls -A /dev/shm"));
            let printed = if first { "[100, 876, 8021]\n" } else { "" };
            assert_eq!(
                (ended.stdout.as_str(), ended.stderr.as_str()),
                (printed, ""),
                "{command}"
            );
        }
    }
}
