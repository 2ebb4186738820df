//! Operations that create, take over, store into, replace or end a snapshot, each killed at every
//! place. A reader sleeps beforehand, and another process waits for the name.

use std::time::Duration;

use rawshm::snapshot::{self, Deadline, Follower, Reader, Writer};
use rawshm::{Name, Object, Outcome};
use rawshm_tests::header::retire_unheard;
use rawshm_tests::rungs::{self, Rung};
use rawshm_tests::traced::{Place, Traced, mark};
use rawshm_tests::until;
use rawshm_tests::values::{Value, number, value};
use rawshm_tests::watchdog::watchdog;

use super::sleeper::Sleeper;
use super::{free, names};
use crate::say;

const NAME: &str = "/my_snapshot";
const SLOTS: u32 = 2;

/// The authors of values.
const OLD: u32 = 1;
const KILLED: u32 = 2;
pub(super) const NEXT: u32 = 3;

/// What has the name before the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    Nothing,
    /// A snapshot without a writer.
    Current,
    /// A snapshot that is retired, by a writer that was killed before it woke the readers.
    Retired,
}

/// A way to the name.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Rung(Rung),
    /// Under a temporary name, which is linked and unlinked instead of renamed.
    Linked,
}

/// What is done between two marks. The writer that it returns lives until the kill.
pub(super) type Act = fn(&Name) -> Result<Option<Writer<Value>>, snapshot::Error>;

fn create(name: &Name) -> Result<Option<Writer<Value>>, snapshot::Error> {
    mark();
    Writer::create(name, SLOTS, &value(1, KILLED)).map(Some)
}

fn open(name: &Name) -> Result<Option<Writer<Value>>, snapshot::Error> {
    mark();
    Writer::open(name).map(Some)
}

fn open_or_create(name: &Name) -> Result<Option<Writer<Value>>, snapshot::Error> {
    mark();
    Writer::open_or_create(name, SLOTS, &value(1, KILLED)).map(|(writer, _)| Some(writer))
}

fn replace(name: &Name) -> Result<Option<Writer<Value>>, snapshot::Error> {
    mark();
    Writer::replace(name, SLOTS, &value(1, KILLED)).map(Some)
}

fn store(name: &Name) -> Result<Option<Writer<Value>>, snapshot::Error> {
    let mut writer = Writer::open(name)?;
    let next = value(writer.sequence() + 1, KILLED);
    mark();
    writer.store(&next);
    writer.notify()?;
    Ok(Some(writer))
}

fn retire(name: &Name) -> Result<Option<Writer<Value>>, snapshot::Error> {
    let writer = Writer::<Value>::open(name)?;
    mark();
    writer.retire();
    Ok(None)
}

fn finish(name: &Name) -> Result<Option<Writer<Value>>, snapshot::Error> {
    let writer = Writer::<Value>::open(name)?;
    mark();
    writer.finish(name)?;
    Ok(None)
}

fn reap(name: &Name) -> Result<Option<Writer<Value>>, snapshot::Error> {
    mark();
    snapshot::reap(name)?;
    Ok(None)
}

/// The operations, and whether they make a name.
pub(super) const OPERATIONS: [(&str, Before, Act, bool); 13] = [
    ("create", Before::Nothing, create, true),
    ("open", Before::Current, open, false),
    ("open_or_create", Before::Nothing, open_or_create, true),
    ("open_or_create", Before::Current, open_or_create, false),
    ("open_or_create", Before::Retired, open_or_create, true),
    ("replace", Before::Nothing, replace, true),
    ("replace", Before::Current, replace, true),
    ("replace", Before::Retired, replace, true),
    ("store", Before::Current, store, false),
    ("retire", Before::Current, retire, false),
    ("finish", Before::Current, finish, false),
    ("reap", Before::Current, reap, false),
    ("reap", Before::Retired, reap, false),
];

pub(super) const WAYS: [Way; 5] = [
    Way::Rung(Rung::ByDescriptor),
    Way::Rung(Rung::ByProc),
    Way::Rung(Rung::Temporary),
    Way::Rung(Rung::TemporaryAfterAll),
    Way::Linked,
];

/// Kills each operation on each way to a name, and prints a line after each kill: the operation,
/// and what is left. `/dev/shm` must be small, empty, and used by nothing else.
pub(crate) fn operations(stride: &str, first: &str) {
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let sample = (number(stride), number(first));
    for (operation, before, act, makes_a_name) in OPERATIONS {
        let ways = if makes_a_name { &WAYS[..] } else { &WAYS[..1] };
        for way in ways {
            let what = format!("{operation}, {before:?}, {way:?}");
            let batch = || kill_all(&what, before, act, sample);
            match way {
                Way::Rung(rung) => rungs::on(*rung, batch),
                Way::Linked => rungs::where_temporary_names_are_linked(batch),
            }
        }
    }
}

/// Kills one operation after every `stride` instructions, from the first on.
fn kill_all(what: &str, before: Before, act: Act, (stride, first): (u32, u32)) {
    let name = Name::new(NAME).expect("a name");
    let memory = free();
    let mut place = Place::default();
    for kill in 0.. {
        assert_eq!(names(), [""; 0], "{what}");
        let sleeping = make(&name, before);
        let waiting = Sleeper::waiting(&name, before);
        let mut traced = Traced::fork(|| {
            let done = act(&name);
            mark();
            done.is_ok()
        });
        traced.goes_on_to_the_mark();
        assert!(traced.goes_to(place));
        let mut at_the_end = traced.is_at_the_mark();
        for _ in 0..if kill == 0 { first } else { stride } {
            if !at_the_end {
                assert!(traced.advances(&mut place), "it ended");
                at_the_end = traced.is_at_the_mark();
            }
        }
        traced.kill();
        say(&format!("{what}: {}", state(&name)));
        check(&name, sleeping, waiting);
        assert_eq!(free(), memory, "{what}: memory is left");
        if at_the_end {
            break;
        }
    }
}

/// What a reader gets that has got the old value.
type Found = Result<Option<Value>, snapshot::Error>;

/// Makes what is there before the operation, and a reader of it that sleeps.
pub(super) fn make(name: &Name, before: Before) -> Option<Sleeper<Found>> {
    if before == Before::Nothing {
        return None;
    }
    drop(Writer::create(name, SLOTS, &value(1, OLD)).expect("created"));
    let mut reader = Reader::<Value>::open(name).expect("a snapshot");
    let old = reader.next(watchdog()).expect("a value").expect("in time");
    assert_eq!(number(&old), Some(1));
    let sleeper = Sleeper::new(libc::SYS_futex, move || reader.next(Deadline::NEVER));
    if before == Before::Retired {
        retire_unheard(name);
    }
    Some(sleeper)
}

impl Sleeper<()> {
    /// A process that follows the name until the next writer's value.
    pub(super) fn waiting(name: &Name, before: Before) -> Self {
        let name = *name;
        let call = match before {
            Before::Current => libc::SYS_futex,
            Before::Nothing | Before::Retired => libc::SYS_ppoll,
        };
        Self::new(call, move || {
            let mut follower = Follower::<Value>::new(&name);
            loop {
                let next = follower.next(Deadline::NEVER);
                let value = next.expect("a value").expect("no deadline");
                assert!(number(&value).is_some(), "torn");
                if value[64] == NEXT.into() {
                    break;
                }
            }
        })
    }
}

fn is_temporary(name: &str) -> bool {
    name.starts_with('.')
}

/// What the name has after a kill.
fn state(name: &Name) -> String {
    let names = names();
    let temporary = match names.iter().filter(|name| is_temporary(name)).count() {
        0 => "",
        1 => " and a temporary",
        _ => panic!("{names:?}"),
    };
    if names.iter().all(|name| is_temporary(name)) {
        return format!("nothing{temporary}");
    }
    let object = Object::open(name).expect("an object");
    assert_eq!(object.writer_alive(), Ok(false));
    let reader = Reader::<Value>::of(&object).expect("a snapshot");
    let (sequence, value) = reader.load_with_sequence().expect("no writer runs");
    assert_eq!(number(&value), Some(sequence), "torn");
    let state = match (reader.is_retired(), value[64] == OLD.into()) {
        (true, true) => "retired",
        (false, true) => "old",
        (false, false) => "new",
        (true, false) => panic!("the new one is retired"),
    };
    format!("{state}{temporary}")
}

/// The next writer comes: each reader learns that a value or a snapshot follows, and nothing is
/// left.
pub(super) fn check(name: &Name, sleeping: Option<Sleeper<Found>>, waiting: Sleeper<()>) {
    let first = value(1, NEXT);
    let opened = Writer::<Value>::open_or_create(name, SLOTS, &first);
    let (mut writer, outcome) = opened.expect("the next writer");
    match outcome {
        Outcome::Created => assert!(
            !names().iter().any(|name| is_temporary(name)),
            "a temporary is left"
        ),
        Outcome::Opened => {
            assert_eq!(number(&writer.load()), Some(writer.sequence()), "torn");
            writer.store(&value(writer.sequence() + 1, NEXT));
            writer.notify().expect("woken");
        }
    }
    match sleeping.map(Sleeper::result) {
        None | Some(Err(snapshot::Error::Retired)) => {}
        Some(Ok(Some(value))) => assert!(number(&value).is_some(), "torn"),
        Some(other) => panic!("{other:?}"),
    }
    waiting.result();
    drop(writer);
    // It removes a temporary name that is left.
    let writer = Writer::replace(name, SLOTS, &first).expect("replaced");
    assert_eq!(writer.finish(name), Ok(true));
    assert_eq!(names(), [""; 0], "it is left");
}

/// A process waits for the name until a deadline. Its clock says that this has passed after its
/// last look but one; the name appears meanwhile. Prints whether it is found.
pub(crate) fn appears_late(name: &str) {
    const TIME: Duration = Duration::from_millis(500);
    let name = Name::new(name).expect("a name");
    let deadline = Deadline::after(TIME).expect("a clock");
    let mut traced = Traced::fork(|| {
        let found = Reader::<Value>::wait_for(&name, deadline);
        matches!(found, Ok(Some(_)))
    });
    // The look before the watch begins, then the first one that knows the time.
    traced.goes_on_into(libc::SYS_inotify_add_watch);
    traced.goes_on_into(libc::SYS_clock_gettime);
    let _writer = Writer::create(&name, SLOTS, &value(1, OLD)).expect("created");
    until("the deadline", || {
        Deadline::after(Duration::ZERO).expect("a clock") > deadline
    });
    traced.ends();
    say("found");
}
