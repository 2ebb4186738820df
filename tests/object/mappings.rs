//! Mappings on every platform: extents, rights, lifetimes.

use rawshm::{Errno, Extent, Mapping, Object, Operation, Size};
use rawshm_tests::{UniqueName, assert_failed};

fn part(offset: u64, len: usize) -> Extent {
    Extent::Part { offset, len }
}

#[test]
fn an_empty_request_is_an_error() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(100)).expect("created");
    assert_failed(object.map(Extent::first(0)), Operation::Map, Errno::INVAL);
    assert_failed(object.map(part(50, 0)), Operation::Map, Errno::INVAL);
    assert_failed(
        object.map(part(u64::MAX, 1)),
        Operation::Map,
        Errno::OVERFLOW,
    );
    assert_failed(
        object.map(part(1, usize::MAX)),
        Operation::Map,
        Errno::OVERFLOW,
    );
}

#[test]
fn a_mapping_outlives_its_object_and_its_name() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(8)).expect("created");
    let writer = object.map(Extent::first(8)).expect("mapped");
    let reader = Mapping::open(&name, Extent::first(8)).expect("mapped");
    drop(object);
    rawshm::unlink(&name).expect("unlinked");
    writer.store(0, &5_u64).expect("within");
    assert_eq!(reader.load::<u64>(0).expect("within"), 5);
}

#[test]
fn rights_given_up_leave_the_bytes_readable() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(8)).expect("created");
    let writer = Mapping::open_read_write(&name, Extent::first(8)).expect("mapped");
    let reader = mapping.into_read_only().expect("protected");
    writer.store(0, &5_u64).expect("within");
    assert_eq!(reader.load::<u64>(0).expect("within"), 5);
    let object = Object::open_read_write(&name)
        .expect("opened")
        .into_read_only();
    assert_eq!(
        object.map(Extent::first(8)).expect("mapped").load::<u64>(0),
        Ok(5)
    );
}

#[test]
fn a_mapping_can_be_locked_and_unlocked() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(4096)).expect("created");
    mapping.lock().expect("one page is within every limit");
    mapping.unlock().expect("unlocked");
}
