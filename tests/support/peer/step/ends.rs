//! The life of `publish -u`, which ends its snapshot.

use std::path::Path;

use rawshm::snapshot::{self, Deadline, Follower, Reader, Writer};
use rawshm::{Name, Outcome};
use rawshm_tests::traced::{Place, Traced};
use rawshm_tests::values::{Message, message, text};
use rawshm_tests::watchdog::watchdog;

use super::sleeper::Sleeper;
use super::{free, names};
use crate::say;

const NAME: &str = "/my_snapshot";
const VALUES: [&str; 3] = ["1", "2", "3"];
const NEXT: &str = "next";

/// Kills `publish -u -c3 -r1000000` after every `stride` instructions, from the first on: with
/// nothing beforehand, and with a snapshot on which a reader sleeps. Another waits for the name.
/// Prints the state of the directory after each kill. `/dev/shm` must be small, empty, and used by
/// nothing else.
pub(crate) fn ends(publish: &str, stride: &str, first: &str) {
    let publish = Path::new(publish);
    let stride: u32 = stride.parse().expect("a number");
    let first: u32 = first.parse().expect("a number");
    let arguments = ["-u", "-c3", "-r1000000"];
    let name = Name::new(NAME).expect("a name");
    let memory = free();
    for is_taken_over in [false, true] {
        let mut place = Place::default();
        let mut steps = first;
        loop {
            assert_eq!(names(), [""; 0]);
            let sleeping = is_taken_over.then(|| sleeps(&name));
            let waiting = waits(&name, is_taken_over);
            let mut traced = Traced::start(publish, &arguments);
            let on = traced.goes_to(place) && (0..steps).all(|_| traced.advances(&mut place));
            if on {
                traced.kill();
            }
            say(&format!("{is_taken_over}: {}", state(&name)));
            check(&name, sleeping, waiting);
            assert_eq!(free(), memory, "memory is left");
            if !on {
                break;
            }
            steps = stride;
        }
    }
}

/// Makes a snapshot, and a reader that sleeps on it, and reads until it is retired.
fn sleeps(name: &Name) -> Sleeper<()> {
    drop(Writer::create(name, 4, &message("old")).expect("created"));
    let mut reader = Reader::<Message>::open(name).expect("a snapshot");
    assert_eq!(reader.next(watchdog()), Ok(Some(message("old"))));
    Sleeper::new(libc::SYS_futex, move || {
        loop {
            match reader.next(Deadline::NEVER) {
                Ok(Some(value)) => assert!(is_whole(&value), "torn"),
                Err(snapshot::Error::Retired) => break,
                other => panic!("{other:?}"),
            }
        }
    })
}

/// A reader that follows the name until the next writer's value.
fn waits(name: &Name, there_is_one: bool) -> Sleeper<()> {
    let name = *name;
    let call = if there_is_one {
        libc::SYS_futex
    } else {
        libc::SYS_ppoll
    };
    Sleeper::new(call, move || {
        let mut follower = Follower::<Message>::new(&name);
        loop {
            let next = follower.next(Deadline::NEVER);
            let value = next.expect("a value").expect("no deadline");
            assert!(is_whole(&value), "torn");
            if value == message(NEXT) {
                break;
            }
        }
    })
}

fn is_whole(value: &Message) -> bool {
    let mut known = VALUES.into_iter().chain(["old", NEXT]);
    known.any(|known| *value == message(known))
}

/// What the name has after a kill.
fn state(name: &Name) -> String {
    let names = names();
    if names.is_empty() {
        return "nothing".into();
    }
    assert_eq!(names, [NAME.trim_start_matches('/')]);
    let reader = Reader::<Message>::open(name).expect("a whole snapshot");
    let value = reader.load().expect("no writer runs");
    assert!(is_whole(&value), "torn");
    let retired = if reader.is_retired() { ", retired" } else { "" };
    format!("{}{retired}", text(&value))
}

/// The next writer comes: each reader learns that a value or a snapshot follows, and nothing is
/// left.
fn check(name: &Name, sleeping: Option<Sleeper<()>>, waiting: Sleeper<()>) {
    let next = message(NEXT);
    let opened = Writer::<Message>::open_or_create(name, 4, &next);
    let (mut writer, outcome) = opened.expect("the next writer");
    if outcome == Outcome::Opened {
        writer.store(&next);
        writer.notify().expect("woken");
    }
    waiting.result();
    assert_eq!(writer.finish(name), Ok(true));
    if let Some(sleeping) = sleeping {
        sleeping.result();
    }
    assert_eq!(names(), [""; 0], "it is left");
}
