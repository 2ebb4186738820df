//! Objects that are read through their descriptors, and sealed ones.

use rawshm::snapshot::{UnmappedReader, Writer};
use rawshm::{Object, ReadOnly, ReadWrite, Seals, Size};

use crate::NAME;
use crate::tracer::{begun, function};

const SIZE: Size = Size::Sparse(4096);

pub fn all() {
    reads();
    seals();
    snapshots();
}

fn reads() {
    for (outcome, offset) in [
        ("Object::read_at/read", 8),
        ("Object::read_at/ends-before", 4096),
        ("Object::read_at/ends-within", 4088),
    ] {
        function(outcome, || {
            let object = Object::create(NAME, SIZE).expect("created");
            let read = begun(|| object.read_at::<[i64; 3]>(offset));
            assert_eq!(read.is_ok(), offset == 8);
        });
    }
    function("Object::read_into/read", || {
        let object = Object::create(NAME, SIZE).expect("created");
        begun(|| object.read_into(8, &mut [0_i64; 3])).expect("read");
    });
}

fn seals() {
    let anonymous = || Object::create_anonymous(SIZE).expect("created");
    function("Object::create_anonymous/created", || {
        begun(|| Object::create_anonymous(SIZE)).expect("created");
    });
    function("Object::create_anonymous/reserved", || {
        begun(|| Object::create_anonymous(Size::Reserved(4096))).expect("created");
    });
    function("Object::seal/sealed", || {
        let object = anonymous();
        begun(|| object.seal(Seals::SizeAndWrites)).expect("sealed");
    });
    function("Object::from_sealed_fd/adopted", || {
        let fd = anonymous().into_fd();
        begun(|| Object::<ReadWrite>::from_sealed_fd(fd, Seals::Size)).expect("sealed");
    });
    function("Object::from_sealed_fd/not-sealed", || {
        let fd = Object::create(NAME, SIZE).expect("created").into_fd();
        begun(|| Object::<ReadOnly>::from_sealed_fd(fd, Seals::Size)).expect_err("not sealed");
    });
}

/// Does it to a snapshot whose last value has this number.
fn of_number(outcome: &str, number: u64, act: impl FnOnce()) {
    function(outcome, || {
        let mut writer = Writer::create(NAME, 4, &1_u64).expect("created");
        for value in 2..=number {
            writer.store(&value);
        }
        act();
    });
}

fn snapshots() {
    let open = || UnmappedReader::<u64>::open(NAME);
    of_number("snapshot::UnmappedReader::open/opened", 1, || {
        begun(open).expect("opened");
    });
    of_number("snapshot::UnmappedReader::of/read", 1, || {
        let object = Object::open(NAME).expect("opened");
        begun(|| UnmappedReader::<u64>::of(object)).expect("read");
    });
    for (outcome, number) in [
        ("snapshot::UnmappedReader::load/loaded", 1),
        (
            "snapshot::UnmappedReader::load/loaded-first-of-a-late-reader",
            200,
        ),
    ] {
        of_number(outcome, number, || {
            let mut reader = open().expect("opened");
            begun(|| reader.load()).expect("loaded");
        });
    }
    of_number("snapshot::UnmappedReader::is_retired/asked", 1, || {
        let reader = open().expect("opened");
        begun(|| reader.is_retired()).expect("an answer");
    });
    of_number("drop/snapshot::UnmappedReader", 1, || {
        let reader = open().expect("opened");
        begun(|| drop(reader));
    });
}
