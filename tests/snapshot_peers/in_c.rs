//! Snapshots read by programs in C and C++, with the header of the C examples.

#![cfg(all(target_os = "linux", target_endian = "little"))]

use std::path::Path;
use std::process::Command;

use rawshm::snapshot::Writer;
use rawshm::{Extent, Mapping};
use rawshm_tests::header::{VERSION, unpublish};
use rawshm_tests::{Peer, UniqueName, c_program, cxx_program, run};

const SOURCE: &str = "examples/capi/snapshot.c";

/// The reader, for at most this many values, without a limit on the time.
fn reader(program: &Path, name: &UniqueName, count: &str) -> Command {
    let mut reader = Command::new(program);
    reader.args([&name.argument(), count]);
    reader
}

fn loads_each_value_and_sleeps_until_the_next_or_the_end(program: &Path) {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &[100_i64, 876, 8021]).expect("created");
    let mut reader = Peer::start(&mut reader(program, &name, "5"));
    assert_eq!(reader.line(), "1: 100 876 8021");
    for number in 2..=4 {
        writer.store(&[-number, i64::MAX, i64::MIN]);
        writer.notify().expect("notified");
        assert_eq!(
            reader.line(),
            format!("{number}: {} {} {}", -number, i64::MAX, i64::MIN)
        );
    }
    reader.asleep_in(libc::SYS_futex);
    writer.retire();
    assert_eq!(reader.line(), "no value will follow");
    assert_eq!(reader.end(), 0);
}

#[test]
fn a_reader_in_c_loads_each_value_and_sleeps_until_the_next_or_the_end() {
    loads_each_value_and_sleeps_until_the_next_or_the_end(&c_program(SOURCE));
}

#[test]
fn a_reader_in_c_sleeps_no_longer_than_it_wants_and_then_has_what_is_there() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &[1_i64, 2, 3]).expect("created");
    let read =
        |count: &str| run(Command::new(c_program(SOURCE)).args([&name.argument(), count, "1"]));
    let late = read("2");
    assert_eq!(
        (late.stdout.as_str(), late.stderr.as_str()),
        ("1: 1 2 3\n", "futex: Connection timed out\n")
    );
    // As a writer leaves it that is killed before it wakes its readers.
    let mut reader = Command::new(c_program(SOURCE));
    let mut reader = Peer::start(reader.args([&name.argument(), "2", "2000"]));
    assert_eq!(reader.line(), "1: 1 2 3");
    reader.asleep_in(libc::SYS_futex);
    writer.store(&[4, 5, 6]);
    assert_eq!(reader.line(), "2: 4 5 6");
    assert_eq!(reader.end(), 0);
}

#[test]
fn a_reader_in_c_returns_a_value_that_is_not_published_once() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &[1_i64, 2, 3]).expect("created");
    writer.store(&[4, 5, 6]);
    unpublish(&name, 1);
    let mut reader = Peer::start(&mut reader(&c_program(SOURCE), &name, "5"));
    assert_eq!(reader.line(), "1: 1 2 3");
    assert_eq!(reader.line(), "2: 4 5 6");
    reader.asleep_in(libc::SYS_futex);
    writer.retire();
    assert_eq!(reader.line(), "no value will follow");
    assert_eq!(reader.end(), 0);
}

#[test]
fn a_reader_in_c_refuses_a_snapshot_of_another_type() {
    let refused = |name: &UniqueName| {
        let ended = run(&mut reader(&c_program(SOURCE), name, "1"));
        assert_eq!(ended.stderr, "not a snapshot of three int64_t\n");
        assert_eq!(ended.status, 1);
    };
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 2, &[100_u64, 876, 8021]).expect("created");
    refused(&name);
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 2, &[100_i64, 876]).expect("created");
    refused(&name);
    let name = UniqueName::new();
    let _writer = Writer::create(&name, 2, &[100_i64, 876, 8021]).expect("created");
    let mapping = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    mapping.store(VERSION, &1_u32).expect("within");
    refused(&name);
    let name = UniqueName::new();
    rawshm::Object::create(&name, rawshm::Size::Sparse(4096)).expect("created");
    refused(&name);
}

mod needs_cxx {
    use super::*;

    #[test]
    #[ignore = "needs cxx"]
    fn a_reader_in_cxx_loads_each_value_and_sleeps_until_the_next_or_the_end() {
        loads_each_value_and_sleeps_until_the_next_or_the_end(&cxx_program(SOURCE));
    }
}
