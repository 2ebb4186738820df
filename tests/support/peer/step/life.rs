//! The whole life of `publish`.

use std::path::Path;
use std::process::Command;

use rawshm::snapshot::{self, Reader};
use rawshm::{Errno, Error, Name, Operation};
use rawshm_tests::run;
use rawshm_tests::traced::{Place, Traced};
use rawshm_tests::values::{Message, text};

use super::{free, names};
use crate::say;

const NAME: &str = "/my_snapshot";

/// The state of the directory: nothing, or a snapshot with a value that matches its number.
fn state() -> (Option<u64>, String) {
    let names = names();
    let name = Name::new(NAME).expect("a name");
    match Reader::<Message>::open(&name) {
        Err(snapshot::Error::System(error))
            if error == Error::new(Operation::Open, Errno::NOENT) =>
        {
            assert!(names.is_empty(), "{names:?}");
            (None, "nothing".into())
        }
        reader => {
            assert_eq!(names, [NAME.trim_start_matches('/')]);
            let mut reader = reader.expect("a whole snapshot");
            let (mut number, mut value) = reader.load_with_sequence().expect("no writer runs");
            assert_eq!(reader.try_next(), Ok(Some(value)));
            // The writer may have been killed before it has published its last value.
            if let Some(next) = reader.try_next().expect("no writer runs") {
                (number, value) = (number + 1, next);
            }
            assert_eq!(reader.load_with_sequence(), Ok((number, value)));
            (Some(number), format!("number {number}: {}", text(&value)))
        }
    }
}

/// Kills `publish -c3 -r1000000`, and prints the state of its directory after each kill. `/dev/shm`
/// must be small, empty, and used by nothing else.
pub(crate) fn life(publish: &str) {
    let publish = Path::new(publish);
    let arguments = ["-c3", "-r1000000"];
    let name = Name::new(NAME).expect("a name");
    let before = free();
    let (empty, _) = state();
    assert_eq!(empty, None);
    let mut place = Place::default();
    loop {
        let mut traced = Traced::start(publish, &arguments);
        let on = traced.goes_to(place);
        if on {
            place = traced.place_after(place);
            traced.kill();
        }
        let (number, words) = state();
        say(&words);

        let next = run(Command::new(publish).args(["-c1", "-r1000000"]));
        assert_eq!((next.status, next.stderr.as_str()), (0, ""));
        let taken_over = state();
        let expected = number.map_or(1, |number| number + 1);
        assert_eq!(taken_over.1, format!("number {expected}: 1"));
        rawshm::unlink(&name).expect("allowed");
        assert_eq!(free(), before, "memory is left");
        if !on {
            break;
        }
    }
}
