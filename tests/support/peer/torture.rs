//! Writers that are killed, and readers that check every value, of any size.

use rawshm::Name;
use rawshm::snapshot::{self, Deadline, Layout, Overrun, Reader, UnmappedReader, Writer};
use rawshm_tests::values::{fill, filled};

use crate::say;

/// `write NAME BYTES SLOTS`, `check NAME BYTES HOW` or `retire NAME BYTES`.
pub(crate) fn run(command: &str, name: &str, rest: &[&str]) -> String {
    let name = Name::new(name).expect("a name");
    let done = match rest[0] {
        "8" => act::<1>(command, &name, rest),
        "24" => act::<3>(command, &name, rest),
        "56" => act::<7>(command, &name, rest),
        "64" => act::<8>(command, &name, rest),
        "1024" => act::<128>(command, &name, rest),
        "65536" => act::<8192>(command, &name, rest),
        "1048576" => act::<131_072>(command, &name, rest),
        _ => panic!("{}: no such size", rest[0]),
    };
    done.unwrap_or_else(|error| error.to_string())
}

fn act<const WORDS: usize>(
    command: &str,
    name: &Name,
    rest: &[&str],
) -> Result<String, snapshot::Error>
where
    [u64; WORDS]: Layout,
{
    match command {
        "write" => write::<WORDS>(name, rest[1].parse().expect("a number")),
        "check" => check::<WORDS>(name, rest[1]),
        "retire" => {
            Writer::<[u64; WORDS]>::open(name)?.retire();
            Ok("ok".into())
        }
        _ => panic!("{command}: no such command"),
    }
}

fn boxed<const WORDS: usize>() -> Box<[u64; WORDS]> {
    let words = vec![0; WORDS].into_boxed_slice();
    words.try_into().expect("as many words")
}

/// Stores one value after the other, until it is killed.
fn write<const WORDS: usize>(name: &Name, slots: u32) -> Result<String, snapshot::Error>
where
    [u64; WORDS]: Layout,
{
    let author = u16::try_from(std::process::id() % 65_536).expect("small");
    let mut value = boxed::<WORDS>();
    fill(&mut *value, 1, author);
    let (mut writer, _) = Writer::open_or_create(name, slots, &*value)?;
    loop {
        let next = writer.sequence() + 1;
        fill(&mut *value, next, author);
        writer.store(&value);
        if next % 256 == 0 || WORDS > 1000 {
            writer.notify()?;
        }
    }
}

/// Checks every value until the snapshot is retired: it loads in a loop, with a mapping or without,
/// polls, sleeps until the next value, or does each in turn. Returns how many values there were,
/// the number of the last one, and how many loads were overruns.
fn check<const WORDS: usize>(name: &Name, how: &str) -> Result<String, snapshot::Error>
where
    [u64; WORDS]: Layout,
{
    let mut reader = Reader::<[u64; WORDS]>::open(name)?;
    let mut unmapped = UnmappedReader::<[u64; WORDS]>::open(name)?;
    let (mut value, mut last) = (boxed::<WORDS>(), boxed::<WORDS>());
    let (mut values, mut number, mut returned, mut overruns) = (0_u64, 0_u64, 0_u64, 0_u64);
    say("ready");
    for round in 0_usize.. {
        if round % 256 == 0 {
            // Several of these may share a processor with the writers.
            std::thread::yield_now();
        }
        let how = match how {
            "turns" => ["load", "poll", "next"][round % 3],
            how => how,
        };
        let is_last = reader.is_retired();
        let mut of = None;
        let loaded = match how {
            "load" => reader.load_into(&mut value).map(|number| {
                of = Some(number);
                true
            }),
            "unmapped" => match unmapped.load_into(&mut value) {
                Err(snapshot::Error::Overrun) => Err(Overrun),
                loaded => {
                    of = Some(loaded?);
                    Ok(true)
                }
            },
            "poll" => reader.try_next_into(&mut value),
            _ => match reader.next_into(&mut value, Deadline::NEVER) {
                Err(snapshot::Error::Retired) => Ok(false),
                Err(snapshot::Error::Overrun) => Err(Overrun),
                next => Ok(next?),
            },
        };
        match loaded {
            Ok(true) => {
                let found = filled(&*value).expect("torn");
                assert_eq!(of.unwrap_or(found), found, "the number of its value");
                assert!(found >= number, "{found} after {number}");
                if matches!(how, "poll" | "next") {
                    assert!(found > returned, "{found} again");
                    returned = found;
                }
                if found == number {
                    assert!(value == last, "two values of one number");
                } else {
                    values += 1;
                }
                number = found;
                last.copy_from_slice(&*value);
            }
            Ok(false) => assert!(matches!(how, "poll" | "next")),
            Err(Overrun) => {
                overruns += 1;
                continue;
            }
        }
        if is_last {
            break;
        }
    }
    Ok(format!("{values} {number} {overruns}"))
}
