//! What the peer does to objects that appear when they are complete.
//!
//! The commands take `size=BYTES` (24 unless given), `reserved`, `mode=MODE`, `exact=MODE`,
//! `in=FOLDER`, `value=INTEGER`, `user=ID` for an initialiser that becomes another user, and
//! `fails` for one that fails.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};

use rawshm::{Directory, Errno, Error, Extent, InitError, Mapping, Mode, Name, Operation, Options};
use rawshm::{Outcome, ReadWrite, Size};

use rawshm_tests::STEP;

use crate::object::{directory, octal};
use crate::{begun, say};

pub(crate) fn answer(command: &str, name: &Name, rest: &[&str]) -> Result<String, Error> {
    let number = || rest[0].parse::<u64>().expect("a number");
    match command {
        "create-complete" | "replace" | "open-or-create-complete" => {
            make_complete(command, name, rest)
        }
        "complete-many" => once_many(&rest[1..], number()),
        "make-create" | "make-replace" => make(command, name, number()),
        "look" => look(name, number()),
        _ => panic!("there is no command {command}"),
    }
}

/// Creates or replaces an object; the answer is what happened and the value that it holds now.
fn make_complete(how: &str, name: &Name, arguments: &[&str]) -> Result<String, Error> {
    let find = |key: &str| arguments.iter().find_map(|one| one.strip_prefix(key));
    let number = |key: &str, unless: u64| find(key).map_or(unless, |one| one.parse().expect(key));
    let bytes = number("size=", 24);
    let size = match find("reserved") {
        Some(_) => Size::Reserved(bytes),
        None => Size::Sparse(bytes),
    };
    let folder: Directory;
    let mut options = Options::new();
    if let Some(path) = find("in=") {
        folder = directory(path)?;
        options = options.directory(&folder);
    }
    if let Some(mode) = find("mode=") {
        options = options.mode(Mode::LessUmask(octal(mode)));
    }
    if let Some(mode) = find("exact=") {
        options = options.mode(Mode::Exact(octal(mode)));
    }
    let fill = |mapping: &Mapping<ReadWrite>| {
        if let Some(user) = find("user=") {
            become_user(user.parse().expect("a number"));
        }
        match find("fails") {
            Some(_) => Err(Error::new(Operation::Access, Errno::IO)),
            None => Ok(mapping.store(0, &number("value=", 0))?),
        }
    };
    let made = begun(|| match how {
        "create-complete" => Ok((options.create_complete(name, size, fill)?, "created")),
        "replace" => Ok((options.replace(name, size, fill)?, "replaced")),
        _ => match options.open_or_create_complete(name, size, fill)? {
            (complete, Outcome::Created) => Ok((complete, "created")),
            (complete, Outcome::Opened) => Ok((complete, "opened")),
        },
    });
    let (complete, report) = made.map_err(|error: InitError<Error>| Error::from(error))?;
    Ok(format!("{report} {}", complete.mapping.load::<u64>(0)?))
}

#[cfg(target_os = "linux")]
fn become_user(user: libc::uid_t) {
    // SAFETY: no pointer is passed.
    let done = unsafe { libc::setresuid(user, user, user) };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

#[cfg(not(target_os = "linux"))]
fn become_user(_: libc::uid_t) {
    unreachable!("only an object without a name depends on the user");
}

/// Opens or creates each of these objects, complete, after a line of input; the answer is how many
/// it created, and the numbers that it found.
fn once_many(names: &[&str], own: u64) -> Result<String, Error> {
    const PART: usize = 1024;
    say("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("input");
    let mut found = Vec::new();
    let mut won = 0;
    for name in names {
        let (complete, outcome) = Options::new().open_or_create_complete(
            &Name::new(name)?,
            Size::Sparse(8 * 1024),
            |mapping| mapping.store(0, &[own; PART]),
        )?;
        won += usize::from(outcome == Outcome::Created);
        let words: [u64; PART] = complete.mapping.load(0)?;
        assert_eq!(words, [words[0]; PART], "torn");
        found.push(words[0].to_string());
        say(STEP);
    }
    Ok(format!("{won} {}", found.join(",")))
}

const WORDS: usize = 1024;
const BYTES: usize = 8 * WORDS;

/// The content of the object with this number: no two words are equal, and each has the number.
fn value(number: u64) -> Vec<u64> {
    let words = 0..u64::try_from(WORDS).expect("small");
    words.map(|word| number << 16 | word).collect()
}

/// Creates and unlinks, or replaces, until the input ends; the answer is how often.
fn make(how: &str, name: &Name, first: u64) -> Result<String, Error> {
    static ENOUGH: AtomicBool = AtomicBool::new(false);
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ENOUGH.store(true, Ordering::Relaxed);
    });
    say("ready");
    let (mut made, mut taken) = (0, 0);
    while !ENOUGH.load(Ordering::Relaxed) {
        let value = value(first + made);
        let size = Size::Sparse(BYTES.try_into().expect("small"));
        let fill = |mapping: &Mapping<ReadWrite>| mapping.copy_from(0, &value);
        let done = match how {
            "make-create" => Options::new().create_complete(name, size, fill),
            _ => Options::new().replace(name, size, fill),
        };
        match done {
            Ok(_) => made += 1,
            Err(InitError::Object(error))
                if error == Error::new(Operation::Create, Errno::EXIST) =>
            {
                taken += 1;
            }
            Err(error) => return Err(error.into()),
        }
        if how == "make-create" {
            match rawshm::unlink(name) {
                Err(error) if error.errno() != Errno::NOENT => return Err(error),
                _ => {}
            }
        }
    }
    Ok(format!("{made} made, {taken} taken"))
}

/// Opens the name `opens` times and checks each object; the answer is how often there was one.
fn look(name: &Name, opens: u64) -> Result<String, Error> {
    say("ready");
    let (mut whole, mut none, mut different, mut last) = (0, 0, 0, u64::MAX);
    let mut words = vec![0_u64; WORDS];
    for open in 0..opens {
        if open % 1000 == 0 {
            say(STEP);
        }
        let (object, status) = match Options::new().open_with_status(name) {
            Err(error) if error == Error::new(Operation::Open, Errno::NOENT) => {
                none += 1;
                continue;
            }
            opened => opened?,
        };
        assert_eq!(status.size(), BYTES.try_into().expect("small"), "the size");
        let mapping = object.map_within(Extent::Whole, status)?;
        mapping.copy_to(0, &mut words)?;
        let number = words[0] >> 16;
        assert_eq!(words, value(number), "the value");
        whole += 1;
        different += u64::from(number != last);
        last = number;
    }
    Ok(format!("{whole} whole, {none} none, {different} different"))
}
