//! Every operation of the library, to be tried where something is refused.

use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use crate::UniqueName;
use rawshm::snapshot::{self, Deadline, Follower, Reader, UnmappedReader, Writer};
use rawshm::{
    Advice, Directory, Error, Extent, InitError, Mapping, Mode, Object, Options, ReadOnly,
    ReadWrite, Seals, Size,
};

/// An operation, what exists before it, and what must be so after it.
pub struct Operation {
    pub name: &'static str,
    pub before: fn(&UniqueName),
    /// Returns whether it did what it is for: a name may be another object's.
    pub run: fn(&UniqueName) -> Result<bool, Error>,
    /// Checks that it was done; without it, that the object is as it was.
    pub done: Option<fn(&UniqueName)>,
}

/// What an operation panics with if it was not refused, and its answer is wrong.
pub const WRONG: &str = "a wrong answer";

const SIZE: Size = Size::Sparse(4096);
const OLD: u64 = 1;
const NEW: u64 = 2;

fn nothing(_: &UniqueName) {}

fn an_object(name: &UniqueName) {
    let object = Mapping::create(name, Size::Sparse(8192)).expect("created");
    object.store(0, &OLD).expect("within");
}

/// Without a writer.
fn a_snapshot(name: &UniqueName) {
    drop(Writer::create(name, 2, &OLD).expect("created"));
}

fn number(number: u64) -> impl Fn(&Mapping<ReadWrite>) -> Result<(), Error> {
    move |mapping| Ok(mapping.store(0, &number)?)
}

fn loaded(name: &UniqueName) -> u64 {
    let mapping = Mapping::open(name, Extent::first(8)).expect("opened");
    mapping.load(0).expect("within")
}

pub fn is_old_object(name: &UniqueName) {
    assert_eq!(loaded(name), OLD);
    assert_eq!(Object::open(name).expect("opened").size(), Ok(8192));
}

fn is_new_object(name: &UniqueName) {
    assert_eq!(loaded(name), NEW);
}

fn is_empty(name: &UniqueName) {
    assert_eq!(loaded(name), 0);
}

/// Whatever the umask.
fn is_exact(name: &UniqueName) {
    let mode = name.path().metadata().expect("there").mode();
    assert_eq!(mode & 0o7777, 0o640);
    is_empty(name);
}

fn is_reserved(name: &UniqueName) {
    // Before it is mapped, which would get the memory.
    assert_eq!(Object::open(name).expect("opened").allocated(), Ok(4096));
    is_empty(name);
}

fn is_retired(name: &UniqueName) {
    assert!(Reader::<u64>::open(name).expect("opened").is_retired());
}

fn is_gone(name: &UniqueName) {
    assert!(!name.path().exists());
}

fn value(name: &UniqueName) -> Result<u64, snapshot::Error> {
    Ok(Reader::open(name)?.load()?)
}

pub fn is_old_snapshot(name: &UniqueName) {
    assert_eq!(value(name), Ok(OLD));
    let writer = Writer::<u64>::open(name).expect("no writer, and not retired");
    assert_eq!(writer.load(), OLD);
}

fn is_new_snapshot(name: &UniqueName) {
    assert_eq!(value(name), Ok(NEW));
}

fn init<T>(made: Result<T, InitError<Error>>) -> Result<(), Error> {
    Ok(made.map(|_| ())?)
}

fn object(name: &UniqueName) -> Result<Object<ReadWrite>, Error> {
    Object::open_read_write(name)
}

/// What an operation returns.
trait Did {
    fn did(self) -> bool;
}

impl Did for () {
    fn did(self) -> bool {
        true
    }
}

impl Did for bool {
    fn did(self) -> bool {
        self
    }
}

macro_rules! operations {
    ($($name:literal: $before:ident, $done:expr, |$argument:ident| $run:expr;)*) => {
        &[$(Operation {
            name: $name,
            before: $before,
            run: |$argument| {
                let run = || $run;
                run().map(Did::did)
            },
            done: $done,
        }),*]
    };
}

/// A macro, because the closures then have one line each.
pub const OPERATIONS: &[Operation] = operations! {
    "create": nothing, Some(is_empty), |name| Object::create(name, SIZE).map(drop);
    "create, exact": nothing, Some(is_exact), |name| {
        Options::new().mode(Mode::Exact(0o640)).create(name, SIZE).map(drop)
    };
    "create, reserved": nothing, Some(is_reserved), |name| {
        Object::create(name, Size::Reserved(4096)).map(drop)
    };
    "create_mapping": nothing, Some(is_empty), |name| Mapping::create(name, SIZE).map(drop);
    "open_or_create, new": nothing, Some(is_empty), |name| {
        Object::open_or_create(name, SIZE).map(drop)
    };
    "open_or_create, old": an_object, None, |name| Object::open_or_create(name, SIZE).map(drop);
    "open": an_object, None, |name| Object::open(name).map(drop);
    "open, missing": nothing, None, |name| {
        Object::open(name).map(|_| panic!("{WRONG}")).or_else(missing)
    };
    "open_mapping": an_object, None, |name| Mapping::open(name, Extent::Whole).map(drop);
    "open, read-write": an_object, None, |name| {
        Mapping::open_read_write(name, Extent::first(8)).map(drop)
    };
    "open with flags": an_object, None, |name| {
        Directory::DEFAULT.open_with_flags(name, libc::O_RDWR, 0).map(drop)
    };
    "from_fd": an_object, None, |name| {
        Object::<ReadWrite>::from_fd(object(name)?.into_fd()).map(drop)
    };
    "status": an_object, None, |name| object(name)?.status().map(drop);
    "read_at": an_object, None, |name| {
        let read = Object::open(name)?.read_at::<u64>(0)?;
        assert_eq!(read, OLD);
        Ok(())
    };
    "create_anonymous": nothing, None, |_name| {
        Object::create_anonymous(Size::Reserved(4096)).map(drop)
    };
    "from_sealed_fd": nothing, None, |_name| {
        let object = Object::create_anonymous(SIZE)?;
        object.seal(Seals::SizeAndWrites)?;
        let fd = object.into_fd();
        Object::<ReadOnly>::from_sealed_fd(fd, Seals::SizeAndWrites).map(drop)
    };
    "resize, sparse": an_object, Some(is_resized), |name| object(name)?.resize(SIZE);
    "resize, reserved": an_object, Some(is_resized), |name| {
        object(name)?.resize(Size::Reserved(4096))
    };
    "into_read_only": an_object, None, |name| {
        object(name)?.map(Extent::Whole)?.into_read_only().map(drop)
    };
    "prefault": an_object, None, |name| object(name)?.map(Extent::Whole)?.prefault();
    "lock": an_object, None, |name| {
        let mapping = object(name)?.map(Extent::Whole)?;
        mapping.lock()?;
        mapping.unlock()
    };
    "advise": an_object, None, |name| {
        object(name)?.map(Extent::Whole)?.advise(Advice::DontDump)
    };
    "unlink": an_object, Some(is_gone), |name| rawshm::unlink(name);
    "unlink an object": an_object, Some(is_gone), |name| object(name)?.unlink(name);
    "a guard": an_object, Some(is_gone), |name| {
        object(name)?.unlink_on_drop(name)?.unlink()
    };
    "a guard, kept": an_object, None, |name| {
        object(name)?.unlink_on_drop(name)?.keep();
        Ok(())
    };
    "is_memory": nothing, None, |_name| Directory::DEFAULT.is_memory();
    "is_memory, of a directory": nothing, None, |_name| shm()?.is_memory();
    "create, in a directory": nothing, Some(is_empty), |name| {
        Options::new().directory(&shm()?).create(name, SIZE).map(drop)
    };
    "open, missing, in a directory": nothing, None, |name| {
        let opened = Options::new().directory(&shm()?).open(name);
        opened.map(|_| panic!("{WRONG}")).or_else(missing)
    };
    "unlink, in a directory": an_object, Some(is_gone), |name| shm()?.unlink(name);
    "replace, in a directory": an_object, Some(is_new_object), |name| {
        init(Options::new().directory(&shm()?).replace(name, SIZE, number(NEW)))
    };
    "create_complete": nothing, Some(is_new_object), |name| {
        init(Options::new().create_complete(name, SIZE, number(NEW)))
    };
    "replace": an_object, Some(is_new_object), |name| {
        init(Options::new().replace(name, SIZE, number(NEW)))
    };
    "open_or_create_complete, new": nothing, Some(is_new_object), |name| {
        init(Options::new().open_or_create_complete(name, SIZE, number(NEW)))
    };
    "open_or_create_complete, old": an_object, None, |name| {
        init(Options::new().open_or_create_complete(name, SIZE, number(NEW)))
    };
    "claim": an_object, None, |name| {
        let object = object(name)?;
        object.claim()?;
        // As other processes see it.
        Object::open(name)?.writer_alive().map(|alive| assert!(alive, "{WRONG}"))
    };
    "writer_alive": an_object, None, |name| {
        object(name)?.writer_alive().map(|alive| assert!(!alive, "{WRONG}"))
    };
    "wait_for_writer_end": an_object, None, |name| object(name)?.wait_for_writer_end();
    "reap": an_object, Some(is_gone), |name| snapshot::reap(name);
    "reap a snapshot": a_snapshot, Some(is_gone), |name| snapshot::reap(name);
    "Writer::create": nothing, Some(is_new_snapshot), |name| {
        Ok(Writer::create(name, 2, &NEW).map(drop)?)
    };
    "Writer::open": a_snapshot, Some(is_new_snapshot), |name| {
        Writer::open(name)?.store(&NEW);
        Ok(())
    };
    "Writer::open_or_create, new": nothing, Some(is_new_snapshot), |name| {
        Ok(Writer::open_or_create(name, 2, &NEW).map(drop)?)
    };
    "Writer::open_or_create, old": a_snapshot, None, |name| {
        Ok(Writer::open_or_create(name, 2, &NEW).map(drop)?)
    };
    "Writer::replace": a_snapshot, Some(is_new_snapshot), |name| {
        Ok(Writer::replace(name, 4, &NEW).map(drop)?)
    };
    "Writer::finish": a_snapshot, Some(is_gone), |name| {
        Writer::<u64>::open(name)?.finish(name)
    };
    "Writer::retire": a_snapshot, Some(is_retired), |name| {
        Writer::<u64>::open(name)?.retire();
        Ok(())
    };
    "Writer::has_name": a_snapshot, None, |name| {
        Writer::<u64>::open(name)?.has_name(name)
    };
    "Writer::notify": a_snapshot, Some(is_new_snapshot), |name| {
        let mut writer = Writer::open(name)?;
        writer.store(&NEW);
        // The value is stored, whether or not readers can be woken.
        let _ = writer.notify();
        Ok(())
    };
    "Reader::open": a_snapshot, None, |name| {
        assert_eq!(Reader::<u64>::open(name)?.load(), Ok(OLD), "{WRONG}");
        Ok(())
    };
    "UnmappedReader::load": a_snapshot, None, |name| {
        let mut reader = UnmappedReader::<u64>::open(name)?;
        assert_eq!(reader.load()?, OLD);
        assert!(!reader.is_retired()?);
        Ok(())
    };
    "Reader::is_current": a_snapshot, None, |name| {
        Reader::<u64>::open(name)?.is_current(name)
    };
    "Reader::next": a_snapshot, None, |name| {
        let mut reader = Reader::open(name)?;
        assert_eq!(reader.next(Deadline::NEVER)?, Some(OLD), "{WRONG}");
        assert_eq!(reader.next(soon()?)?, None, "{WRONG}");
        Ok(())
    };
    "Reader::wait_for": a_snapshot, None, |name| {
        assert!(Reader::<u64>::wait_for(name, Deadline::NEVER)?.is_some(), "{WRONG}");
        Ok(())
    };
    "Reader::wait_for, missing": nothing, None, |name| {
        assert!(Reader::<u64>::wait_for(name, soon()?)?.is_none(), "{WRONG}");
        Ok(())
    };
    "Reader::wait_for, missing, in a directory": nothing, None, |name| {
        let shm = shm()?;
        let options = Options::new().directory(&shm);
        let found = Reader::<u64>::wait_for_with(&options, name, soon()?)?;
        assert!(found.is_none(), "{WRONG}");
        Ok(())
    };
    "Follower::next": a_snapshot, None, |name| {
        let mut follower = Follower::<u64>::new(name);
        assert_eq!(follower.next(soon()?)?, Some(OLD), "{WRONG}");
        assert_eq!(follower.next(soon()?)?, None, "{WRONG}");
        Ok(())
    };
};

/// The same directory as by default, but opened as another one would be.
fn shm() -> Result<Directory, Error> {
    Directory::open(c"/dev/shm")
}

fn soon() -> Result<Deadline, Error> {
    Deadline::after(Duration::from_millis(20))
}

fn missing(error: Error) -> Result<(), Error> {
    if error == Error::new(rawshm::Operation::Open, rawshm::Errno::NOENT) {
        Ok(())
    } else {
        Err(error)
    }
}

fn is_resized(name: &UniqueName) {
    assert_eq!(loaded(name), OLD);
    assert_eq!(Object::open(name).expect("opened").size(), Ok(4096));
}
