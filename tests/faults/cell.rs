//! One operation with faults, and what must be so after it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, JoinHandle};

use rawshm::snapshot::{self, Deadline, Reader, Writer};
use rawshm::{Errno, Error};
use rawshm_tests::faults::{Call, where_each_call_is_asked};
use rawshm_tests::operations::{Operation, is_old_object, is_old_snapshot};
use rawshm_tests::rungs::{self, Answer, Rung};
use rawshm_tests::{UniqueName, clear_shm, left_in_shm, until};

use crate::report::Report;

/// A call that fails.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The call, which is this one if nothing failed before it.
    pub call: &'static str,
    /// Which one, in the order in which they are made.
    pub at: usize,
    pub errno: i32,
    /// How often, if it is made again.
    pub times: usize,
}

impl Fault {
    pub const fn once(call: &'static str, at: usize, errno: i32) -> Self {
        Self {
            call,
            at,
            errno,
            times: 1,
        }
    }

    fn errno(self) -> Errno {
        Errno::from_raw_os_error(self.errno)
    }
}

#[derive(Clone, Copy)]
pub struct Cell<'a> {
    pub operation: &'a Operation,
    pub rung: Rung,
    pub faults: &'a [Fault],
}

type Result = thread::Result<std::result::Result<bool, Error>>;

impl Cell<'_> {
    /// Runs the operation, checks what is left, and returns the calls that it made.
    pub fn run(self, report: &mut Report) -> Vec<&'static str> {
        let name = UniqueName::new();
        (self.operation.before)(&name);
        let before = Before::new(&name, &self);
        let mut calls = Vec::new();
        let answer = |call: Call| {
            calls.push(call.name());
            self.answer(&calls)
        };
        let result = where_each_call_is_asked(answer, || {
            rungs::force(self.rung);
            catch_unwind(AssertUnwindSafe(|| (self.operation.run)(&name)))
        });
        let checked = catch_unwind(AssertUnwindSafe(|| {
            self.check(&name, before, &calls, result)
        }));
        let outcome = checked.map_err(|panic| {
            let (name, rung) = (self.operation.name, self.rung);
            let faults = self.faults.iter().map(|fault| {
                let call = calls.get(fault.at).unwrap_or(&"no call");
                let errno = rawshm::errno::name(fault.errno()).unwrap_or("?");
                format!("{call} {} {errno} × {}", fault.at, fault.times)
            });
            let faults: Vec<_> = faults.collect();
            format!("{name}, {rung:?}, {faults:?}: {}", text(&*panic))
        });
        report.add(outcome);
        clear_shm(&name);
        calls
    }

    /// What becomes of the last of these calls.
    fn answer(&self, calls: &[&str]) -> Answer {
        let last = calls.len() - 1;
        let failing = self.faults.iter().find(|fault| {
            let times = fault.at..fault.at + fault.times;
            times.contains(&last) && calls[fault.at..].iter().all(|call| call == &calls[last])
        });
        failing.map_or(Answer::Made, |fault| Answer::FailsWith(fault.errno))
    }

    fn check(
        &self,
        name: &UniqueName,
        before: Before,
        calls: &[&str],
        result: Result,
    ) -> &'static str {
        let result = result.unwrap_or_else(|panic| panic!("it panics: {}", text(&*panic)));
        before.is_all_that_is_held();
        match result {
            Ok(true) => {
                match self.operation.done {
                    Some(done) => done(name),
                    None => assert_eq!(left_in_shm(name), before.left),
                }
                before.readers.learn_of(before.is_ended, name);
                "done"
            }
            Ok(false) => {
                before.readers.learn_what_they_are_told(name);
                "nothing to do, by what the kernel says"
            }
            Err(error) => {
                assert!(
                    self.faults.iter().any(|fault| is(error, fault.errno())),
                    "{error:?}"
                );
                if self.is_undoing_that_failed(calls) {
                    before.readers.learn_what_they_are_told(name);
                    return "an error, and taking back its steps was made to fail";
                }
                assert_eq!(left_in_shm(name), before.left, "{error}");
                if !before.left.is_empty() {
                    match rawshm::Object::open(name).expect("there").size() {
                        Ok(8192) => is_old_object(name),
                        _ => is_old_snapshot(name),
                    }
                }
                assert!(!before.readers.are_told(), "readers are told of an end");
                assert_eq!((self.operation.run)(name), Ok(true), "the next one");
                before.readers.learn_of(before.is_ended, name);
                "an error"
            }
        }
    }

    /// Whether a fault after the first one hit what takes back the steps of an operation.
    fn is_undoing_that_failed(&self, calls: &[&str]) -> bool {
        let undoing = ["fstat", "newfstatat", "unlinkat", "flock", "pwrite64"];
        let later = self.faults.iter().skip(1);
        later
            .filter_map(|fault| calls.get(fault.at))
            .any(|call| undoing.contains(call))
    }
}

/// Whether an error is this errno, as the functions of C would have it.
fn is(error: Error, errno: Errno) -> bool {
    let removes = [rawshm::Operation::Unlink, rawshm::Operation::Create];
    error.errno() == errno
        || (error.errno(), errno) == (Errno::ACCESS, Errno::PERM)
            && removes.contains(&error.operation())
}

/// What there is before an operation.
struct Before {
    left: Vec<String>,
    readers: Readers,
    held: (usize, usize),
    /// Whether the operation ends the snapshot.
    is_ended: bool,
}

impl Before {
    fn new(name: &UniqueName, cell: &Cell<'_>) -> Self {
        let ending = ["Writer::finish", "Writer::replace", "reap a snapshot"];
        let is_ended = ending.contains(&cell.operation.name);
        // Where no wake-up is possible, a reader sleeps until its deadline.
        let wakes = cell.faults.iter().all(|fault| fault.call != "futex");
        Self {
            left: left_in_shm(name),
            readers: Readers::new(name, is_ended && wakes),
            held: held(),
            is_ended,
        }
    }

    fn is_all_that_is_held(&self) {
        assert_eq!(held(), self.held, "descriptors and mappings");
    }
}

/// The descriptors and the mappings of objects that this process has.
fn held() -> (usize, usize) {
    let descriptors = std::fs::read_dir("/proc/self/fd")
        .expect("a folder")
        .count();
    let mappings = std::fs::read_to_string("/proc/self/maps").expect("text");
    (descriptors, mappings.matches("/dev/shm/").count())
}

/// What a reader has slept for, and the reader.
type Slept = (
    std::result::Result<Option<u64>, snapshot::Error>,
    Reader<u64>,
);

/// Readers of the snapshot, if it is one.
struct Readers {
    attached: Option<Reader<u64>>,
    /// Sleeps until the next value.
    asleep: Option<JoinHandle<Slept>>,
}

impl Readers {
    fn new(name: &UniqueName, sleeps: bool) -> Self {
        let attached = Reader::<u64>::open(name).ok();
        let asleep = sleeps.then(|| {
            let mut reader = Reader::<u64>::open(name).expect("opened");
            reader.next(Deadline::NEVER).expect("a value");
            // It keeps its mapping, which is counted.
            thread::spawn(move || (reader.next(Deadline::NEVER), reader))
        });
        Self { attached, asleep }
    }

    fn are_told(&self) -> bool {
        self.attached.as_ref().is_some_and(Reader::is_retired)
    }

    /// Whether or not that is of the end.
    fn learn_what_they_are_told(self, name: &UniqueName) {
        let end = self.are_told();
        self.learn_of(end, name);
    }

    /// Checks that they are told of the end, or not; in the end they are.
    fn learn_of(self, end: bool, name: &UniqueName) {
        assert_eq!(self.are_told(), end, "readers are told of the end");
        let Some(asleep) = self.asleep else {
            return;
        };
        if !end {
            Writer::<u64>::open(name).expect("no writer").retire();
        }
        until("the sleeping reader", || asleep.is_finished());
        let (ended, _) = asleep.join().expect("a reader");
        assert_eq!(ended, Err(snapshot::Error::Retired));
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("?")
        .to_owned()
}
