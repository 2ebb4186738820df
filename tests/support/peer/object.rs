//! What the peer does to objects.

use std::io::BufRead as _;
use std::sync::atomic::Ordering::Relaxed;

use rawshm::{AccessError, Advice, Directory, Error, Extent, Mapping, Mode, Name, Object, Options};
use rawshm::{Outcome, ReadOnly, ReadWrite, Size};
use rawshm_tests::{STEP, describe};

use crate::{begun, complete, kept, say};

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
    match command {
        "open" => kept(|| Object::open(&name)).map(|()| done),
        "open-read-write" => kept(|| Object::open_read_write(&name)).map(|()| done),
        "create" => kept(|| Object::create(&name, Size::Sparse(number(0)))).map(|()| done),
        "create-reserved" => {
            kept(|| Object::create(&name, Size::Reserved(number(0)))).map(|()| done)
        }
        "create-mode" => {
            let options = options.mode(Mode::LessUmask(octal(rest[0])));
            kept(|| options.create(&name, Size::Sparse(1))).map(|()| done)
        }
        "create-exact" => {
            let options = options.mode(Mode::Exact(octal(rest[0])));
            kept(|| options.create(&name, Size::Sparse(1))).map(|()| done)
        }
        "create-in" => {
            let directory = directory(rest[0])?;
            let options = options.directory(&directory);
            kept(|| options.create(&name, Size::Sparse(1))).map(|()| done)
        }
        "open-in" => {
            let directory = directory(rest[0])?;
            kept(|| options.directory(&directory).open(&name)).map(|()| done)
        }
        "open-or-create" => {
            let (_object, outcome) =
                begun(|| Object::open_or_create(&name, Size::Sparse(number(0))))?;
            Ok(match outcome {
                Outcome::Created => "created".into(),
                Outcome::Opened => "opened".into(),
            })
        }
        "drop-object" => {
            let object = Object::open(&name)?;
            begun(|| drop(object));
            Ok(done)
        }
        "status" => {
            let object = Object::open(&name)?;
            kept(|| object.status()).map(|()| done)
        }
        "map" => {
            let object = Object::open(&name)?;
            kept(|| object.map(Extent::Whole)).map(|()| done)
        }
        "map-within" => {
            let (object, status) = options.open_with_status(&name)?;
            kept(|| object.map_within(Extent::Whole, status)).map(|()| done)
        }
        "resize" => {
            let object = Object::open_read_write(&name)?;
            kept(|| object.resize(Size::Sparse(number(0)))).map(|()| done)
        }
        "resize-reserved" => {
            let object = Object::open_read_write(&name)?;
            let resized = begun(|| object.resize(Size::Reserved(number(0))));
            let report = resized.map_or_else(describe, |()| done);
            let status = object.status()?;
            let (size, memory) = (status.size(), status.allocated()?);
            Ok(format!("{report}, {size} bytes, {memory} in memory"))
        }
        "from-fd" => {
            let fd = Object::open(&name)?.into_fd();
            kept(|| Object::<ReadOnly>::from_fd(fd)).map(|()| done)
        }
        "object-into-read-only" => {
            let object = Object::open_read_write(&name)?;
            begun(|| object.into_read_only());
            Ok(done)
        }
        "unlink" => kept(|| rawshm::unlink(&name)).map(|()| done),
        "unlink-object" => {
            let object = Object::open(&name)?;
            kept(|| object.unlink(&name)).map(|()| done)
        }
        "unlink-on-drop" => {
            let object = Object::open(&name)?;
            kept(|| object.unlink_on_drop(&name)).map(|()| done)
        }
        "drop-guard" | "keep-guard" | "unlink-guard" => {
            let guard = Object::open(&name)?.unlink_on_drop(&name)?;
            match command {
                "drop-guard" => begun(|| drop(guard)),
                "keep-guard" => begun(|| guard.keep()),
                _ => begun(|| guard.unlink()).map(drop)?,
            }
            Ok(done)
        }
        _ => mapping(command, &name, rest),
    }
}

/// What is done to mappings and directories.
fn mapping(command: &str, name: &Name, rest: &[&str]) -> Result<String, Error> {
    let done = String::from("ok");
    match command {
        "create-mapping" => {
            let size = Size::Sparse(rest[0].parse().expect("a number"));
            kept(|| Mapping::create(name, size)).map(|()| done)
        }
        "open-mapping-read-write" => {
            kept(|| Mapping::open_read_write(name, Extent::Whole)).map(|()| done)
        }
        "open-mapping" => kept(|| Mapping::open(name, Extent::Whole)).map(|()| done),
        "drop-mapping" => {
            let mapping = Mapping::open(name, Extent::Whole)?;
            begun(|| drop(mapping));
            Ok(done)
        }
        "drop-directory" => {
            let directory = directory("/dev/shm")?;
            begun(|| drop(directory));
            Ok(done)
        }
        "drop-complete" => {
            let fill = |_: &_| Ok::<(), Error>(());
            let size = Size::Sparse(24);
            let (complete, _) = Options::new().open_or_create_complete(name, size, fill)?;
            begun(|| drop(complete));
            Ok(done)
        }
        "prefault" => {
            let mapping = Mapping::open_read_write(name, Extent::Whole)?;
            kept(|| mapping.prefault()).map(|()| done)
        }
        "lock" => {
            let mapping = Mapping::open(name, Extent::Whole)?;
            kept(|| mapping.lock()).map(|()| done)
        }
        "unlock" => {
            let mapping = Mapping::open(name, Extent::Whole)?;
            kept(|| mapping.unlock()).map(|()| done)
        }
        "advise" => {
            let mapping = Mapping::open(name, Extent::Whole)?;
            kept(|| mapping.advise(Advice::DontDump)).map(|()| done)
        }
        "into-read-only" => {
            let mapping = Mapping::open_read_write(name, Extent::Whole)?;
            kept(|| mapping.into_read_only()).map(|()| done)
        }
        "open-directory" => kept(|| directory("/dev/shm")).map(|()| done),
        "open-with-flags" => {
            kept(|| Directory::DEFAULT.open_with_flags(name, libc::O_RDONLY, 0)).map(|()| done)
        }
        "is-memory" => {
            let is_memory = begun(|| Directory::DEFAULT.is_memory())?;
            Ok(is_memory.to_string())
        }
        "is-memory-opened" => {
            let directory = directory("/dev/shm")?;
            kept(|| directory.is_memory()).map(|()| done)
        }
        "load" => {
            let columns: [i64; 3] = Mapping::open(name, Extent::first(COLUMNS))?.load(0)?;
            Ok(format!("{columns:?}"))
        }
        "store" => {
            let mapping = Mapping::open_read_write(name, Extent::first(COLUMNS))?;
            let columns = [0, 1, 2].map(|at| rest[at].parse::<i64>().expect("a number"));
            mapping.store(0, &columns)?;
            Ok(done)
        }
        "access" => {
            let mapping = Mapping::open_read_write(name, Extent::Whole)?;
            Ok(kept(|| access(&mapping)).map(|()| done)?)
        }
        "plant-socket" => {
            let path =
                std::path::Path::new("/dev/shm").join(name.to_string().trim_start_matches('/'));
            std::os::unix::net::UnixListener::bind(path).expect("a socket");
            Ok(done)
        }
        "hold" => hold(name).map(|()| done),
        "create-many" => create_many(name, rest).map(|won| won.to_string()),
        _ => complete::answer(command, name, rest),
    }
}

/// All accesses to a mapping.
fn access(mapping: &Mapping<ReadWrite>) -> Result<(), AccessError> {
    for number in 0..100_u64 {
        mapping.store(0, &number)?;
        let _: u64 = mapping.load(0)?;
        mapping.copy_from(8, &[number; 100])?;
        mapping.copy_to(8, &mut [0; 100])?;
        mapping.fill(8, 100, number)?;
        mapping.compare(8, &[number; 100])?;
        let slice = mapping.slice(8, 800)?;
        mapping.copy_from_shared(2048, &slice)?;
        let atomic = mapping.slice(0, 8)?.slice(0, 8)?.atomic::<u64>(0)?;
        atomic.store(number, Relaxed);
        atomic.swap(number, Relaxed);
        let _ = atomic.compare_exchange(number, 1, Relaxed);
        let _ = atomic.compare_exchange_weak(number, 1, Relaxed);
        atomic.fetch_add(1, Relaxed);
        atomic.fetch_sub(1, Relaxed);
        atomic.fetch_and(1, Relaxed);
        atomic.fetch_or(1, Relaxed);
        atomic.fetch_xor(1, Relaxed);
        atomic.fetch_min(1, Relaxed);
        atomic.fetch_max(1, Relaxed);
        let _ = mapping.atomic::<u64>(0)?.load(Relaxed);
    }
    Ok(())
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
