//! Operations on snapshots that are stopped at many of their instructions, while other processes
//! read, wait and try to write.

use rawshm::snapshot::{self, Reader, Writer};
use rawshm::{Errno, Error, Name, Object, Operation};
use rawshm_tests::rungs;
use rawshm_tests::traced::{Place, Traced, mark};
use rawshm_tests::values::{Value, number, value};

use super::operations::{Act, Before, NEXT, OPERATIONS, WAYS, Way, check, make};
use super::sleeper::Sleeper;
use crate::say;

/// Stops each operation on each way to a name, and prints a line after it: what it is, and how
/// often it was stopped. `/dev/shm` must be empty, and used by nothing else.
pub(crate) fn stops(stride: &str, first: &str) {
    let number = |text: &str| text.parse::<u32>().expect("a number");
    let sample = (number(stride), number(first));
    for (operation, before, act, makes_a_name) in OPERATIONS {
        // A store is short, and all that there is to interrupt.
        let sample = if operation == "store" { (1, 0) } else { sample };
        let ways = if makes_a_name { &WAYS[..] } else { &WAYS[..1] };
        for way in ways {
            let stop = || stop_all((operation, before, act), sample);
            let stops = match way {
                Way::Rung(rung) => rungs::on(*rung, stop),
                Way::Linked => rungs::where_temporary_names_are_linked(stop),
            };
            say(&format!("{operation}, {before:?}, {way:?}: {stops}"));
        }
    }
}

/// Stops one operation after every `stride` instructions, from the first on.
fn stop_all((what, before, act): (&str, Before, Act), (stride, first): (u32, u32)) -> u32 {
    let name = Name::new("/my_snapshot").expect("a name");
    let sleeping = make(&name, before);
    let waiting = Sleeper::waiting(&name, before);
    let mut attached = (before != Before::Nothing).then(|| Attached::new(&name));
    let mut traced = Traced::fork(|| act(&name).map(|_writer| mark()).is_ok());
    traced.goes_on_to_the_mark();
    let may_be_missing = before == Before::Nothing || ["finish", "reap"].contains(&what);
    let (mut stops, mut left, mut place) = (0, first, Place::default());
    while !traced.is_at_the_mark() {
        if left == 0 {
            (stops, left) = (stops + 1, stride);
            is_whole(&name, may_be_missing);
            attached.iter_mut().for_each(Attached::goes_on);
            if what == "store" {
                has_a_writer(&name);
            }
        }
        left -= 1;
        assert!(traced.advances(&mut place), "it ended");
    }
    traced.kill();
    drop(attached);
    check(&name, sleeping, waiting);
    stops
}

/// A process that opens the name finds no snapshot or a whole one.
fn is_whole(name: &Name, may_be_missing: bool) {
    let missing = Error::new(Operation::Open, Errno::NOENT).into();
    match Reader::<Value>::open(name) {
        Ok(reader) => {
            let (found, value) = reader.load_with_sequence().expect("no writer runs");
            assert_eq!(number(&value), Some(found), "torn");
        }
        Err(error) => assert!(may_be_missing && error == missing, "{error:?}"),
    }
}

/// A reader that has opened the snapshot before the operation.
struct Attached {
    reader: Reader<Value>,
    last: u64,
}

impl Attached {
    fn new(name: &Name) -> Self {
        let reader = Reader::open(name).expect("a snapshot");
        Self { reader, last: 1 }
    }

    /// It never waits for the process that is stopped, and never goes back.
    fn goes_on(&mut self) {
        let (found, value) = self.reader.load_with_sequence().expect("no writer runs");
        assert_eq!(number(&value), Some(found), "torn");
        assert!(found >= self.last, "{found} after {}", self.last);
        self.last = found;
        if let Some(next) = self.reader.try_next().expect("no writer runs") {
            assert_eq!(number(&next).map(|next| next >= found), Some(true), "torn");
        }
    }
}

/// A writer that is stopped is alive, so that no other process takes its place.
fn has_a_writer(name: &Name) {
    let object = Object::open(name).expect("an object");
    assert_eq!(object.writer_alive(), Ok(true));
    let busy = Error::new(Operation::Claim, Errno::BUSY);
    let first = value(1, NEXT);
    let refused = [
        Writer::<Value>::open(name).map(drop),
        Writer::replace(name, 2, &first).map(drop),
        Writer::open_or_create(name, 2, &first).map(drop),
    ];
    assert_eq!(refused, [Err(snapshot::Error::System(busy)); 3]);
    assert_eq!(snapshot::reap(name), Ok(false));
}
