//! One operation with faults, and what must be so after it.

use std::os::fd::AsRawFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rawshm::{Errno, Error, Object};
use rawshm_tests::cells::Outcome;
use rawshm_tests::operations::{Operation, WRONG, is_old_object, is_old_snapshot};
use rawshm_tests::rungs::Rung;
use rawshm_tests::{UniqueName, clear_shm, left_in_shm};

use crate::errnos;
use crate::fault::{Fault, How, Plan};
use crate::readers::Readers;
use crate::report::{self, Report};
use crate::run::{self, Run};

#[derive(Clone, Copy)]
pub struct Cell<'a> {
    pub operation: &'a Operation,
    pub rung: Rung,
    pub plan: Plan<'a>,
}

impl Cell<'_> {
    /// Runs the operation, checks what is left, and returns the calls that it made.
    pub fn run(self, kind: &str, report: &mut Report) -> Vec<&'static str> {
        report::begins(self.describe(&[], kind));
        let name = UniqueName::new();
        (self.operation.before)(&name);
        let before = Before::new(&name, &self);
        let mut run = Run::new(self.operation, self.rung, &name, self.plan);
        let calls = run.calls.clone();
        let crash = self.crash(&run);
        let checked = catch_unwind(AssertUnwindSafe(|| self.check(&name, before, &mut run)));
        // Nothing may hold what is about to be removed.
        drop(run);
        let outcome = match (crash, checked) {
            (Some(crash), _) => Err(self.describe(&calls, &crash)),
            (None, Ok(outcome)) => Ok(outcome),
            (None, Err(_)) if self.is_believed(&calls) => Ok(Outcome::Believed),
            (None, Err(panic)) => Err(self.describe(&calls, &run::text(&*panic))),
        };
        report.add(kind, outcome);
        clear_shm(&name);
        calls
    }

    /// The faults that have happened.
    fn hits(&self, calls: &[&str]) -> impl Iterator<Item = Fault> {
        let faults = self.plan.faults.iter().copied();
        faults.filter(|fault| calls.get(fault.at) == Some(&fault.call))
    }

    fn describe(&self, calls: &[&str], why: &str) -> String {
        let (name, rung) = (self.operation.name, self.rung);
        let faults = self.plan.faults.iter().map(|fault| {
            let how = match fault.how {
                How::Refused(errno) => errnos::name(errno),
                How::Made(errno) => format!("made, but {}", errnos::name(errno)),
                How::Faked => "0".into(),
            };
            format!("{} {} {how} × {}", fault.call, fault.at, fault.times)
        });
        let faults: Vec<_> = faults.collect();
        let kill = self.plan.kill.map_or(String::new(), |kill| {
            let call = calls.get(kill.at).unwrap_or(&"no call");
            format!(", killed {:?} {call} {}", kill.side, kill.at)
        });
        format!("{name}, {rung:?}, {faults:?}{kill}: {why}")
    }

    /// What must not happen, whatever a call returns.
    fn crash(&self, run: &Run) -> Option<String> {
        match &run.result {
            run::Result::Panicked(text) => {
                let is_misled = text.contains(WRONG) && self.is_believed(&run.calls);
                (!is_misled).then(|| format!("it panics: {text}"))
            }
            run::Result::Signal(signal) => {
                let has_no_memory = *signal == libc::SIGBUS && self.is_without_memory(&run.calls);
                (!has_no_memory).then(|| format!("it dies of signal {signal}"))
            }
            _ => None,
        }
    }

    fn check(&self, name: &UniqueName, before: Before, run: &mut Run) -> Outcome {
        let calls = &run.calls;
        match &run.result {
            run::Result::Killed => return self.is_killed(name, before),
            run::Result::Panicked(_) => return Outcome::Believed,
            run::Result::Signal(_) => return Outcome::NoMemory,
            run::Result::Did(_) | run::Result::Failed(_) => {}
        }
        let (held, after) = run.held;
        let (descriptors, mappings) = self.kept(calls);
        let mut expected = held;
        expected.descriptors += descriptors;
        expected.mappings += mappings;
        assert_eq!(after, Some(expected), "descriptors and mappings");
        let is_kept = expected != held;
        if is_kept {
            // Its locks stay, too, until its end.
            run.traced.end();
        }
        let outcome = match run.result {
            run::Result::Failed(error) => self.has_failed(name, before, error, &run.calls),
            run::Result::Did(true) => self.is_done(name, before),
            _ => {
                before.readers.learn_what_they_are_told(name);
                Outcome::NothingToDo
            }
        };
        others_can_lock(name);
        if is_kept { Outcome::Kept } else { outcome }
    }

    fn is_done(&self, name: &UniqueName, before: Before) -> Outcome {
        match self.operation.done {
            Some(done) => done(name),
            None => assert_eq!(left_in_shm(name), before.left),
        }
        before.readers.learn_of(before.is_ended, name);
        Outcome::Done
    }

    fn has_failed(
        &self,
        name: &UniqueName,
        before: Before,
        error: Error,
        calls: &[&str],
    ) -> Outcome {
        assert!(self.explains(error, calls), "{error:?}");
        let is_still_so = catch_unwind(AssertUnwindSafe(|| before.is_still_so(name)));
        if is_still_so.is_err() && self.is_undoing_that_failed(calls) {
            before.readers.learn_what_they_are_told(name);
            return Outcome::UndoRefused;
        }
        before.is_still_so(name);
        assert!(!before.readers.are_told(), "readers are told of an end");
        assert!(!before.readers.has_waited(), "a reader finds the name");
        assert_eq!((self.operation.run)(name), Ok(true), "the next one");
        before.readers.learn_of(before.is_ended, name);
        Outcome::Failed
    }

    /// Whether a fault after the first one hit what takes back the steps of an operation.
    fn is_undoing_that_failed(&self, calls: &[&str]) -> bool {
        let undoing = ["fstat", "newfstatat", "unlinkat", "flock", "pwrite64"];
        self.hits(calls)
            .skip(1)
            .any(|fault| undoing.contains(&fault.call))
    }

    /// Whether an error is that of a fault.
    fn explains(&self, error: Error, calls: &[&str]) -> bool {
        self.hits(calls).any(|fault| match fault.errno() {
            // Such a call is made again.
            Some(libc::EINTR) if errnos::REPEATED.contains(&fault.call) => false,
            Some(errno) => is(error, Errno::from_raw_os_error(errno), fault.call),
            // What the caller does with the answer fails.
            None => true,
        })
    }

    /// How many descriptors and mappings stay, because the call that releases them is not made.
    fn kept(&self, calls: &[&str]) -> (usize, usize) {
        let count = |release: &str| {
            self.hits(calls)
                .filter(|fault| !matches!(fault.how, How::Made(_)) && fault.call == release)
                .count()
        };
        (count("close"), count("munmap"))
    }

    /// Whether a call was faked that has to be believed.
    fn is_believed(&self, calls: &[&str]) -> bool {
        self.faked(calls).any(|call| BELIEVED.contains(&call))
    }

    /// Whether the size or the memory was faked.
    fn is_without_memory(&self, calls: &[&str]) -> bool {
        let sets = ["ftruncate", "fallocate", "fstat"];
        self.faked(calls).any(|call| sets.contains(&call))
    }

    fn faked(&self, calls: &[&str]) -> impl Iterator<Item = &str> {
        let faked = self.hits(calls).filter(|fault| fault.how == How::Faked);
        faked.map(|fault| fault.call)
    }
}

/// The calls whose faked success no answer contradicts: 0 is a descriptor, too, the kernel may have
/// done what it says, and memory that it is to fill has a value anyway.
pub const BELIEVED: &[&str] = &[
    "fcntl",
    "fstat",
    "ftruncate",
    "inotify_init1",
    "linkat",
    "newfstatat",
    "openat",
    "renameat",
    "renameat2",
    "unlinkat",
];

/// Whether an error is this errno, as the functions of C would have it.
fn is(error: Error, errno: Errno, call: &str) -> bool {
    let removes = [rawshm::Operation::Unlink, rawshm::Operation::Create];
    error.errno() == errno
        || match (error.errno(), errno) {
            (Errno::ACCESS, Errno::PERM) => removes.contains(&error.operation()),
            (Errno::INVAL, Errno::ISDIR | Errno::NXIO) => call == "openat",
            (Errno::IO, Errno::HWPOISON) => call == "madvise",
            // It says that its file system knows no seals.
            (Errno::PERM, Errno::INVAL) => error.operation() == rawshm::Operation::Adopt,
            // It seems that a link works, which this way refuses.
            (Errno::NOENT, Errno::EXIST) => call == "linkat",
            // The name is missing, and so is the directory.
            (Errno::NOENT, Errno::NOTDIR) => call == "faccessat",
            _ => false,
        }
}

/// Checks that no lock is left on the object that has the name.
pub fn others_can_lock(name: &UniqueName) {
    let Ok(object) = Object::open_read_write(name) else {
        return;
    };
    object.claim().expect("no claim is left");
    let file = std::fs::File::open(name.path()).expect("an object");
    // SAFETY: no pointer is passed.
    let locked = unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    assert_eq!(locked, 0, "a lock is left");
}

/// What there is before an operation.
pub struct Before {
    pub left: Vec<String>,
    pub readers: Readers,
    /// Whether the operation ends the snapshot.
    pub is_ended: bool,
}

impl Before {
    fn new(name: &UniqueName, cell: &Cell<'_>) -> Self {
        let ending = [
            "Writer::finish",
            "Writer::replace",
            "Writer::retire",
            "reap a snapshot",
        ];
        let making = ["Writer::create", "Writer::open_or_create, new"];
        let is_ended = ending.contains(&cell.operation.name);
        // Where no wake-up is possible, a reader sleeps until its deadline.
        let wakes = cell.plan.faults.iter().all(|fault| fault.call != "futex");
        let waits = making.contains(&cell.operation.name);
        Self {
            left: left_in_shm(name),
            readers: Readers::new(name, is_ended && wakes, waits),
            is_ended,
        }
    }

    /// Checks that nothing has changed.
    pub fn is_still_so(&self, name: &UniqueName) {
        assert_eq!(left_in_shm(name), self.left);
        if !self.left.is_empty() {
            Self::is_old(name);
        }
    }

    /// Checks that the name has what it had.
    pub fn is_old(name: &UniqueName) {
        match Object::open(name).expect("there").size() {
            Ok(8192) => is_old_object(name),
            _ => is_old_snapshot(name),
        }
    }
}
