//! What the tests share: unique names, other processes, and scripts in a private `/dev/shm`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

pub mod capi;
pub mod cells;
pub mod complete;
#[cfg(target_os = "linux")]
mod filter;
pub mod header;
#[cfg(target_os = "linux")]
pub mod operations;
mod processes;
pub mod random;
pub mod rungs;
#[cfg(target_os = "linux")]
pub mod things;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod traced;
pub mod traces;
pub mod values;
pub mod watchdog;

use rawshm::{Errno, Error, Name, Operation};

pub use processes::{
    Ended, Peer, STEP, a_thread_asleep_in, answer, asleep_in, child_of, finish, in_a_row, is_alone,
    is_alone_through, is_asleep_in, output, run, spawn, status, wait,
};
pub use watchdog::until;

/// A name that nothing else on the machine uses, short enough for every platform. Dropping it
/// unlinks the object.
#[derive(Debug)]
pub struct UniqueName(Name);

impl UniqueName {
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no two are equal")]
    pub fn new() -> Self {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        // Always of the same length, so that lengths in traces are the same in every run.
        let name = format!("/rawshm-test-{:08x}-{number:04x}", std::process::id());
        Self(Name::portable(&name).expect("a valid name"))
    }

    /// The name that another process has made, which is to unlink it: this must not be dropped.
    ///
    /// # Panics
    /// If it is not a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(Name::new(name).expect("a name"))
    }

    /// The name as an argument.
    #[must_use]
    pub fn argument(&self) -> String {
        self.0.to_string()
    }

    /// The file of the object on Linux.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        Path::new("/dev/shm").join(self.argument().trim_start_matches('/'))
    }
}

impl Deref for UniqueName {
    type Target = Name;

    fn deref(&self) -> &Name {
        &self.0
    }
}

impl Drop for UniqueName {
    fn drop(&mut self) {
        let _ = rawshm::unlink(&self.0);
        // What a process has left that the test has killed.
        let temporary = complete::temporary(self.argument().trim_start_matches('/'), 0);
        let _ = Name::new(&format!("/{temporary}")).map(|temporary| rawshm::unlink(&temporary));
    }
}

/// The files in `/dev/shm` whose names contain a name, sorted: its object, and temporary ones.
#[must_use]
pub fn left_in_shm(name: &UniqueName) -> Vec<String> {
    let name = name.argument();
    let files = std::fs::read_dir("/dev/shm").expect("a folder");
    let files = files.map(|file| file.expect("a file").file_name());
    let mut files: Vec<_> = files
        .map(|file| file.to_string_lossy().into_owned())
        .filter(|file| file.contains(name.trim_start_matches('/')))
        .collect();
    files.sort();
    files
}

/// Removes what a test has left on purpose in `/dev/shm` whose name contains this one.
///
/// # Panics
/// If it cannot.
pub fn clear_shm(name: &UniqueName) {
    for file in left_in_shm(name) {
        std::fs::remove_file(Path::new("/dev/shm").join(file)).expect("its own");
    }
}

/// What a process has of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub descriptors: usize,
    /// Those that are shared.
    pub mappings: usize,
}

impl Held {
    /// What a process has, by its number; or this one, as `self`.
    ///
    /// # Panics
    /// If there is no `/proc`.
    #[must_use]
    pub fn by(process: &str) -> Self {
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd")).expect("a folder");
        let mappings = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("text");
        let rights = mappings.lines().filter_map(|line| line.split(' ').nth(1));
        Self {
            descriptors: descriptors.count(),
            mappings: rights.filter(|rights| rights.ends_with('s')).count(),
        }
    }
}

/// Checks that something failed, and how.
///
/// # Panics
///
/// If it did not fail, or failed with another error.
#[track_caller]
pub fn assert_failed<T>(result: Result<T, Error>, operation: Operation, errno: Errno) {
    let error = result.map(|_| ()).expect_err("it did not fail");
    assert_eq!(error, Error::new(operation, errno));
}

/// An error as the peer prints it: `Open ENOENT`.
#[must_use]
pub fn describe(error: Error) -> String {
    let name = error.name().unwrap_or("an errno without a name");
    format!("{:?} {name}", error.operation())
}

/// The top of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a folder above")
}

/// Prints what a test has counted, for the last lines of `tests/run.sh`. `println` does not, as
/// libtest shows its output only if the test fails.
pub fn checked(what: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(format!("checked: {what}\n").as_bytes());
}

/// Cargo for this repository, without the variables that cargo sets for a test.
#[must_use]
pub fn cargo() -> Command {
    as_a_user(Command::new(env!("CARGO")))
}

/// A command in this repository, without the variables that cargo sets for a test.
#[must_use]
pub fn as_a_user(mut command: Command) -> Command {
    command.current_dir(repository());
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        let of_the_test = name.starts_with("CARGO_PKG") || name.starts_with("CARGO_MANIFEST");
        if of_the_test || name == "CARGO_BUILD_TARGET" {
            command.env_remove(&variable);
        }
    }
    command
}

/// The static executable of this name, built as a user would. `RAWSHM_STATIC` names another folder,
/// so that the same tests check the executables of other targets.
#[must_use]
pub fn static_program(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(|| match std::env::var_os("RAWSHM_STATIC") {
            Some(folder) => repository().join(folder),
            None => build_static(),
        })
        .join(name)
}

/// Builds the static executables, as a user would, and returns their folder.
#[must_use]
pub fn build_static() -> PathBuf {
    let built = run(cargo().args(["static", "--quiet"]));
    assert_eq!(built.status, 0, "cargo static: {}", built.stderr);
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
    repository().join(target).join("static")
}

/// Compiles a C program, once in each process, and returns the executable.
#[must_use]
pub fn c_program(source: &'static str) -> PathBuf {
    compiled(&["cc"], source)
}

/// Compiles a C program as C++.
#[must_use]
pub fn cxx_program(source: &'static str) -> PathBuf {
    compiled(&["g++", "-x", "c++"], source)
}

fn compiled(compiler: &'static [&'static str], source: &'static str) -> PathBuf {
    static PROGRAMS: Mutex<BTreeMap<(&[&str], &str), PathBuf>> = Mutex::new(BTreeMap::new());
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    programs
        .entry((compiler, source))
        .or_insert_with(|| compile(compiler, source))
        .clone()
}

fn compile(compiler: &[&str], source: &str) -> PathBuf {
    let source = repository().join(source);
    let stem = source.file_stem().expect("a name").to_string_lossy();
    let test = std::env::current_exe().expect("a path");
    let program = test.with_file_name(format!("{}-{stem}", compiler[0]));
    // Another test may be compiling it, or running it.
    let new = program.with_extension(std::process::id().to_string());
    let ended = run(Command::new(compiler[0])
        .args(&compiler[1..])
        .args(["-Wall", "-Wextra", "-Werror", "-O1", "-o"])
        .arg(&new)
        .arg(source));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    std::fs::rename(new, &program).expect("renaming within a folder");
    program
}

/// A new folder for files that are no objects. Dropping it removes it and its content.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    #[must_use]
    #[expect(clippy::new_without_default, reason = "no two are equal")]
    pub fn new() -> Self {
        let name = UniqueName::new();
        let name = name.argument();
        let folder = std::env::temp_dir().join(name.trim_start_matches('/'));
        // A killed process with the same pid may have left one.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder");
        Self(folder)
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs a shell script in a mount namespace where `/dev/shm` is a tmpfs of its own, mounted with
/// these options.
///
/// `$PEER`, `$WRITER`, `$READER` and `$CREATOR` are the programs. A user that may not mount runs it
/// in a user namespace.
#[must_use]
pub fn with_private_shm(peer: &str, options: &str, script: &str) -> Ended {
    let namespace = if may_mount() { "-m" } else { "-mr" };
    let mut whole = String::new();
    write!(
        whole,
        "set -e; mount -t tmpfs -o {options} none /dev/shm; set +e; {script}"
    )
    .expect("writing to a string");
    run(Command::new("unshare")
        .args([namespace, "sh", "-c", &whole])
        .env("PEER", peer)
        .env("WRITER", static_program("writer"))
        .env("READER", static_program("reader"))
        .env("CREATOR", static_program("creator")))
}

/// The prefix that runs a command as another, unprivileged user.
pub const OTHER: &str = "setpriv --reuid=65534 --regid=65534 --clear-groups";

/// Copies of the peer and of `reader`, `writer` and `creator` that any user may run, whatever the
/// folder that cargo builds in.
#[must_use]
pub fn public_copies(peer: &str) -> Folder {
    let folder = Folder::new();
    let _ = public_copy(&folder, Path::new(peer));
    for program in ["reader", "writer", "creator"] {
        let _ = public_copy(&folder, &static_program(program));
    }
    folder
}

/// A copy of a program that any user may run.
#[must_use]
pub fn public_copy(folder: &Path, program: &Path) -> PathBuf {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    let public = Permissions::from_mode(0o755);
    std::fs::set_permissions(folder, public.clone()).expect("allowed");
    let copy = folder.join(program.file_name().expect("a name"));
    std::fs::copy(program, &copy).expect("copied");
    std::fs::set_permissions(&copy, public).expect("allowed");
    copy
}

fn may_mount() -> bool {
    static MAY: OnceLock<bool> = OnceLock::new();
    *MAY.get_or_init(|| run(Command::new("unshare").args(["-m", "true"])).status == 0)
}
