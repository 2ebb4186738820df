//! C programs that are linked with the C drop-in in different ways.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::{Ended, UniqueName, cargo, repository, run};

/// How a program gets the drop-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Linkage {
    /// The archive, in a program that loads the rest of glibc.
    Archive,
    /// The archive, in a static program.
    Static,
    /// The shared library.
    Shared,
    /// The archive, in a static program with musl.
    Musl,
    /// The shared library, in a program that loads musl.
    MuslShared,
    /// Not linked: loaded with `LD_PRELOAD`.
    Preloaded,
}

impl Linkage {
    /// Those that need only the C compiler.
    pub const ALL: [Self; 3] = [Self::Archive, Self::Static, Self::Shared];
}

/// The folder of the archive and the shared library, built as a user would.
#[must_use]
pub fn library() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let built = run(cargo().args(["capi", "--quiet"]));
        assert_eq!(built.status, 0, "cargo capi: {}", built.stderr);
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
        repository().join(target).join("static")
    })
}

/// The shared library.
#[must_use]
pub fn shared() -> PathBuf {
    library().join("librawshm_capi.so")
}

/// Compiles a C program, once in each process, and returns the executable. No flag is `-lrt`.
#[must_use]
pub fn program(source: &'static str, linkage: Linkage) -> PathBuf {
    static PROGRAMS: Mutex<BTreeMap<(&str, Linkage), PathBuf>> = Mutex::new(BTreeMap::new());
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    programs
        .entry((source, linkage))
        .or_insert_with(|| compile(source, linkage))
        .clone()
}

fn compile(source: &str, linkage: Linkage) -> PathBuf {
    let source = repository().join(source);
    let stem = source.file_stem().expect("a name").to_string_lossy();
    let test = std::env::current_exe().expect("a path");
    let program = test.with_file_name(format!("capi-{stem}-{linkage:?}"));
    // Another test may be compiling it, or running it.
    let new = program.with_extension(std::process::id().to_string());
    let compiler = match linkage {
        Linkage::Musl | Linkage::MuslShared => "musl-gcc",
        _ => "cc",
    };
    let mut command = Command::new(compiler);
    command.args(["-Wall", "-Wextra", "-Werror", "-O1", "-pthread", "-I"]);
    command.arg(repository().join("examples/capi"));
    command.arg("-o").arg(&new).arg(source);
    let archive = library().join("librawshm_capi.a");
    match linkage {
        Linkage::Archive => command.arg(archive),
        Linkage::Static | Linkage::Musl => command.arg("-static").arg(archive),
        Linkage::Shared | Linkage::MuslShared => command
            .arg("-L")
            .arg(library())
            // Not a RUNPATH: cargo sets LD_LIBRARY_PATH to a folder that may have an unoptimised
            // build.
            .arg(format!(
                "-Wl,--disable-new-dtags,-rpath,{}",
                library().display()
            ))
            .arg("-lrawshm_capi"),
        Linkage::Preloaded => &mut command,
    };
    let ended = run(&mut command);
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    std::fs::rename(new, &program).expect("renaming within a folder");
    program
}

/// The source of a program that checks claims.
#[derive(Clone, Copy, Debug)]
pub struct Claims(pub &'static str);

impl Claims {
    /// Checks that a claim holds, however the program is linked.
    #[track_caller]
    pub fn hold(self, claim: &str) {
        for linkage in Linkage::ALL {
            check(&program(self.0, linkage), claim);
        }
    }

    /// Every claim of the source, in its order.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        let source = std::fs::read_to_string(repository().join(self.0)).expect("a source");
        let claim = |line: &str| Some(line.trim().strip_prefix("CLAIM(")?.to_owned());
        let claims = source.lines().filter_map(claim);
        claims
            .filter_map(|claim| Some(claim.split_once(')')?.0.to_owned()))
            .collect()
    }
}

/// Checks that a program's claim holds.
#[track_caller]
pub fn check(program: &Path, claim: &str) {
    let ended = run_claim(&mut Command::new(program), claim);
    assert_eq!(
        (ended.status, ended.stderr.as_str()),
        (0, ""),
        "{claim}, {}",
        program.display()
    );
}

/// Runs a claim of a program, with a unique name, and removes what is left of it.
#[must_use]
pub fn run_claim(program: &mut Command, claim: &str) -> Ended {
    let name = UniqueName::new();
    let ended = run(program.arg(claim).arg(name.argument()));
    let path = name.path();
    let prefix = path.file_name().expect("a name").to_string_lossy();
    // A claim that failed may have left something.
    for entry in std::fs::read_dir("/dev/shm").expect("a folder").flatten() {
        if entry.file_name().to_string_lossy().starts_with(&*prefix) {
            let _ = std::fs::remove_file(entry.path());
            let _ = std::fs::remove_dir(entry.path());
        }
    }
    ended
}
