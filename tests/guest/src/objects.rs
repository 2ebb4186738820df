//! Objects, mappings, and objects that appear when they are complete.

use rawshm::fd::OwnedFd;
use rawshm::{Advice, Directory, Errno, Error, Extent, Mapping, Mode, Object, Operation, Options};
use rawshm::{ReadOnly, Size, unlink};
use rustix::fs::{FlockOperation, Mode as Permissions, OFlags, flock, open};

use crate::tracer::{begun, function};
use crate::{NAME, TEMPORARY};

const SIZE: Size = Size::Sparse(4096);

pub fn all() {
    objects();
    opened_objects();
    mappings();
    complete();
    replaced();
}

/// Does it to an object that exists.
fn with(outcome: &str, act: impl FnOnce(&Object<rawshm::ReadWrite>)) {
    function(outcome, || {
        act(&Object::create(NAME, SIZE).expect("created"));
    });
}

fn shm() -> Directory {
    Directory::open(c"/dev/shm").expect("a directory")
}

fn objects() {
    function("Directory::open/opened", || drop(begun(shm)));
    function("drop/Directory", || {
        let shm = shm();
        begun(|| drop(shm));
    });
    function("Directory::is_memory/asked", || {
        begun(|| Directory::DEFAULT.is_memory()).expect("an answer");
    });
    function("Directory::is_memory/asked-of-an-open-one", || {
        let shm = shm();
        begun(|| shm.is_memory()).expect("an answer");
    });
    with("Directory::open_with_flags/opened", |_| {
        begun(|| Directory::DEFAULT.open_with_flags(NAME, 0, 0)).expect("opened");
    });
    function("Object::create/created", || {
        begun(|| Object::create(NAME, SIZE)).expect("created");
    });
    function("Object::create/reserved", || {
        begun(|| Object::create(NAME, Size::Reserved(8192))).expect("created");
    });
    with("Object::create/taken", |_| {
        begun(|| Object::create(NAME, SIZE)).expect_err("taken");
    });
    function("Options::create/with-an-exact-mode", || {
        let options = Options::new().mode(Mode::Exact(0o666));
        begun(|| options.create(NAME, SIZE)).expect("created");
    });
    function("Options::create/in-another-directory", || {
        let shm = shm();
        begun(|| Options::new().directory(&shm).create(NAME, SIZE)).expect("created");
    });
    with("Object::open/opened", |_| {
        begun(|| Object::open(NAME)).expect("opened");
    });
    function("Object::open/missing", || {
        begun(|| Object::open(NAME)).expect_err("missing");
    });
    function("Options::open/missing-in-another-directory", || {
        let shm = shm();
        begun(|| Options::new().directory(&shm).open(NAME)).expect_err("missing");
    });
    with("Object::open_read_write/opened", |_| {
        begun(|| Object::open_read_write(NAME)).expect("opened");
    });
    function("Object::open_or_create/created", || {
        begun(|| Object::open_or_create(NAME, SIZE)).expect("created");
    });
    with("Object::open_or_create/opened", |_| {
        begun(|| Object::open_or_create(NAME, SIZE)).expect("opened");
    });
    function("unlink/missing", || {
        begun(|| unlink(NAME)).expect_err("missing");
    });
    with("unlink/unlinked", |_| {
        begun(|| unlink(NAME)).expect("unlinked");
    });
}

fn opened_objects() {
    with("Object::resize/resized", |object| {
        begun(|| object.resize(Size::Sparse(8192))).expect("resized");
    });
    with("Object::resize/reserved", |object| {
        begun(|| object.resize(Size::Reserved(8192))).expect("resized");
    });
    with("Object::status/asked", |object| {
        begun(|| object.status()).expect("an answer");
    });
    with("Object::map/mapped", |object| {
        begun(|| object.map(Extent::Whole)).expect("mapped");
    });
    with("Object::map_within/mapped", |object| {
        let status = object.status().expect("an answer");
        begun(|| object.map_within(Extent::Whole, status)).expect("mapped");
    });
    with("Object::from_fd/adopted", |_| {
        let fd: OwnedFd = Object::open(NAME).expect("opened").into_fd();
        begun(|| Object::<ReadOnly>::from_fd(fd)).expect("adopted");
    });
    with("Object::into_read_only/no-call", |_| {
        let object = Object::open_read_write(NAME).expect("opened");
        begun(|| object.into_read_only());
    });
    with("Object::unlink/unlinked", |object| {
        begun(|| object.unlink(NAME)).expect("unlinked");
    });
    with("Object::unlink_on_drop/guarded", |object| {
        let _guard = begun(|| object.unlink_on_drop(NAME)).expect("guarded");
    });
    let guard = |object: &Object<_>| object.unlink_on_drop(NAME).expect("guarded");
    with("UnlinkGuard::unlink/unlinked", |object| {
        let guard = guard(object);
        begun(|| guard.unlink()).expect("unlinked");
    });
    with("UnlinkGuard::keep/closed", |object| {
        let guard = guard(object);
        begun(|| guard.keep());
    });
    with("drop/UnlinkGuard", |object| {
        let guard = guard(object);
        begun(|| drop(guard));
    });
    with("drop/Object", |_| {
        let object = Object::open(NAME).expect("opened");
        begun(|| drop(object));
    });
}

fn mappings() {
    let open = || Mapping::open_read_write(NAME, Extent::Whole);
    function("Mapping::create/created", || {
        begun(|| Mapping::create(NAME, SIZE)).expect("created");
    });
    with("Mapping::open/opened", |_| {
        begun(|| Mapping::open(NAME, Extent::Whole)).expect("opened");
    });
    with("Mapping::open_read_write/opened", |_| {
        begun(open).expect("opened");
    });
    let mapped = |outcome, act: fn(Mapping<rawshm::ReadWrite>)| {
        with(outcome, |_| act(open().expect("mapped")));
    };
    mapped("Mapping::prefault/prefaulted", |mapping| {
        // Before Linux 5.14 there is no such call.
        let _ = begun(|| mapping.prefault());
    });
    mapped("Mapping::lock/locked", |mapping| {
        begun(|| mapping.lock()).expect("locked");
    });
    mapped("Mapping::unlock/unlocked", |mapping| {
        begun(|| mapping.unlock()).expect("unlocked");
    });
    mapped("Mapping::advise/advised", |mapping| {
        begun(|| mapping.advise(Advice::DontDump)).expect("advised");
    });
    mapped("Mapping::into_read_only/protected", |mapping| {
        begun(|| mapping.into_read_only()).expect("protected");
    });
    mapped("SharedBytes::load/no-call", |mapping| {
        begun(|| {
            mapping.store(0, &[7_u64; 100])?;
            mapping.load::<[u64; 100]>(0)
        })
        .expect("within");
    });
    mapped("drop/Mapping", |mapping| begun(|| drop(mapping)));
}

fn fill(mapping: &Mapping<rawshm::ReadWrite>) -> Result<(), Error> {
    Ok(mapping.store(0, &7_u64)?)
}

fn fails(_: &Mapping<rawshm::ReadWrite>) -> Result<(), Error> {
    Err(Error::new(Operation::Access, Errno::IO))
}

/// A temporary name that a process has left.
fn left() -> OwnedFd {
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC;
    open(TEMPORARY, flags, Permissions::RWXU).expect("a file")
}

fn complete() {
    let options = Options::new();
    function("Options::create_complete/created", || {
        begun(|| options.create_complete(NAME, SIZE, fill)).expect("created");
    });
    function("Options::create_complete/initialiser-failed", || {
        begun(|| options.create_complete(NAME, SIZE, fails)).expect_err("failed");
    });
    function(
        "Options::create_complete/reserved-with-an-exact-mode",
        || {
            let (size, options) = (Size::Reserved(24), options.mode(Mode::Exact(0o666)));
            begun(|| options.create_complete(NAME, size, fill)).expect("created");
        },
    );
    function("Options::create_complete/in-another-directory", || {
        let shm = shm();
        begun(|| options.directory(&shm).create_complete(NAME, SIZE, fill)).expect("created");
    });
    function(
        "Options::create_complete/past-a-temporary-name-that-was-left",
        || {
            left();
            begun(|| options.create_complete(NAME, SIZE, fill)).expect("created");
        },
    );
    function("Options::open_or_create_complete/created", || {
        begun(|| options.open_or_create_complete(NAME, SIZE, fill)).expect("created");
    });
    function("drop/Complete", || {
        let complete = options.create_complete(NAME, SIZE, fill).expect("created");
        begun(|| drop(complete));
    });
    with("Options::open_or_create_complete/opened", |_| {
        begun(|| options.open_or_create_complete(NAME, SIZE, fill)).expect("opened");
    });
}

fn replaced() {
    let options = Options::new();
    with("Options::replace/replaced", |_| {
        begun(|| options.replace(NAME, SIZE, fill)).expect("replaced");
    });
    with("Options::replace/initialiser-failed", |_| {
        begun(|| options.replace(NAME, SIZE, fails)).expect_err("failed");
    });
    with("Options::replace/in-another-directory", |_| {
        let shm = shm();
        begun(|| options.directory(&shm).replace(NAME, SIZE, fill)).expect("replaced");
    });
    function(
        "Options::replace/past-a-temporary-name-that-was-left",
        || {
            left();
            begun(|| options.replace(NAME, SIZE, fill)).expect("replaced");
        },
    );
    function("Options::replace/past-a-temporary-name-in-use", || {
        let in_use = left();
        flock(&in_use, FlockOperation::NonBlockingLockExclusive).expect("locked");
        begun(|| options.replace(NAME, SIZE, fill)).expect("replaced");
    });
}
