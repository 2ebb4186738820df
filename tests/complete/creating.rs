//! Objects that appear when they are complete, on every platform.

use core::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rawshm::{AccessError, Complete, Errno, Error, InitError, Mapping, Mode, Object, Operation};
use rawshm::{Options, Outcome, ReadWrite, Size};
use rawshm_tests::{UniqueName, answer};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

const COLUMNS: [i64; 3] = [100, 876, 8021];

fn columns(mapping: &Mapping<ReadWrite>) -> Result<(), AccessError> {
    mapping.store(0, &COLUMNS)
}

fn peer(arguments: &[&str]) -> String {
    answer(PEER, arguments)
}

#[track_caller]
fn assert_object<T, E: std::fmt::Debug + PartialEq>(
    result: Result<T, InitError<E>>,
    operation: Operation,
    errno: Errno,
) {
    let error = result.map(|_| ()).expect_err("it did not fail");
    assert_eq!(error, InitError::Object(Error::new(operation, errno)));
}

#[track_caller]
fn assert_missing(name: &UniqueName) {
    let error = Object::open(name).map(|_| ()).expect_err("it is there");
    assert_eq!(error, Error::new(Operation::Open, Errno::NOENT));
}

#[test]
fn a_peer_reads_what_the_initialiser_stored() {
    let name = UniqueName::new();
    let made = Options::new().create_complete(&name, Size::Sparse(64), columns);
    let Complete { object, mapping } = made.expect("created");
    assert_eq!(peer(&["load", &name.argument()]), "[100, 876, 8021]");
    assert!(object.size().expect("a size") >= 64);
    assert!(mapping.len() >= 64);
    mapping.store(0, &[1_i64, 2, 3]).expect("within");
    assert_eq!(peer(&["load", &name.argument()]), "[1, 2, 3]");
}

#[test]
fn a_name_that_is_taken_keeps_its_object() {
    let name = UniqueName::new();
    let first = Options::new().create_complete(&name, Size::Sparse(64), columns);
    let Complete { object, mapping } = first.expect("created");
    let size = object.size().expect("a size");
    let second = Options::new().create_complete(&name, Size::Sparse(4096), |bytes| {
        bytes.store(0, &[7_i64, 7, 7])
    });
    assert_object(second, Operation::Create, Errno::EXIST);
    assert_eq!(mapping.load::<[i64; 3]>(0).expect("within"), COLUMNS);
    assert_eq!(object.size(), Ok(size));
    assert_eq!(peer(&["load", &name.argument()]), "[100, 876, 8021]");
}

#[test]
fn the_initialisers_error_is_returned_and_leaves_no_name() {
    let name = UniqueName::new();
    let fails = |_: &Mapping<ReadWrite>| Err("no columns today");
    let failed = Options::new().create_complete(&name, Size::Sparse(64), fails);
    let why = failed.map(|_| ()).expect_err("it did not fail");
    assert_eq!(why, InitError::Initialiser("no columns today"));
    assert_missing(&name);
    let failed = Options::new().open_or_create_complete(&name, Size::Sparse(64), fails);
    let why = failed.map(|_| ()).expect_err("it did not fail");
    assert_eq!(why, InitError::Initialiser("no columns today"));
    assert_missing(&name);
}

#[test]
fn an_initialiser_that_panics_leaves_no_name() {
    let name = UniqueName::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        Options::new().create_complete(&name, Size::Sparse(64), |bytes| -> Result<(), Error> {
            columns(bytes)?;
            panic!("an initialiser that panics: part of the test")
        })
    }));
    assert!(panicked.is_err());
    assert_missing(&name);
}

#[test]
fn an_impossible_size_is_an_error_and_leaves_no_name() {
    let name = UniqueName::new();
    let never = |_: &Mapping<ReadWrite>| -> Result<(), Infallible> { panic!("nothing to fill") };
    let too_large = if cfg!(target_pointer_width = "64") {
        (Operation::Resize, Errno::FBIG)
    } else {
        (Operation::Map, Errno::NOMEM)
    };
    for (bytes, (operation, errno)) in [
        (0, (Operation::Map, Errno::NXIO)),
        (u64::MAX, too_large),
        (1 << 63, too_large),
    ] {
        for size in [Size::Sparse(bytes), Size::Reserved(bytes)] {
            let created = Options::new().create_complete(&name, size, never);
            assert_object(created, operation, errno);
            assert_missing(&name);
            let either = Options::new().open_or_create_complete(&name, size, never);
            assert_object(either.map(|_| ()), operation, errno);
            assert_missing(&name);
        }
    }
}

#[test]
fn a_size_of_0_is_an_error_also_where_there_is_an_object() {
    let name = UniqueName::new();
    let made = Options::new().create_complete(&name, Size::Sparse(64), columns);
    made.expect("created");
    let never = |_: &Mapping<ReadWrite>| -> Result<(), Infallible> { panic!("nothing to fill") };
    for size in [Size::Sparse(0), Size::Reserved(0)] {
        let found = Options::new().open_or_create_complete(&name, size, never);
        assert_object(found.map(|_| ()), Operation::Map, Errno::NXIO);
    }
    assert_eq!(peer(&["load", &name.argument()]), "[100, 876, 8021]");
}

#[test]
fn a_complete_object_is_created_exclusively_and_replaced() {
    let name = UniqueName::new();
    let Complete {
        object: first,
        mapping,
    } = Options::new()
        .create_complete(&name, Size::Sparse(64), columns)
        .expect("created");
    assert!(mapping.len() >= 64);
    assert_eq!(peer(&["load", &name.argument()]), "[100, 876, 8021]");
    let taken = Options::new().create_complete(&name, Size::Sparse(64), columns);
    assert_object(taken, Operation::Create, Errno::EXIST);
    let seven = |bytes: &Mapping<ReadWrite>| bytes.store(0, &[7_i64, 7, 7]);
    let replaced = Options::new().replace(&name, Size::Sparse(64), seven);
    if cfg!(target_os = "macos") {
        assert_object(replaced, Operation::Create, Errno::NOTSUP);
    } else {
        let Complete { object: second, .. } = replaced.expect("replaced");
        assert_eq!(peer(&["load", &name.argument()]), "[7, 7, 7]");
        let superseded = [&first, &second].map(Object::is_unlinked);
        assert_eq!(superseded, [Ok(true), Ok(false)]);
    }
}

#[test]
fn a_mode_with_other_bits_is_refused_before_anything_is_filled() {
    let name = UniqueName::new();
    let options = Options::new().mode(Mode::Exact(0o4755));
    let never = |_: &Mapping<ReadWrite>| -> Result<(), Infallible> { panic!("nothing to fill") };
    let created = options.create_complete(&name, Size::Sparse(64), never);
    assert_object(created, Operation::SetMode, Errno::INVAL);
    assert_missing(&name);
}

#[test]
fn open_or_create_fills_a_new_object_and_never_one_that_was_there() {
    let name = UniqueName::new();
    let options = Options::new();
    let made = options.open_or_create_complete(&name, Size::Sparse(64), columns);
    let (Complete { object, .. }, outcome) = made.expect("created");
    assert_eq!(outcome, Outcome::Created);
    let never = |_: &Mapping<ReadWrite>| -> Result<(), Infallible> { panic!("it is complete") };
    let found = options.open_or_create_complete(&name, Size::Sparse(24), never);
    let (Complete { mapping, .. }, outcome) = found.expect("opened");
    assert_eq!(outcome, Outcome::Opened);
    assert_eq!(mapping.len(), 24, "as far as it was asked for");
    assert_eq!(mapping.load::<[i64; 3]>(0).expect("within"), COLUMNS);
    let larger = object.size().expect("a size") + 1;
    let small = options.open_or_create_complete(&name, Size::Sparse(larger), never);
    assert_object(small.map(|_| ()), Operation::Map, Errno::NXIO);
}

#[test]
fn both_kinds_of_error_convert_with_the_question_mark() {
    let lost = Error::new(Operation::Create, Errno::EXIST);
    let access = AccessError::OutOfBounds {
        offset: 8,
        len: 1,
        available: 8,
    };
    let object = |error: InitError<AccessError>| -> Result<(), Error> { Err(error)? };
    assert_eq!(object(InitError::Object(lost)), Err(lost));
    assert_eq!(
        object(InitError::Initialiser(access)),
        Err(Error::from(access))
    );
    let infallible = |error: InitError<Infallible>| -> Result<(), Error> { Err(error)? };
    assert_eq!(infallible(lost.into()), Err(lost));
    let own = |error: InitError<Error>| -> Result<(), Error> { Err(error)? };
    assert_eq!(own(InitError::Initialiser(lost)), Err(lost));
}

#[test]
#[cfg(feature = "std")]
fn both_kinds_of_error_convert_into_those_of_std() {
    let lost = Error::new(Operation::Create, Errno::EXIST);
    let io = |error: InitError<std::io::Error>| -> Result<(), std::io::Error> { Err(error)? };
    let error = io(InitError::Object(lost)).expect_err("an error");
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<Error>());
    assert_eq!(inner, Some(&lost));
    let why = std::io::Error::new(std::io::ErrorKind::InvalidData, "no columns today");
    let error = io(InitError::Initialiser(why)).expect_err("an error");
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "no columns today");
}

#[test]
fn both_kinds_of_error_say_what_happened() {
    assert_eq!(
        InitError::Initialiser("no columns today").to_string(),
        "cannot initialise the shared memory object: no columns today"
    );
    let why = Error::new(Operation::Map, Errno::NOMEM);
    let error: &dyn core::error::Error = &InitError::Initialiser(why);
    let source = error.source().expect("why");
    assert_eq!(source.to_string(), why.to_string());
    let lost = Error::new(Operation::Create, Errno::EXIST);
    assert_eq!(
        InitError::<Error>::Object(lost).to_string(),
        "cannot create the shared memory object: file exists (EEXIST)"
    );
}
