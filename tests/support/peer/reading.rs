//! What the peer does to objects that are read through a descriptor, and to sealed ones.

use std::io::Read as _;

use rawshm::fd::{FromRawFd as _, OwnedFd};
use rawshm::snapshot::{self, UnmappedReader};
use rawshm::{Error, Extent, Name, Object, ReadOnly, ReadWrite, Seals, Size};
use rawshm_tests::describe;
use rawshm_tests::values::filled;

use crate::{begun, kept, say};

/// Does what the command says, and returns a line about it.
pub(crate) fn run(command: &str, name: &str, rest: &[&str]) -> String {
    answer(command, name, rest).unwrap_or_else(|error| match error {
        snapshot::Error::System(error) => describe(error),
        error => error.to_string(),
    })
}

fn answer(command: &str, name: &str, rest: &[&str]) -> Result<String, snapshot::Error> {
    let number = |at: usize| rest[at].parse::<u64>().expect("a number");
    let done = String::from("ok");
    let name = Name::new(name)?;
    Ok(match command {
        "read-at" => {
            let object = Object::open(&name)?;
            begun(|| object.read_at::<[i64; 3]>(number(0))).map_err(Error::from)?;
            done
        }
        "read-into" => {
            let object = Object::open(&name)?;
            begun(|| object.read_into(number(0), &mut [0_i64; 3])).map_err(Error::from)?;
            done
        }
        "create-anonymous" => {
            kept(|| Object::create_anonymous(Size::Sparse(4096))).map(|()| done)?
        }
        "create-anonymous-reserved" => {
            kept(|| Object::create_anonymous(Size::Reserved(4096))).map(|()| done)?
        }
        "seal" => {
            let object = Object::create_anonymous(Size::Sparse(4096))?;
            begun(|| object.seal(Seals::SizeAndWrites))?;
            done
        }
        "adopt-sealed" => {
            let fd = Object::create_anonymous(Size::Sparse(4096))?.into_fd();
            kept(|| Object::<ReadWrite>::from_sealed_fd(fd, Seals::Size)).map(|()| done)?
        }
        "adopt-not-sealed" => {
            let fd = Object::open(&name)?.into_fd();
            kept(|| Object::<ReadOnly>::from_sealed_fd(fd, Seals::Size)).map(|()| done)?
        }
        "attack-standard-input" => attack_standard_input()?,
        "read-holes" => read_holes(&name)?,
        "toggle" => toggle(&name, number(0), number(1))?,
        "unmapped-open" => kept(|| UnmappedReader::<u64>::open(&name)).map(|()| done)?,
        "unmapped-of" => {
            let object = Object::open(&name)?;
            kept(|| UnmappedReader::<u64>::of(object)).map(|()| done)?
        }
        "unmapped-load" => {
            let mut reader = UnmappedReader::<u64>::open(&name)?;
            begun(|| reader.load())?;
            done
        }
        "unmapped-is-retired" => {
            let reader = UnmappedReader::<u64>::open(&name)?;
            begun(|| reader.is_retired())?;
            done
        }
        "unmapped-drop" => {
            let reader = UnmappedReader::<u64>::open(&name)?;
            begun(|| drop(reader));
            done
        }
        "load-unmapped" => load_unmapped(&name, number(0)),
        _ => panic!("{command}: no such command"),
    })
}

/// Changes the size back and forth until its input ends.
fn toggle(name: &Name, one: u64, other: u64) -> Result<String, Error> {
    let object = Object::open_read_write(name)?;
    say("ready");
    let ended = std::thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let mut times = 0_u64;
    while !ended.is_finished() {
        object.resize(Size::Sparse(one))?;
        object.resize(Size::Sparse(other))?;
        times += 1;
    }
    Ok(times.to_string())
}

/// Reads every page of an object, and says what memory it has before and after.
fn read_holes(name: &Name) -> Result<String, Error> {
    let object = Object::open(name)?;
    let (size, before) = (object.size()?, object.allocated()?);
    for offset in (0..size).step_by(4096) {
        let page: [u8; 4096] = object.read_at(offset)?;
        assert_eq!(page, [0; 4096]);
    }
    Ok(format!(
        "{size} bytes, {before} and {}",
        object.allocated()?
    ))
}

/// Does to the object at its standard input all that could end a process that has mapped it.
fn attack_standard_input() -> Result<String, Error> {
    // SAFETY: nothing else of this process owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(0) };
    let object = Object::<ReadWrite>::from_sealed_fd(fd, Seals::Size)?;
    let report = |done: Result<(), Error>| done.map_or_else(describe, |()| "ok".into());
    let mapped = object.map(Extent::Whole).map(drop);
    Ok([
        report(object.resize(Size::Sparse(0))),
        report(object.resize(Size::Sparse(1 << 20))),
        report(object.resize(Size::Reserved(1 << 20))),
        report(mapped),
        report(object.seal(Seals::SizeAndWrites)),
    ]
    .join(", "))
}

/// Loads values of 1,024 bytes, this number of times, and says how that went.
fn load_unmapped(name: &Name, times: u64) -> String {
    let mut reader = loop {
        if let Ok(reader) = UnmappedReader::<[u64; 128]>::open(name) {
            break reader;
        }
    };
    say("ready");
    let (mut values, mut torn, mut ends, mut overruns) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut last = 0;
    for _ in 0..times {
        match reader.load_with_sequence() {
            Ok((number, value)) => {
                assert!(number >= last, "{number} after {last}");
                last = number;
                values += 1;
                torn += u64::from(filled(&value) != Some(number));
            }
            Err(snapshot::Error::ObjectSize { .. }) => ends += 1,
            Err(snapshot::Error::Overrun) => overruns += 1,
            Err(error) => panic!("{error}"),
        }
    }
    format!("{values} values, {torn} torn, {ends} ends, {overruns} overruns")
}
