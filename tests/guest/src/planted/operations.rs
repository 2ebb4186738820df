//! The operations that create, open, replace or remove objects.

use core::ffi::CStr;
use core::time::Duration;

use rawshm::snapshot::{Deadline, Follower, Reader, UnmappedReader, Writer, reap};
use rawshm::{
    Directory, Errno, Error, Extent, Mapping, Name, Object, Options, ReadWrite, Size, unlink,
};
use rustix::fs::OFlags;

use super::Place;
use super::things::{VALUE, Value};
use crate::refusal::Refusal;
use crate::{NAME, programs};

/// What an operation does to the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    /// Opens it to read.
    Read,
    /// Opens it to read and write.
    Write,
    /// Opens it and maps some bytes.
    MapToRead,
    MapToWrite,
    Truncate,
    /// Creates an object, exclusively.
    Create,
    OpenOrCreate,
    MapOrCreate,
    /// `O_CREAT` without `O_EXCL`.
    OpenOrCreateAsC,
    Replace,
    Remove,
    /// Removes any object, and creates one.
    RemoveAndCreate,
    /// Maps it, and removes the name.
    MapAndRemove,
    /// Removes it, or only asks, if it is an object of this process.
    IfOwn,
    ReadSnapshot,
    /// As well, if there is one before the deadline.
    AwaitSnapshot,
    TakeOver,
    TakeOverOrCreate,
    ReplaceSnapshot,
    Reap,
}

pub struct Operation {
    pub name: &'static str,
    pub does: Does,
    pub refused: Refusal,
    act: Act,
}

enum Act {
    Function(fn() -> Result<bool, Error>),
    Program(&'static CStr, &'static [&'static CStr]),
}

/// The status of a function that has returned false.
const FALSE: u8 = 254;

impl Operation {
    /// Returns the status of the process.
    pub fn run(&self) -> u8 {
        self.refused.begin().expect("a filter");
        match self.act {
            Act::Program(path, arguments) => programs::start(path, arguments),
            Act::Function(function) => match function() {
                Ok(true) => 0,
                Ok(false) => FALSE,
                Err(error) => u8::try_from(error.errno().raw_os_error()).expect("small"),
            },
        }
    }

    pub fn is_a_program(&self) -> bool {
        matches!(self.act, Act::Program(..))
    }

    /// Whether it cannot be run in this one.
    pub fn needs_a_process(&self) -> bool {
        self.is_a_program() || self.refused != Refusal::Nothing
    }

    /// The status of the process if this is the answer.
    pub fn status(&self, answer: Result<bool, Errno>) -> i32 {
        match (&self.act, answer) {
            (_, Ok(true)) => 0,
            (Act::Program(..), _) => 1,
            (Act::Function(_), Ok(false)) => FALSE.into(),
            (Act::Function(_), Err(errno)) => errno.raw_os_error(),
        }
    }

    const fn without(self, refused: Refusal) -> Self {
        Self { refused, ..self }
    }

    /// Whether the name is a snapshot of the user's own, beside a thing under the temporary name.
    pub fn has_its_own(&self, place: Place) -> bool {
        place == Place::Temporary && self.does == Does::ReplaceSnapshot
    }

    /// Whether it uses temporary names.
    pub fn is_staged(&self, place: Place) -> bool {
        self.refused != Refusal::Nothing || self.does == Does::Replace || self.has_its_own(place)
    }
}

const fn function(name: &'static str, does: Does, act: fn() -> Result<bool, Error>) -> Operation {
    Operation {
        name,
        does,
        refused: Refusal::Nothing,
        act: Act::Function(act),
    }
}

const fn program(
    name: &'static str,
    does: Does,
    path: &'static CStr,
    arguments: &'static [&'static CStr],
) -> Operation {
    Operation {
        name,
        does,
        refused: Refusal::Nothing,
        act: Act::Program(path, arguments),
    }
}

/// Each creation also where there are no files without names, so that it uses a temporary one.
pub const OPERATIONS: &[Operation] = &[
    function("Directory::open_with_flags, to read", Does::Read, || {
        with_flags(OFlags::RDONLY)
    }),
    function("Directory::open_with_flags, to write", Does::Write, || {
        with_flags(OFlags::RDWR)
    }),
    function(
        "Directory::open_with_flags, O_TRUNC",
        Does::Truncate,
        || with_flags(OFlags::RDWR | OFlags::TRUNC),
    ),
    function(
        "Directory::open_with_flags, O_CREAT",
        Does::OpenOrCreateAsC,
        || with_flags(OFlags::RDWR | OFlags::CREATE),
    ),
    function("Directory::open_with_flags, O_EXCL", Does::Create, || {
        with_flags(OFlags::RDWR | OFlags::CREATE | OFlags::EXCL)
    }),
    function("Object::create", Does::Create, || {
        Object::create(NAME, SIZE).map(done)
    }),
    function("Object::open", Does::Read, || Object::open(NAME).map(done)),
    function("Object::open_read_write", Does::Write, || {
        Object::open_read_write(NAME).map(done)
    }),
    function("Object::open_or_create", Does::OpenOrCreate, || {
        Object::open_or_create(NAME, SIZE).map(done)
    }),
    function("Mapping::create", Does::Create, || {
        Mapping::create(NAME, SIZE).map(done)
    }),
    function("Mapping::open", Does::MapToRead, || {
        Mapping::open(NAME, Extent::first(8)).map(done)
    }),
    function("Mapping::open_read_write", Does::MapToWrite, || {
        Mapping::open_read_write(NAME, Extent::first(8)).map(done)
    }),
    function("Options::create_complete", Does::Create, create_complete),
    function("Options::create_complete", Does::Create, create_complete).without(Refusal::Unnamed),
    function("Options::create_complete", Does::Create, create_complete)
        .without(Refusal::UnnamedAndNoReplace),
    function("Options::open_or_create_complete", Does::MapOrCreate, once),
    function("Options::open_or_create_complete", Does::MapOrCreate, once).without(Refusal::Unnamed),
    function("Options::replace", Does::Replace, replace),
    function("Options::replace", Does::Replace, replace).without(Refusal::Unnamed),
    function("snapshot::Writer::create", Does::Create, create_snapshot),
    function("snapshot::Writer::create", Does::Create, create_snapshot).without(Refusal::Unnamed),
    function("snapshot::Writer::open", Does::TakeOver, || {
        Ok(Writer::<Value>::open(NAME).map(done)?)
    }),
    function(
        "snapshot::Writer::open_or_create",
        Does::TakeOverOrCreate,
        take_over,
    ),
    function(
        "snapshot::Writer::open_or_create",
        Does::TakeOverOrCreate,
        take_over,
    )
    .without(Refusal::Unnamed),
    function(
        "snapshot::Writer::replace",
        Does::ReplaceSnapshot,
        replace_snapshot,
    ),
    function(
        "snapshot::Writer::replace",
        Does::ReplaceSnapshot,
        replace_snapshot,
    )
    .without(Refusal::Unnamed),
    function("snapshot::Reader::open", Does::ReadSnapshot, || {
        Ok(Reader::<Value>::open(NAME).map(done)?)
    }),
    function("snapshot::UnmappedReader::open", Does::ReadSnapshot, || {
        Ok(UnmappedReader::<Value>::open(NAME).map(done)?)
    }),
    function("snapshot::Reader::wait_for", Does::AwaitSnapshot, || {
        Ok(Reader::<Value>::wait_for(NAME, passed()?)?.is_some())
    }),
    function("snapshot::Follower::next", Does::AwaitSnapshot, || {
        Ok(Follower::<Value>::new(NAME).next(passed()?)?.is_some())
    }),
    function("snapshot::reap", Does::Reap, || reap(NAME)),
    function("unlink", Does::Remove, || unlink(NAME).map(done)),
    function("Object::unlink", Does::IfOwn, || {
        beside(|own| own.unlink(NAME))
    }),
    function("UnlinkGuard::unlink", Does::IfOwn, || {
        beside(|own| own.unlink_on_drop(NAME)?.unlink())
    }),
    function("snapshot::Writer::has_name", Does::IfOwn, || {
        let writer = Writer::create(OWN, 2, &VALUE)?;
        unlink(OWN)?;
        writer.has_name(NAME)
    }),
    function("snapshot::Reader::is_current", Does::IfOwn, || {
        drop(Writer::create(OWN, 2, &VALUE)?);
        let reader = Reader::<Value>::open(OWN)?;
        unlink(OWN)?;
        reader.is_current(NAME)
    }),
    function("snapshot::Writer::finish", Does::IfOwn, || {
        let removed = Writer::create(OWN, 2, &VALUE)?.finish(NAME);
        unlink(OWN)?;
        removed
    }),
    program(
        "writer",
        Does::RemoveAndCreate,
        c"writer",
        &[c"-s", c"4096"],
    ),
    program("reader", Does::MapToRead, c"reader", &[]),
    program("reader -u", Does::MapAndRemove, c"reader", &[c"-u"]),
    program("creator", Does::Create, c"creator", &[c"-s", c"4096"]),
    program("creator", Does::Create, c"creator", &[c"-s", c"4096"]).without(Refusal::Unnamed),
    program(
        "creator -r",
        Does::Replace,
        c"creator",
        &[c"-r", c"-s", c"4096"],
    ),
    program(
        "publish",
        Does::TakeOverOrCreate,
        c"publish",
        &[c"-r", c"1000000", c"-c", c"1"],
    ),
    program(
        "watch",
        Does::AwaitSnapshot,
        c"watch",
        &[c"-c", c"1", c"-t", c"0"],
    ),
];

/// Less than that of a snapshot.
const SIZE: Size = Size::Sparse(512);

/// Another name, of an object of the user's own.
const OWN: &Name = &Name::from_static("/own");

fn done<T>(_: T) -> bool {
    true
}

fn with_flags(flags: OFlags) -> Result<bool, Error> {
    let flags = i32::from_ne_bytes(flags.bits().to_ne_bytes());
    Directory::DEFAULT
        .open_with_flags(NAME, flags, 0o600)
        .map(done)
}

fn fill(mapping: &Mapping<ReadWrite>) -> Result<(), Error> {
    Ok(mapping.store(0, &7_u64)?)
}

fn create_complete() -> Result<bool, Error> {
    Ok(Options::new().create_complete(NAME, SIZE, fill).map(done)?)
}

fn once() -> Result<bool, Error> {
    Ok(Options::new()
        .open_or_create_complete(NAME, SIZE, fill)
        .map(done)?)
}

fn replace() -> Result<bool, Error> {
    Ok(Options::new().replace(NAME, SIZE, fill).map(done)?)
}

fn create_snapshot() -> Result<bool, Error> {
    Ok(Writer::create(NAME, 2, &VALUE).map(done)?)
}

fn take_over() -> Result<bool, Error> {
    Ok(Writer::open_or_create(NAME, 2, &VALUE).map(done)?)
}

fn replace_snapshot() -> Result<bool, Error> {
    Ok(Writer::replace(NAME, 2, &VALUE).map(done)?)
}

fn passed() -> Result<Deadline, Error> {
    Deadline::after(Duration::ZERO)
}

/// Does it with an object that has another name.
fn beside(act: fn(&Object<ReadWrite>) -> Result<bool, Error>) -> Result<bool, Error> {
    let own = Object::create(OWN, SIZE)?;
    let done = act(&own);
    unlink(OWN)?;
    done
}
