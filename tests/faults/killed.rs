//! What must be so after an operation was killed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rawshm::snapshot::{Reader, Writer};
use rawshm::{Errno, Object};
use rawshm_tests::cells::Outcome;
use rawshm_tests::{UniqueName, left_in_shm};

use crate::cell::{Before, Cell, others_can_lock};

/// The operations that create an object under its name, and then size it.
const PLAIN: &[&str] = &[
    "create",
    "create, exact",
    "create, in a directory",
    "create, reserved",
    "create_mapping",
    "open_or_create, new",
];

impl Cell<'_> {
    pub fn is_killed(&self, name: &UniqueName, before: Before) -> Outcome {
        let own = name.argument();
        let own = own.trim_start_matches('/');
        let left = left_in_shm(name);
        let temporary = left.iter().filter(|file| *file != own).count();
        // A peer removes a name whose lock it has. If it only seems to have it, the name stays.
        let locks = self.plan.faults.iter();
        let locks = locks.filter(|fault| fault.call == "flock").count();
        assert!(temporary <= 1 + locks, "{left:?}");
        let outcome = self.outcome(name, &before, left.iter().any(|file| file == own));
        let is_ended = matches!(outcome, Outcome::AsAfter | Outcome::Retired) && before.is_ended;
        assert_eq!(
            before.readers.are_told(),
            is_ended,
            "readers are told of the end"
        );
        others_can_lock(name);

        let again = (self.operation.run)(name);
        let is_possible = match again {
            Ok(did) => did,
            // It is done already, or it has begun and another operation completes it.
            Err(error) => {
                let answers = [Errno::EXIST, Errno::NOENT, Errno::INVAL];
                outcome != Outcome::AsBefore && answers.contains(&error.errno())
            }
        };
        assert!(is_possible, "the next one: {again:?}");
        self.ends(name, before);
        if temporary > 0 {
            Outcome::Temporary
        } else {
            outcome
        }
    }

    /// What the name has.
    pub fn outcome(&self, name: &UniqueName, before: &Before, exists: bool) -> Outcome {
        let is_so = |check: &dyn Fn()| catch_unwind(AssertUnwindSafe(check)).is_ok();
        let is_as_before = if before.left.is_empty() {
            !exists
        } else {
            exists && is_so(&|| Before::is_old(name))
        };
        if is_as_before {
            return Outcome::AsBefore;
        }
        if self
            .operation
            .done
            .is_some_and(|done| is_so(&|| done(name)))
        {
            return Outcome::AsAfter;
        }
        let object = Object::open(name).expect("an object");
        let sizes = match self.operation.name {
            // It is sized first.
            "create, reserved" => &[0, 4096][..],
            plain if PLAIN.contains(&plain) => &[0],
            _ => &[],
        };
        if sizes.contains(&object.size().expect("a size")) && object.allocated() == Ok(0) {
            return Outcome::Incomplete;
        }
        let reader = Reader::<u64>::open(name).expect("a snapshot");
        assert!(
            reader.is_retired() && before.is_ended,
            "neither old nor new"
        );
        assert_eq!(reader.load(), Ok(1));
        Outcome::Retired
    }

    /// The next writer comes, and all readers learn of it.
    fn ends(&self, name: &UniqueName, before: Before) {
        let is_of_snapshots =
            before.readers.attached.is_some() || self.operation.name.starts_with("Writer::");
        if is_of_snapshots {
            let writer = Writer::<u64>::replace(name, 2, &3).expect("the next writer");
            before.readers.end();
            assert_eq!(writer.finish(name), Ok(true));
        }
    }
}
