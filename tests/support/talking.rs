//! Peers that live while a test goes on.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::{WATCHDOG, wait};

/// A peer that answers lines of input; killed when it is dropped.
#[derive(Debug)]
pub struct Talking {
    pub child: Child,
    answers: Receiver<String>,
}

impl Talking {
    /// Starts a peer, and waits until it is ready.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a peer");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let (answer, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in lines {
                // Nobody may be listening any more.
                let _ = answer.send(line.expect("an answer"));
            }
        });
        let mut talking = Self { child, answers };
        assert_eq!(talking.answer(), "ready");
        talking
    }

    /// What it says next.
    pub fn answer(&mut self) -> String {
        self.answers.recv_timeout(WATCHDOG).expect("an answer")
    }

    /// What it says to a line.
    pub fn ask(&mut self) -> String {
        self.say();
        self.answer()
    }

    pub fn say(&mut self) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(b"\n").expect("a listener");
    }

    /// Ends its input.
    pub fn close(&mut self) {
        self.child.stdin = None;
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        let _ = self.child.kill();
        wait(&mut self.child);
    }
}
