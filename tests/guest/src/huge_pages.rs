//! Objects of huge pages: memfds with `MFD_HUGETLB`, and hugetlbfs.

use rawshm::fd::AsFd as _;
use rawshm::snapshot::Writer;
use rawshm::{Advice, Directory, Errno, Error, Extent, Mapping, Object, Operation, Options};
use rawshm::{ReadWrite, Size, unlink};
use rustix::fs::{MemfdFlags, Mode, OFlags, memfd_create, open};
use rustix::io::read;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::machine::{in_a_child, set};
use crate::report::Cells;
use crate::shm::each_name;
use crate::{NAME, programs};

/// On every architecture that this runs on, in bytes.
const HUGE: u64 = 2 << 20;

/// What must hold, and a test of it.
type Claim = (&'static str, fn());

const CLAIMS: &[Claim] = &[
    (
        "a size that is not of huge pages is refused and changes nothing",
        sizes,
    ),
    ("a mapping of any part works and nothing of it stays", parts),
    ("a claim ends with the last mapping", claims),
    (
        "objects of a hugetlbfs work if their size is of huge pages",
        objects,
    ),
    ("the programs work on a hugetlbfs", run_programs),
];

pub fn all() {
    let mut cells = Cells::begin("huge-pages");
    // Not every kernel has them.
    let claims = match set(c"/proc/sys/vm/nr_hugepages", b"8") {
        Err(Errno::NOENT) => &[],
        set => {
            set.expect("memory");
            CLAIMS
        }
    };
    for (claim, holds) in claims {
        match in_a_child(holds) {
            Ok(0) => cells.green(),
            other => cells.red(format_args!("{claim}: {other:?}")),
        }
    }
    cells.end();
}

/// An object of this many huge pages. It has no memory yet.
fn memfd(pages: u64) -> Object<ReadWrite> {
    let fd = memfd_create(c"huge", MemfdFlags::HUGETLB | MemfdFlags::CLOEXEC).expect("a file");
    let object = Object::from_fd(fd).expect("adopted");
    object.resize(Size::Sparse(pages * HUGE)).expect("sized");
    object
}

fn part(offset: u64, len: usize) -> Extent {
    Extent::Part { offset, len }
}

/// Whether this process has a mapping of a file whose name has this in it.
fn has_mapped(name: &[u8]) -> bool {
    let maps = open(c"/proc/self/maps", OFlags::RDONLY, Mode::empty()).expect("this process's");
    let mut text = [0; 8192];
    let mut len = 0;
    loop {
        match read(&maps, &mut text[len..]).expect("text") {
            0 => break,
            more => len += more,
        }
    }
    assert!(len < text.len(), "it has too many mappings");
    text[..len].windows(name.len()).any(|part| part == name)
}

fn fails<T>(done: Result<T, Error>, operation: Operation, errno: Errno) {
    assert!(done.err() == Some(Error::new(operation, errno)));
}

fn sizes() {
    let object = memfd(1);
    fails(
        object.resize(Size::Sparse(4096)),
        Operation::Resize,
        Errno::INVAL,
    );
    assert!(object.size() == Ok(HUGE));
}

fn parts() {
    let object = memfd(2);
    for (offset, len) in [(0, 24), (65_536, 8), (HUGE - 8, 16), (HUGE, 4096), (3, 1)] {
        let mapping = object.map(part(offset, len)).expect("mapped");
        assert!(mapping.len() == len);
        mapping.fill(0, len, 7_u8).expect("within");
        // Before Linux 5.14 there is no such advice.
        let prefaulted = mapping.prefault().map_err(Error::errno);
        assert!(matches!(prefaulted, Ok(()) | Err(Errno::INVAL)));
        mapping.lock().expect("locked");
        mapping.unlock().expect("unlocked");
        mapping.advise(Advice::DontDump).expect("advised");
        assert!(has_mapped(b"memfd:huge"));
        let mapping = mapping.into_read_only().expect("read-only");
        assert!(mapping.load(len - 1) == Ok(7_u8));
        let again = object.map(Extent::Whole).expect("mapped");
        assert!(again.load(usize::try_from(offset).expect("small")) == Ok(7_u8));
        drop((mapping, again));
        assert!(!has_mapped(b"memfd:huge"));
    }
    fails(
        object.map(part(2 * HUGE - 1, 2)),
        Operation::Map,
        Errno::NXIO,
    );
}

fn claims() {
    let object = memfd(1);
    object.claim().expect("claimed");
    let mapping = object.map(Extent::first(8)).expect("mapped");
    let again = reopened(&object);
    drop(object);
    assert!(again.writer_alive() == Ok(true));
    drop(mapping);
    assert!(again.writer_alive() == Ok(false));
}

/// The same object, opened again.
fn reopened(object: &Object<ReadWrite>) -> Object<ReadWrite> {
    let fds = open(c"/proc/self/fd", OFlags::PATH, Mode::empty()).expect("this process's");
    let number = rustix::path::DecInt::from_fd(object.as_fd());
    let flags = OFlags::RDWR | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(fds, number, flags, Mode::empty()).expect("opened");
    Object::from_fd(fd).expect("adopted")
}

/// Does it while `/dev/shm` is a hugetlbfs.
fn on_hugetlbfs(act: impl FnOnce()) {
    mount(
        c"huge",
        c"/dev/shm",
        c"hugetlbfs",
        MountFlags::NOSUID,
        c"pagesize=2M",
    )
    .expect("root");
    act();
    unmount(c"/dev/shm", UnmountFlags::empty()).expect("nothing uses it");
}

fn objects() {
    on_hugetlbfs(|| {
        assert!(Directory::DEFAULT.is_memory() == Ok(true));
        for size in [Size::Sparse(4096), Size::Reserved(HUGE + 1)] {
            fails(Object::create(NAME, size), Operation::Resize, Errno::INVAL);
            fails(Object::open(NAME), Operation::Open, Errno::NOENT);
        }
        let refused = Writer::create(NAME, 2, &0_u64).expect_err("too small");
        assert!(Error::from(refused).errno() == Errno::INVAL);
        for size in [Size::Sparse(HUGE), Size::Reserved(2 * HUGE)] {
            let writer = Mapping::create(NAME, size).expect("created");
            writer.store(100, &8021_u64).expect("within");
            let reader = Mapping::open(NAME, part(100, 8)).expect("opened");
            assert!(reader.load(0) == Ok(8021_u64));
            drop((writer, reader));
            let store = |mapping: &Mapping<_>| mapping.store(0, &1_u64);
            drop(Options::new().replace(NAME, size, store).expect("replaced"));
            unlink(NAME).expect("its own");
            let made = Options::new().create_complete(NAME, size, store);
            drop(made.expect("created"));
            unlink(NAME).expect("its own");
        }
        assert!(!has_mapped(b"/dev/shm"));
        each_name(|_, _| Err(Errno::NOTEMPTY)).expect("nothing is left");
    });
}

fn run_programs() {
    on_hugetlbfs(|| {
        let ends = |path, arguments, right| {
            let ended = in_a_child(|| programs::start(path, arguments));
            assert!(ended == Ok(right));
        };
        ends(c"writer", &[c"-s", c"4194304"][..], 0);
        ends(c"reader", &[c"-u"], 0);
        ends(c"writer", &[c"-s", c"4096"], 1);
    });
}
