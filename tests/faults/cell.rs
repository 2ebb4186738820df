//! One operation with faults, and what must be so after it.

use std::os::fd::AsRawFd as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rawshm::snapshot::Writer;
use rawshm::{Error, Object};
use rawshm_tests::cells::Outcome;
use rawshm_tests::operations::{Operation, WRONG, is_old_object, is_old_snapshot};
use rawshm_tests::rungs::Rung;
use rawshm_tests::{UniqueName, clear_shm, left_in_shm};

use crate::answers::{self, BELIEVED};
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
        let ended = catch_unwind(|| the_next_is_all_there_is(&name));
        let outcome = match (crash, checked) {
            (Some(crash), _) => Err(self.describe(&calls, &crash)),
            (None, Ok(outcome)) => Ok(outcome),
            (None, Err(_)) if self.is_believed(&calls) => Ok(Outcome::Believed),
            (None, Err(panic)) => Err(self.describe(&calls, &run::text(&*panic))),
        };
        let outcome = match ended {
            Ok(()) => outcome,
            Err(panic) => outcome.and(Err(self.describe(&calls, &run::text(&*panic)))),
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
            run::Result::Did(true) => self.is_done(name, before, &run.calls),
            _ => self.has_nothing_to_do(name, before, &run.calls),
        };
        others_can_lock(name);
        if is_kept { Outcome::Kept } else { outcome }
    }

    fn is_done(&self, name: &UniqueName, before: Before, calls: &[&str]) -> Outcome {
        for (hit, fault) in self.hits(calls).enumerate() {
            let errno = fault.errno();
            let may_be = errno.is_none_or(|errno| answers::may_be_done(fault.call, errno));
            // After a step that failed it puts a stamp back, and all is done once more.
            let is_undoing = hit > 0 && fault.call == "pwrite64";
            assert!(may_be || is_undoing, "it is done in spite of {fault:?}");
        }
        match self.operation.done {
            Some(done) => done(name),
            None => assert_eq!(left_in_shm(name), before.left),
        }
        let temporary = Self::temporary(name);
        // That of a process that only seems to have its lock is not removed either.
        let mut locks = self.hits(calls).filter(|fault| fault.call == "flock");
        let may_stay = self.is_undoing_that_failed(calls) || locks.next().is_some();
        assert!(temporary <= usize::from(may_stay), "left");
        before.readers.learn_of(before.is_ended, name);
        if temporary == 0 {
            Outcome::Done
        } else {
            Outcome::UndoRefused
        }
    }

    fn has_nothing_to_do(&self, name: &UniqueName, before: Before, calls: &[&str]) -> Outcome {
        let says_so = |fault: Fault| {
            let errno = fault.errno();
            errno.is_none_or(|errno| answers::may_be_nothing_to_do(fault.call, errno))
        };
        assert!(self.hits(calls).any(says_so), "there is something to do");
        self.is_half_done(name, before);
        Outcome::NothingToDo
    }

    /// Checks what cannot be better, since an answer is wrong or the way back is refused: the name
    /// has what it had or what it was to have, and readers are told which.
    fn is_half_done(&self, name: &UniqueName, before: Before) {
        let exists = name.path().exists();
        self.outcome(name, &before, exists);
        assert!(Self::temporary(name) <= 1, "{:?}", left_in_shm(name));
        before.readers.learn_what_they_are_told(name);
    }

    /// How many temporary names there are.
    fn temporary(name: &UniqueName) -> usize {
        let left = left_in_shm(name);
        left.iter().filter(|file| file.contains(".rawshm-")).count()
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
            self.is_half_done(name, before);
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
            Some(errno) => answers::may_fail(error, fault.call, errno),
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

/// Checks that the next processes can put their snapshots in place, and that nothing else is left.
fn the_next_is_all_there_is(name: &UniqueName) {
    drop(Writer::replace(name, 2, &3_u64).expect("the next one"));
    // A replacement of an object removes temporary names.
    let writer = Writer::replace(name, 2, &4_u64).expect("another one");
    assert_eq!(writer.finish(name), Ok(true));
    assert_eq!(left_in_shm(name), [""; 0], "it is left");
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
        let mut faults = cell.plan.faults.iter();
        let wakes = faults.all(|fault| fault.call != "futex, to wake");
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
