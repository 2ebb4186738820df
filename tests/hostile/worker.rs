//! The process that runs operations while it is attacked.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use rawshm_tests::operations::OPERATIONS;
use rawshm_tests::rungs::Rung;
use rawshm_tests::watchdog::WATCHDOG;
use rawshm_tests::{Peer, UniqueName};

/// The program that every other process of these tests runs.
pub const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// How long an operation that may wait is left alone before what keeps it waiting is ended.
const WAIT: Duration = Duration::from_millis(300);

/// A process that runs operations. It is started anew after an operation has ended it.
pub struct Worker {
    /// The command without its arguments.
    start: Box<dyn Fn() -> Command>,
    peer: Peer,
}

/// An operation found another value than its own, which a peer has put there.
pub const VALUE: &str = "another value";

/// What came of an operation, in one line: what the peer has printed, or `signal` and its number.
pub type Answer = String;

impl Worker {
    pub fn new() -> Self {
        Self::of(PEER.as_ref(), "")
    }

    /// The process of a program, which any user may run; and what makes it one of another user.
    pub fn of(program: &Path, user: &str) -> Self {
        let line = format!("{user} {} operate", program.display());
        let start = move || {
            let mut words = line.split_whitespace();
            let mut command = Command::new(words.next().expect("a program"));
            command.args(words);
            command
        };
        let peer = Peer::start(&mut start());
        let start = Box::new(start);
        Self { start, peer }
    }

    pub fn pid(&self) -> u32 {
        self.peer.pid()
    }

    /// Runs an operation, which ends by itself.
    pub fn run(&mut self, operation: usize, rung: Rung, name: &UniqueName) -> Answer {
        self.begin(operation, rung, name);
        let answer = self.peer.line_within(WATCHDOG);
        self.answer(operation, answer)
    }

    /// Runs an operation that may wait. If it does, `relieve` ends what keeps it waiting.
    pub fn run_relieved(
        &mut self,
        operation: usize,
        rung: Rung,
        name: &UniqueName,
        relieve: impl FnOnce(),
    ) -> Answer {
        self.begin(operation, rung, name);
        let answer = match self.peer.line_within(WAIT) {
            Err(RecvTimeoutError::Timeout) => {
                relieve();
                self.peer.line_within(WATCHDOG)
            }
            answer => answer,
        };
        self.answer(operation, answer)
    }

    fn begin(&mut self, operation: usize, rung: Rung, name: &UniqueName) {
        let rung = Rung::ALL.iter().position(|other| *other == rung);
        let rung = rung.expect("one of them");
        let name = name.argument();
        self.peer.say(&format!("{operation} {rung} {name}"));
    }

    fn answer(&mut self, operation: usize, answer: Result<String, RecvTimeoutError>) -> Answer {
        match answer {
            Ok(answer) if answer.starts_with("panic") || answer == VALUE => {
                let _ = self.ended();
                answer
            }
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => format!("signal {}", self.ended() - 128),
            Err(RecvTimeoutError::Timeout) => {
                let name = OPERATIONS[operation].name;
                let call = std::fs::read_to_string(format!("/proc/{}/syscall", self.peer.pid()));
                panic!("{name} hangs: {call:?}")
            }
        }
    }

    /// Starts it anew, and returns the exit status of the one that has ended.
    fn ended(&mut self) -> i32 {
        let status = self.peer.end_by_itself();
        self.peer = Peer::start(&mut (self.start)());
        status
    }
}
