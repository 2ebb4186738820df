//! One run of an operation, in a process of its own.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use rawshm::Error;
use rawshm_tests::operations::Operation;
use rawshm_tests::rungs::{self, Rung};
use rawshm_tests::traced::{Traced, mark};
use rawshm_tests::{Held, UniqueName};

use crate::fault::{End, Plan};

/// A run of an operation that has ended, in a process that may still be there.
pub struct Run {
    pub traced: Traced,
    pub calls: Vec<&'static str>,
    pub result: Result,
    /// What the process had of objects before the operation, and has if it is still there.
    pub held: (Held, Option<Held>),
}

/// What an operation has come to.
#[derive(Debug)]
pub enum Result {
    Did(bool),
    Failed(Error),
    Panicked(String),
    Killed,
    Signal(i32),
}

impl Run {
    pub fn new(operation: &Operation, rung: Rung, name: &UniqueName, plan: Plan<'_>) -> Self {
        let said = Said::new();
        let mut traced = Traced::fork(|| {
            rungs::force(rung);
            mark();
            let result = catch_unwind(AssertUnwindSafe(|| (operation.run)(name)));
            said.say(match result {
                Ok(Ok(did)) => Saying::Did(did),
                Ok(Err(error)) => Saying::Failed(error),
                Err(panic) => Saying::Panicked(Text::of(&text(&*panic))),
            });
            mark();
            true
        });
        traced.goes_on_to_the_mark();
        let before = traced.holds();
        let mut calls = Vec::new();
        let (result, after) = match plan.run(&mut traced, &mut calls) {
            End::AtTheMark => (said.heard(), Some(traced.holds())),
            End::Killed => (Result::Killed, None),
            End::Signal(signal) => (Result::Signal(signal), None),
            End::Exited(status) => panic!("it exits with {status}"),
        };
        Self {
            traced,
            calls,
            result,
            held: (before, after),
        }
    }
}

/// The start of what a panic says.
#[derive(Clone, Copy)]
struct Text {
    bytes: [u8; 200],
    len: usize,
}

impl Text {
    fn of(text: &str) -> Self {
        let mut bytes = [0; 200];
        let len = text.len().min(bytes.len());
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        Self { bytes, len }
    }
}

#[derive(Clone, Copy)]
#[expect(
    clippy::large_enum_variant,
    reason = "a child must not need a heap for it"
)]
enum Saying {
    Nothing,
    Did(bool),
    Failed(Error),
    Panicked(Text),
}

/// A result that a child process leaves to this one, in memory that both have.
struct Said(NonNull<Saying>);

impl Said {
    fn new() -> Self {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        let len = size_of::<Saying>();
        // SAFETY: a new mapping, at an address that is not in use.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED, "no memory");
        let said = Self(NonNull::new(start.cast()).expect("an address"));
        said.say(Saying::Nothing);
        said
    }

    fn say(&self, saying: Saying) {
        // SAFETY: it is mapped, and begins with a page. One process at a time accesses it: a child
        // runs while this one waits for it.
        unsafe { self.0.write(saying) };
    }

    /// What a child has said that has stopped.
    fn heard(&self) -> Result {
        // SAFETY: as above; a child is this program, and writes whole values.
        match unsafe { self.0.read() } {
            Saying::Nothing => panic!("it says nothing"),
            Saying::Did(did) => Result::Did(did),
            Saying::Failed(error) => Result::Failed(error),
            Saying::Panicked(Text { bytes, len }) => {
                Result::Panicked(String::from_utf8_lossy(&bytes[..len]).into_owned())
            }
        }
    }
}

impl Drop for Said {
    fn drop(&mut self) {
        // SAFETY: the whole mapping, which nothing refers to any more.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<Saying>()) };
    }
}

pub fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("?")
        .to_owned()
}
