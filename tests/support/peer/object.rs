//! What the peer does to objects.

use std::io::BufRead as _;

use rawshm::{Advice, Directory, Error, Extent, Mapping, Mode, Name, Object, Options, Outcome};
use rawshm::{ReadOnly, Size};
use rawshm_tests::{STEP, describe};

use crate::{complete, say};

const COLUMNS: usize = 24;

/// Does what the command says, and returns a line about it.
pub(crate) fn run(command: &str, name: &str, rest: &[&str]) -> String {
    answer(command, name, rest).unwrap_or_else(describe)
}

fn answer(command: &str, name: &str, rest: &[&str]) -> Result<String, Error> {
    let number = |at: usize| rest[at].parse::<u64>().expect("a number");
    let name = Name::new(name)?;
    let options = Options::new();
    let done = String::from("ok");
    if std::env::var_os("RAWSHM_PEER_BEGIN").is_some() {
        say("begin");
    }
    match command {
        "open" => Object::open(&name).map(|_| done),
        "open-read-write" => Object::open_read_write(&name).map(|_| done),
        "create" => Object::create(&name, Size::Sparse(number(0))).map(|_| done),
        "create-reserved" => Object::create(&name, Size::Reserved(number(0))).map(|_| done),
        "create-mapping" => Mapping::create(&name, Size::Sparse(number(0))).map(|_| done),
        "create-mode" => options
            .mode(Mode::LessUmask(octal(rest[0])))
            .create(&name, Size::Sparse(1))
            .map(|_| done),
        "create-exact" => options
            .mode(Mode::Exact(octal(rest[0])))
            .create(&name, Size::Sparse(1))
            .map(|_| done),
        "create-in" => options
            .directory(&directory(rest[0])?)
            .create(&name, Size::Sparse(1))
            .map(|_| done),
        "open-in" => options
            .directory(&directory(rest[0])?)
            .open(&name)
            .map(|_| done),
        "open-or-create" => {
            let (_, outcome) = Object::open_or_create(&name, Size::Sparse(number(0)))?;
            Ok(match outcome {
                Outcome::Created => "created".into(),
                Outcome::Opened => "opened".into(),
            })
        }
        "resize-reserved" => {
            let object = Object::open_read_write(&name)?;
            let resized = object.resize(Size::Reserved(number(0)));
            let report = resized.map_or_else(describe, |()| done);
            let status = object.status()?;
            let (size, memory) = (status.size(), status.allocated()?);
            Ok(format!("{report}, {size} bytes, {memory} in memory"))
        }
        "prefault" => {
            let object = Object::open_read_write(&name)?;
            object.map(Extent::Whole)?.prefault().map(|()| done)
        }
        "map" => Object::open(&name)?.map(Extent::Whole).map(|_| done),
        "lock" => {
            let mapping = Mapping::open(&name, Extent::Whole)?;
            mapping.lock()?;
            mapping.unlock().map(|()| done)
        }
        "advise" => {
            let mapping = Mapping::open(&name, Extent::Whole)?;
            mapping.advise(Advice::DontDump).map(|()| done)
        }
        "into-read-only" => Mapping::open_read_write(&name, Extent::Whole)?
            .into_read_only()
            .map(|_| done),
        "adopt" => Object::<ReadOnly>::from_fd(Object::open(&name)?.into_fd()).map(|_| done),
        "resize" => {
            let object = Object::open_read_write(&name)?;
            object.resize(Size::Sparse(number(0))).map(|()| done)
        }
        "unlink" => rawshm::unlink(&name).map(|()| done),
        "is-memory" => Directory::DEFAULT
            .is_memory()
            .map(|memory| memory.to_string()),
        "load" => {
            let columns: [i64; 3] = Mapping::open(&name, Extent::first(COLUMNS))?.load(0)?;
            Ok(format!("{columns:?}"))
        }
        "store" => {
            let mapping = Mapping::open_read_write(&name, Extent::first(COLUMNS))?;
            let columns = [0, 1, 2].map(|at| rest[at].parse::<i64>().expect("a number"));
            mapping.store(0, &columns)?;
            Ok(done)
        }
        "guard" => {
            let object = Object::open(&name)?;
            let unlinked = object.unlink_on_drop(&name)?.unlink()?;
            Ok(unlinked.to_string())
        }
        "plant-socket" => {
            let path =
                std::path::Path::new("/dev/shm").join(name.to_string().trim_start_matches('/'));
            std::os::unix::net::UnixListener::bind(path).expect("a socket");
            Ok(done)
        }
        "hold" => hold(&name).map(|()| done),
        "create-many" => create_many(&name, rest).map(|won| won.to_string()),
        _ => complete::answer(command, &name, rest),
    }
}

pub(crate) fn directory(path: &str) -> Result<Directory, Error> {
    let path = std::ffi::CString::new(path).expect("no NUL");
    Directory::open(&path)
}

pub(crate) fn octal(text: &str) -> u32 {
    u32::from_str_radix(text, 8).expect("an octal number")
}

/// Maps an object, prints `ready`, and answers each line of input with the columns.
fn hold(name: &Name) -> Result<(), Error> {
    let mapping = Mapping::open(name, Extent::first(COLUMNS))?;
    say("ready");
    for _ in std::io::stdin().lock().lines() {
        say(&format!("{:?}", mapping.load::<[i64; 3]>(0)?));
    }
    Ok(())
}

/// Opens or creates each of these objects, and counts those that it created.
fn create_many(first: &Name, others: &[&str]) -> Result<usize, Error> {
    say("ready");
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .expect("standard input");
    let others = others.iter().map(|name| Name::new(name));
    let mut won = 0;
    for name in std::iter::once(Ok(*first)).chain(others) {
        let (_, outcome) = Object::open_or_create(&name?, Size::Sparse(1))?;
        won += usize::from(outcome == Outcome::Created);
        say(STEP);
    }
    Ok(won)
}
