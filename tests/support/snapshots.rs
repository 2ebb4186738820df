//! Values that show whether they are whole, and peers that live while a test goes on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::{WATCHDOG, status, wait};

/// A value of 1 KiB: its number and its author, what follows from both over and over, and a checksum.
pub type Value = [u64; 128];

/// The value of this number, in which every word but two is another than in any other value and any other author's.
#[must_use]
pub fn value(number: u64, author: u32) -> Value {
    let author = u64::from(author);
    let filling = scrambled((number ^ author << 32) | 1 << 63);
    let mut value = [filling; 128];
    value[0] = number;
    value[64] = author;
    value[127] = checksum(number, filling);
    value
}

/// The number of a value, if that is whole.
#[must_use]
pub fn number(value: &Value) -> Option<u64> {
    let (number, author) = (value[0], u32::try_from(value[64]).ok()?);
    (*value == self::value(number, author)).then_some(number)
}

const fn checksum(number: u64, filling: u64) -> u64 {
    number.rotate_left(32) ^ filling.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The next pseudo-random number: xorshift.
#[must_use]
pub const fn scrambled(number: u64) -> u64 {
    let number = number ^ (number << 13);
    let number = number ^ (number >> 7);
    number ^ (number << 17)
}

/// What `publish` stores and `watch` prints.
pub type Message = [u8; 256];

/// A text of at most 255 bytes as a message.
#[must_use]
pub fn message(text: &str) -> Message {
    let mut message = [0; 256];
    message[0] = u8::try_from(text.len()).expect("a short text");
    message[1..=text.len()].copy_from_slice(text.as_bytes());
    message
}

/// The text of a message.
#[must_use]
pub fn text(message: &Message) -> String {
    let text = &message[1..=usize::from(message[0])];
    String::from_utf8(text.to_vec()).expect("text")
}

/// A process that a test talks to, line by line; killed when it is dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    lines: Receiver<String>,
}

impl Peer {
    /// Starts it.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (say, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines() {
                // Nobody may be listening any more.
                let _ = say.send(line.expect("a line"));
            }
        });
        Self { child, lines }
    }

    /// Starts it, and waits until it says that it is ready.
    #[must_use]
    pub fn ready(command: &mut Command) -> Self {
        let peer = Self::start(command);
        assert_eq!(peer.line(), "ready");
        peer
    }

    /// The next line that it prints.
    #[must_use]
    pub fn line(&self) -> String {
        self.lines.recv_timeout(WATCHDOG).expect("a line")
    }

    /// All lines that it has printed and nobody has read, after its end.
    #[must_use]
    pub fn rest(&self) -> Vec<String> {
        self.lines.iter().collect()
    }

    /// Gives it a line.
    pub fn say(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        input
            .write_all(format!("{line}\n").as_bytes())
            .expect("a listener");
    }

    /// Gives it a line, and gives what it prints then.
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

    /// Ends its input, and gives its exit status when it has ended.
    pub fn end(&mut self) -> i32 {
        self.close();
        status(wait(&mut self.child))
    }

    /// Ends it by `SIGKILL`, and waits until it has ended.
    pub fn kill(&mut self) {
        self.child.kill().expect("its own process");
        assert_eq!(status(wait(&mut self.child)), 128 + libc::SIGKILL);
    }

    /// Waits until it sleeps in this system call.
    pub fn asleep_in(&self, call: libc::c_long) {
        asleep_in(self.pid(), call);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        wait(&mut self.child);
    }
}

/// Waits until something is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let watchdog = Instant::now() + WATCHDOG;
    while !is_so() {
        assert!(Instant::now() < watchdog, "{what}: never");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until a process sleeps in this system call: not on its way there, nor stopped by a tracer.
#[track_caller]
pub fn asleep_in(pid: u32, call: libc::c_long) {
    let process = PathBuf::from(format!("/proc/{pid}"));
    until("asleep", || sleeps_in(&process, call));
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

/// The child of a tracer or the like that runs this program, when it does.
#[must_use]
pub fn child_of(pid: u32, program: &str) -> u32 {
    let children = format!("/proc/{pid}/task/{pid}/children");
    let mut found = None;
    until("a child", || {
        let children = std::fs::read_to_string(&children).unwrap_or_default();
        let runs = |child: &&str| {
            let command = std::fs::read_to_string(format!("/proc/{child}/comm"));
            command.unwrap_or_default().trim() == program
        };
        found = children.split_whitespace().find(runs).map(str::to_owned);
        found.is_some()
    });
    found.and_then(|pid| pid.parse().ok()).expect("a child")
}
