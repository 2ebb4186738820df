//! Other processes: commands that a test runs to their end, and peers that run beside it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::watchdog::{WATCHDOG, until, watch};

/// Starts a process. All tests start all processes through this function, which starts one at a
/// time.
///
/// Between its fork and its exec, a child has copies of all descriptors, also those of other tests.
/// A test may just have released a lock through one of them, or have written a program that it is
/// about to run. With one start at a time, no copy is left when a test starts its next process.
#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
#[track_caller]
pub fn spawn(command: &mut Command) -> Child {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// The output and the status of a command that has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    /// The exit status, or 128 and the number of the signal.
    pub status: i32,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Self {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            status: status(output.status),
        }
    }
}

/// The exit status as a shell has it.
#[must_use]
pub fn status(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .expect("an ended process")
}

/// Runs a command to its end, without input, and returns what it printed.
#[track_caller]
pub fn run(command: &mut Command) -> Ended {
    output(command).into()
}

/// As [`run`], for output that is not text.
#[track_caller]
pub fn output(command: &mut Command) -> Output {
    let child = spawn(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    finish(child)
}

/// Runs the peer, and returns its one line of answer.
#[must_use]
pub fn answer(peer: &str, arguments: &[&str]) -> String {
    let ended = run(Command::new(peer).args(arguments));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    ended.stdout.trim_end().to_owned()
}

/// Waits for a child and returns what it printed. Each byte that it prints is a step.
#[must_use]
#[track_caller]
pub fn finish(mut child: Child) -> Output {
    let printed = Arc::new(AtomicU64::new(0));
    let stdout = collect(child.stdout.take(), &printed);
    let stderr = collect(child.stderr.take(), &printed);
    let status = wait_for(&mut child, || printed.load(Relaxed));
    Output {
        status,
        stdout: stdout.join().expect("a reader"),
        stderr: stderr.join().expect("a reader"),
    }
}

fn collect(
    pipe: Option<impl Read + Send + 'static>,
    printed: &Arc<AtomicU64>,
) -> JoinHandle<Vec<u8>> {
    let printed = printed.clone();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let Some(mut pipe) = pipe else { return bytes };
        let mut buffer = [0; 4096];
        loop {
            match pipe.read(&mut buffer).expect("reading a pipe") {
                0 => return bytes,
                len => bytes.extend(&buffer[..len]),
            }
            printed.store(bytes.len().try_into().expect("small"), Relaxed);
        }
    })
}

/// Waits for a child.
#[track_caller]
pub fn wait(child: &mut Child) -> ExitStatus {
    wait_for(child, || 0)
}

/// Waits for a child, and kills it if it hangs.
#[track_caller]
fn wait_for(child: &mut Child, progress: impl Fn() -> u64) -> ExitStatus {
    struct KilledOnPanic<'a>(&'a mut Child);
    impl Drop for KilledOnPanic<'_> {
        fn drop(&mut self) {
            if thread::panicking() {
                let _ = self.0.kill();
            }
        }
    }
    let what = format!("{child:?}");
    let child = KilledOnPanic(child);
    watch(&what, progress, || child.0.try_wait().expect("waiting"))
}

/// The line that a peer prints after each step of a long task. [`Peer::line`] skips it.
pub const STEP: &str = "(a step)";

/// A process that a test talks to, line by line; killed when it is dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    lines: Receiver<String>,
}

impl Peer {
    /// Starts it.
    #[must_use]
    #[track_caller]
    pub fn start(command: &mut Command) -> Self {
        let mut child = spawn(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (say, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines() {
                // The test may have ended.
                let _ = say.send(line.expect("a line"));
            }
        });
        Self { child, lines }
    }

    /// Starts it, and waits until it says that it is ready.
    #[must_use]
    #[track_caller]
    pub fn ready(command: &mut Command) -> Self {
        let peer = Self::start(command);
        assert_eq!(peer.line(), "ready");
        peer
    }

    /// Waits for the next line that it prints.
    #[must_use]
    #[track_caller]
    pub fn line(&self) -> String {
        loop {
            let line = self.lines.recv_timeout(WATCHDOG).expect("a line");
            if line != STEP {
                return line;
            }
        }
    }

    /// The next line that it prints, if that comes within this time; an error also if it has ended.
    ///
    /// # Errors
    /// Which of the two it is.
    pub fn line_within(&self, time: Duration) -> Result<String, RecvTimeoutError> {
        self.lines.recv_timeout(time)
    }

    /// The lines that were not read yet, after its end.
    #[must_use]
    pub fn rest(&self) -> Vec<String> {
        self.lines.iter().collect()
    }

    /// Writes a line to its input.
    pub fn say(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        input
            .write_all(format!("{line}\n").as_bytes())
            .expect("a listener");
    }

    /// Writes a line to its input, and returns the next line that it prints.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> String {
        self.say(line);
        self.line()
    }

    /// Ends its input.
    pub fn close(&mut self) {
        self.child.stdin = None;
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends its input, and returns its exit status when it has ended.
    #[track_caller]
    pub fn end(&mut self) -> i32 {
        self.close();
        status(wait(&mut self.child))
    }

    /// Returns its exit status when it has ended, while its input goes on.
    #[track_caller]
    pub fn end_by_itself(&mut self) -> i32 {
        status(wait(&mut self.child))
    }

    /// Its exit status if it has ended.
    #[must_use]
    pub fn ended(&mut self) -> Option<i32> {
        self.child.try_wait().expect("waiting").map(status)
    }

    /// Ends it with `SIGKILL`, and waits until it has ended.
    #[track_caller]
    pub fn kill(&mut self) {
        self.child.kill().expect("its own process");
        assert_eq!(status(wait(&mut self.child)), 128 + libc::SIGKILL);
    }

    /// Waits until it sleeps in this system call.
    #[track_caller]
    pub fn asleep_in(&self, call: libc::c_long) {
        asleep_in(self.pid(), call);
    }

    /// Whether it sleeps in this system call.
    #[must_use]
    pub fn sleeps_in(&self, call: libc::c_long) -> bool {
        is_asleep_in(self.pid(), call)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a process sleeps in this system call.
#[must_use]
pub fn is_asleep_in(pid: u32, call: libc::c_long) -> bool {
    sleeps_in(&PathBuf::from(format!("/proc/{pid}")), call)
}

/// Waits until a process sleeps in this system call: not on its way there, nor stopped by a tracer.
#[track_caller]
pub fn asleep_in(pid: u32, call: libc::c_long) {
    until("asleep", || is_asleep_in(pid, call));
}

/// Waits until any of its threads does.
#[track_caller]
pub fn a_thread_asleep_in(pid: u32, call: libc::c_long) {
    let threads = format!("/proc/{pid}/task");
    until("a thread asleep", || {
        let mut threads = std::fs::read_dir(&threads).expect("a process");
        threads.any(|thread| sleeps_in(&thread.expect("an entry").path(), call))
    });
}

fn sleeps_in(thread: &Path, call: libc::c_long) -> bool {
    let read = |file| std::fs::read_to_string(thread.join(file)).unwrap_or_default();
    let sleeps = || {
        read("stat")
            .rsplit(')')
            .next()
            .unwrap_or("")
            .starts_with(" S ")
    };
    let calls = || read("syscall").split(' ').next() == Some(&call.to_string());
    sleeps() && calls() && sleeps()
}

/// Waits until a process has a child that runs this program, such as a tracer does.
#[must_use]
#[track_caller]
pub fn child_of(pid: u32, program: &str) -> u32 {
    let children = format!("/proc/{pid}/task/{pid}/children");
    let child = || {
        let children = std::fs::read_to_string(&children).unwrap_or_default();
        let runs = |child: &&str| {
            let command = std::fs::read_to_string(format!("/proc/{child}/comm"));
            command.unwrap_or_default().trim() == program
        };
        children.split_whitespace().find(runs)?.parse().ok()
    };
    watch("a child", || 0, child)
}

/// Set in the process that runs one test alone.
const ALONE: &str = "RAWSHM_TEST_ALONE";

/// Whether this process runs only the test that calls this, which passes itself as `test`. If it
/// runs other tests as well, this runs the test in a process of its own, and checks that it passes.
///
/// It is for tests that depend on the whole process: its descriptors, its mappings, its limits.
#[must_use]
#[track_caller]
pub fn is_alone<Test: Fn()>(test: Test) -> bool {
    is_alone_through(test, |script| run(Command::new("sh").args(["-c", script])))
}

/// As [`is_alone`]; `run` runs the shell script that runs the test.
#[must_use]
#[track_caller]
pub fn is_alone_through<Test: Fn()>(_: Test, run: impl FnOnce(&str) -> Ended) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    // libtest names a test by its path without the crate's name.
    let path = std::any::type_name::<Test>();
    let (_, name) = path.split_once("::").expect("a path");
    let binary = std::env::current_exe().expect("a path");
    let binary = binary.display();
    let ended = run(&format!(
        "{ALONE}=1 exec '{binary}' --exact {name} --include-ignored --nocapture"
    ));
    let printed = format!("{name}, alone:\n{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status, 0, "{printed}");
    assert!(ended.stdout.contains("ok. 1 passed"), "{printed}");
    false
}

/// Groups the output of a program that kills another one at every point of its run, and prints the
/// state after each kill: how many kills in a row led to which state.
#[must_use]
pub fn in_a_row(states: &Ended) -> Vec<(u32, String)> {
    let printed = (states.status, states.stderr.as_str());
    assert_eq!(printed, (0, ""), "{}", states.stdout);
    let mut rows: Vec<(u32, String)> = Vec::new();
    for state in states.stdout.lines() {
        match rows.last_mut() {
            Some((count, last)) if last == state => *count += 1,
            _ => rows.push((1, state.to_owned())),
        }
    }
    rows
}
