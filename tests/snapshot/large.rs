//! Values that are larger than the stack.

use std::thread;

use rawshm::snapshot::{Follower, Reader, Writer};
use rawshm_tests::UniqueName;
use rawshm_tests::watchdog::watchdog;

const LARGE: usize = 8 << 20;

type Large = [u8; LARGE];

fn boxed() -> Box<Large> {
    let zeros = vec![0; LARGE].into_boxed_slice();
    zeros.try_into().expect("as many")
}

/// In a thread with a stack of this number of bytes.
fn with_a_stack_of(size: usize, test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(size).spawn(test);
    thread.expect("a thread").join().expect("the test");
}

fn ends_of(value: &Large) -> [u8; 3] {
    [value[0], value[LARGE / 2], value[LARGE - 1]]
}

fn writer_and_readers() {
    let name = UniqueName::new();
    let mut value = boxed();
    value.fill(1);
    // A slice of bytes as well as a box.
    let bytes = value.to_vec();
    let writer = Writer::create(&name, 2, rawshm::bytemuck::from_bytes::<Large>(&bytes));
    let mut writer = writer.expect("created");
    let mut reader = Reader::<Large>::open(&name).expect("opened");
    let mut follower = Follower::<Large>::new(&name);
    let mut found = boxed();
    assert_eq!(reader.load_into(&mut found), Ok(1));
    assert_eq!(ends_of(&found), [1; 3]);
    for stored in 2..5 {
        value.fill(stored);
        writer.store(&value);
        assert_eq!(reader.next_into(&mut found, watchdog()), Ok(true));
        assert_eq!(ends_of(&found), [stored; 3]);
        assert_eq!(follower.next_into(&mut found, watchdog()), Ok(true));
        assert_eq!(ends_of(&found), [stored; 3]);
        writer.load_into(&mut found);
        assert_eq!(ends_of(&found), [stored; 3]);
    }
    drop(writer);
    if cfg!(target_os = "linux") {
        let (writer, _) = Writer::open_or_create(&name, 2, &*value).expect("taken over");
        writer.load_into(&mut found);
        drop(writer);
        let writer = Writer::replace(&name, 2, &*value).expect("replaced");
        writer.finish(&name).expect("removed");
    } else {
        let writer = Writer::<Large>::open(&name).expect("taken over");
        writer.load_into(&mut found);
    }
    assert_eq!(ends_of(&found), [4; 3]);
}

#[test]
fn eight_mebibytes_go_through_a_thread_of_std() {
    with_a_stack_of(2 << 20, writer_and_readers);
}

#[test]
fn eight_mebibytes_go_through_a_thread_with_a_small_stack() {
    with_a_stack_of(256 << 10, writer_and_readers);
}
