//! Runs programs as processes: their time, their output, their cost.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::Error;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use crate::sampling::Outcome;
use crate::unique_name;

/// A program and its arguments.
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    /// The same for `posix_spawn`, so that nothing is allocated while the clock runs.
    words: Vec<CString>,
}

impl Program {
    pub fn new(path: PathBuf, arguments: Vec<String>) -> Outcome<Self> {
        let path_text = path.to_str().ok_or("a path that is not valid text")?;
        let words = std::iter::once(path_text).chain(arguments.iter().map(String::as_str));
        let words = words.map(CString::new).collect::<Result<_, _>>()?;
        Ok(Self {
            path,
            arguments,
            words,
        })
    }

    /// The bytes of the executable.
    pub fn bytes(&self) -> Outcome<u64> {
        Ok(self.path.metadata()?.len())
    }

    /// Its output, or an error if it fails.
    pub fn output(&self) -> Outcome<String> {
        let output = Command::new(&self.path).args(&self.arguments).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: {}: {said}", self.path.display(), output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The number of its system calls, including `execve` and `exit_group`. None if there is no
    /// strace.
    pub fn calls(&self) -> Outcome<Option<u64>> {
        let log = PathBuf::from(format!("/tmp{}", unique_name("strace")));
        let ended = Command::new("strace")
            .arg("-o")
            .arg(&log)
            .arg(&self.path)
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let trace = std::fs::read_to_string(&log);
        let _ = std::fs::remove_file(&log);
        if !ended.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        // The other lines report signals and the end.
        let calls = trace?
            .lines()
            .filter(|line| !line.starts_with(['+', '-']))
            .count();
        Ok(Some(calls.try_into()?))
    }

    /// The number of its instructions in user mode from exec to exit, counted by `tests/c/steps.c`.
    pub fn instructions(&self, steps: &Path) -> Outcome<u64> {
        let output = Command::new(steps)
            .arg(&self.path)
            .args(&self.arguments)
            .env_clear()
            .stdout(Stdio::null())
            .output()?;
        let said = String::from_utf8(output.stderr)?;
        let count = said.lines().last().and_then(|line| line.parse().ok());
        count.ok_or_else(|| format!("{}: {said}", self.path.display()).into())
    }
}

/// Starts programs with an empty environment, and discards their output.
pub struct Spawner {
    /// Open for `actions`.
    _null: File,
    actions: libc::posix_spawn_file_actions_t,
}

impl Spawner {
    pub fn new() -> Outcome<Self> {
        let null = File::options().write(true).open("/dev/null")?;
        // SAFETY: all zeros is a value of this plain structure, which the next call sets up.
        let mut actions = unsafe { std::mem::zeroed() };
        // SAFETY: `actions` is writable.
        checked(unsafe { libc::posix_spawn_file_actions_init(&raw mut actions) })?;
        let fd = null.as_raw_fd();
        // SAFETY: `actions` has been set up.
        checked(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut actions, fd, 1) })?;
        Ok(Self {
            _null: null,
            actions,
        })
    }

    /// Runs a program. Returns the time from its start until it has been waited for, and its page
    /// faults.
    pub fn run(&self, program: &Program) -> Outcome<(Duration, i64)> {
        let words = program.words.iter().map(|word| word.as_ptr().cast_mut());
        let words: Vec<_> = words.chain([null_mut()]).collect();
        let path: &CStr = &program.words[0];
        let environment = [null_mut()];
        let (mut pid, mut status) = (0, 0);
        // SAFETY: all zeros is a value of this plain structure.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        let begin = Instant::now();
        // SAFETY: path, words and environment are C strings and arrays of them that end with a null
        // pointer.
        checked(unsafe {
            libc::posix_spawn(
                &raw mut pid,
                path.as_ptr(),
                &raw const self.actions,
                null(),
                words.as_ptr(),
                environment.as_ptr(),
            )
        })?;
        // SAFETY: `status` and `usage` are writable.
        let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
        let lasted = begin.elapsed();
        if waited != pid {
            return Err(Error::last_os_error().into());
        }
        if status != 0 {
            return Err(format!("{path:?}: status {status}").into());
        }
        Ok((lasted, usage.ru_minflt))
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        // SAFETY: `new` has set it up, and nothing uses it after this.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.actions) };
    }
}

fn checked(error: i32) -> Outcome {
    match error {
        0 => Ok(()),
        error => Err(Error::from_raw_os_error(error).into()),
    }
}
