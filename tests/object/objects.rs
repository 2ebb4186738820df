//! Objects on every platform: creating, opening, unlinking, adopting.

use rawshm::{Errno, Object, Operation, Outcome, ReadOnly, ReadWrite, Size};
use rawshm_tests::{UniqueName, assert_failed};

#[test]
fn creating_is_exclusive() {
    let name = UniqueName::new();
    let first = Object::create(&name, Size::Sparse(100)).expect("created");
    let again = Object::create(&name, Size::Sparse(4096));
    assert_failed(again, Operation::Create, Errno::EXIST);
    let size = first.size().expect("a size");
    assert!(
        (100..4096 * 16).contains(&size),
        "the first object is untouched: {size}"
    );
}

#[test]
fn a_missing_object_cannot_be_opened_or_unlinked() {
    let name = UniqueName::new();
    assert_failed(Object::open(&name), Operation::Open, Errno::NOENT);
    assert_failed(
        Object::open_read_write(&name),
        Operation::Open,
        Errno::NOENT,
    );
    assert_failed(rawshm::unlink(&name), Operation::Unlink, Errno::NOENT);
}

#[test]
fn open_or_create_says_which_it_was() {
    let name = UniqueName::new();
    let (_, outcome) = Object::open_or_create(&name, Size::Sparse(64)).expect("created");
    assert_eq!(outcome, Outcome::Created);
    let (_, outcome) = Object::open_or_create(&name, Size::Sparse(8192)).expect("opened");
    assert_eq!(outcome, Outcome::Opened);
}

#[test]
fn an_unlinked_name_can_be_created_anew_while_the_old_object_lives() {
    let name = UniqueName::new();
    let old = Object::create(&name, Size::Sparse(8)).expect("created");
    let old = old.map(rawshm::Extent::first(8)).expect("mapped");
    rawshm::unlink(&name).expect("unlinked");
    let new = Object::create(&name, Size::Sparse(8)).expect("created anew");
    let new = new.map(rawshm::Extent::first(8)).expect("mapped");
    old.store(0, &1_u64).expect("within");
    assert_eq!(new.load::<u64>(0).expect("within"), 0);
}

#[test]
fn a_guard_unlinks_when_it_is_dropped_and_not_when_it_is_given_up() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(1)).expect("created");
    object.unlink_on_drop(&name).expect("a guard").keep();
    assert!(Object::open(&name).is_ok());
    drop(object.unlink_on_drop(&name).expect("a guard"));
    assert_failed(Object::open(&name), Operation::Open, Errno::NOENT);
}

#[test]
fn a_guard_says_whether_it_has_unlinked() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(1)).expect("created");
    let one = object.unlink_on_drop(&name).expect("a guard");
    let other = object.unlink_on_drop(&name).expect("a guard");
    assert_eq!(one.unlink(), Ok(true));
    assert_failed(Object::open(&name), Operation::Open, Errno::NOENT);
    #[cfg(target_os = "linux")]
    assert_eq!(other.unlink(), Ok(false));
    #[cfg(not(target_os = "linux"))]
    other.keep();
}

#[test]
fn dropping_an_object_or_a_mapping_unlinks_nothing() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(1)).expect("created");
    drop(object.map(rawshm::Extent::first(1)).expect("mapped"));
    drop(object);
    assert!(Object::open(&name).is_ok());
}

#[test]
fn a_descriptor_can_be_given_up_and_adopted() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(8)).expect("created");
    let object = Object::<ReadWrite>::from_fd(object.into_fd()).expect("adopted");
    object
        .map(rawshm::Extent::first(8))
        .expect("mapped")
        .store(0, &1_u64)
        .expect("within");
    let read_only = Object::open(&name).expect("opened");
    let read_only = Object::<ReadOnly>::from_fd(read_only.into_fd()).expect("adopted");
    let mapping = read_only.map(rawshm::Extent::first(8)).expect("mapped");
    assert_eq!(mapping.load::<u64>(0), Ok(1));
    let refused = Object::<ReadWrite>::from_fd(read_only.into());
    assert_failed(refused, Operation::Adopt, Errno::ACCESS);
}
