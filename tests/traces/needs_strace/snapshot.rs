//! The system calls of snapshots and claims, and of `publish` and `watch`.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::Path;
use std::process::Command;

use rawshm::snapshot::{Reader, Writer};
use rawshm_tests::rungs::{Rung, on_each_rung};
use rawshm_tests::traces::{Trace, Traced};
use rawshm_tests::values::{Message, message};
use rawshm_tests::{Peer, UniqueName, a_thread_asleep_in, is_alone_through, run};
use rawshm_tests::{static_program, until, with_private_shm};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// Starts a program under strace.
fn start<'a>(
    file: &'a str,
    name: &'a UniqueName,
    program: &Path,
    arguments: &[&str],
) -> Traced<'a> {
    let strace = &[];
    Trace { file, name, strace }.start(program, arguments)
}

/// Starts the peer under strace, with a command for snapshots.
fn start_peer<'a>(file: &'a str, name: &'a UniqueName, command: &str, rest: &[&str]) -> Traced<'a> {
    let argument = name.argument();
    let arguments = [&["snapshot", command, &argument], rest].concat();
    start(file, name, Path::new(PEER), &arguments)
}

/// Traces one command of the peer that needs no other process.
fn library(file: &str, name: &UniqueName, command: &str, rest: &[&str]) {
    start_peer(file, name, command, rest).compare(0);
}

fn object(name: &UniqueName) -> Writer<Message> {
    Writer::create(name, 4, &message("first")).expect("created")
}

#[test]
#[ignore = "needs strace"]
fn publish_makes_one_read_and_one_futex_for_each_line() {
    let name = UniqueName::new();
    let argument = name.argument();
    let program = static_program("publish");
    let mut publish = start("publish/lines", &name, &program, &["-n", &argument]);
    for (line, number) in [("one", 1), ("two", 2), ("three", 3)] {
        publish.asleep_in(libc::SYS_read);
        publish.strace.say(line);
        until("the value", || {
            Reader::<Message>::open(&name)
                .and_then(|reader| Ok(reader.load_with_sequence()?))
                .is_ok_and(|(found, _)| found == number)
        });
    }
    publish.asleep_in(libc::SYS_read);
    publish.compare(0);
}

#[test]
#[ignore = "needs strace"]
fn publish_makes_one_nanosleep_and_one_futex_for_each_number() {
    let name = UniqueName::new();
    let argument = name.argument();
    let program = static_program("publish");
    let arguments = ["-n", &argument, "-r", "1000000", "-c", "3"];
    start("publish/numbers", &name, &program, &arguments).compare(0);
    let arguments = ["-n", &argument, "-r", "1000000", "-c", "2", "-u"];
    start(
        "publish/numbers-of-a-snapshot-that-it-takes-over-and-removes",
        &name,
        &program,
        &arguments,
    )
    .compare(0);
}

#[test]
#[ignore = "needs strace"]
fn a_signal_ends_publish_while_it_waits_and_after_a_step() {
    let name = UniqueName::new();
    let argument = name.argument();
    let program = static_program("publish");
    let mut publish = start(
        "publish/ended-by-a-signal",
        &name,
        &program,
        &["-n", &argument, "-u"],
    );
    publish.asleep_in(libc::SYS_read);
    publish.strace.say("one");
    until("the name", || name.path().exists());
    publish.asleep_in(libc::SYS_read);
    publish.end_by(libc::SIGTERM);
    publish.compare(128 + libc::SIGTERM);
    // In the middle of creating a snapshot, and of waking its readers.
    let arguments = ["-n", &argument, "-u", "-r", "1000000"];
    for (file, inject) in [
        (
            "publish/ended-by-a-signal-while-it-creates",
            "inject=ftruncate:signal=INT",
        ),
        (
            "publish/ended-by-a-signal-while-it-wakes",
            "inject=futex:signal=INT:when=1",
        ),
    ] {
        let strace = &["-e", inject];
        let name = &name;
        let status = Trace { file, name, strace }.of(&program, &arguments);
        assert_eq!(status, 128 + libc::SIGINT, "{file}");
    }
    assert!(!name.path().exists());
}

#[test]
#[ignore = "needs strace"]
fn a_sleep_that_is_refused_is_an_error_of_publish() {
    let name = UniqueName::new();
    let argument = name.argument();
    for (errno, words) in [("EPERM", "not permitted"), ("ENOSYS", "not implemented")] {
        let inject = format!("inject=nanosleep:error={errno}");
        let ended = run(Command::new("strace")
            .args(["-o", "/dev/null", "-e", &inject, "--"])
            .arg(static_program("publish"))
            .args(["-n", &argument, "-r", "10", "-c", "20", "-u"]));
        let expected = format!("publish: cannot wait for the next number: {words} ({errno})\n");
        assert_eq!((ended.stderr, ended.status), (expected, 1));
        assert!(!name.path().exists());
    }
}

#[test]
#[ignore = "needs strace"]
fn watch_makes_one_futex_and_one_write_for_each_value() {
    let name = UniqueName::new();
    let argument = name.argument();
    let mut writer = object(&name);
    let program = static_program("watch");
    let watch = start(
        "watch/values",
        &name,
        &program,
        &["-n", &argument, "-c", "4"],
    );
    assert_eq!(watch.strace.line(), "first");
    for value in ["one", "two", "three"] {
        watch.asleep_in(libc::SYS_futex);
        writer.store(&message(value));
        assert_eq!(writer.notify(), Ok(1));
        assert_eq!(watch.strace.line(), value);
    }
    watch.compare(0);
    // With a deadline, each value takes one call more, which asks for the time.
    let arguments = ["-n", &argument, "-c", "2", "-t", "1000"];
    let watch = start(
        "watch/values-before-a-deadline",
        &name,
        &program,
        &arguments,
    );
    assert_eq!(watch.strace.line(), "three");
    watch.asleep_in(libc::SYS_futex);
    writer.store(&message("four"));
    assert_eq!(writer.notify(), Ok(1));
    assert_eq!(watch.strace.line(), "four");
    watch.compare(0);
    // After two seconds without a value it asks for the name, and prints nothing twice.
    let arguments = ["-n", &argument, "-t", "3"];
    let mut watch = start("watch/deadline-passed", &name, &program, &arguments);
    assert_eq!(watch.strace.end_by_itself(), 1);
    watch.compare(1);
}

#[test]
#[ignore = "needs strace"]
fn opening_and_replacing_make_the_calls_that_their_documentation_names() {
    let name = UniqueName::new();
    library("snapshot::Reader::open/missing", &name, "open-reader", &[]);
    library("snapshot::Writer::open/missing", &name, "open-writer", &[]);
    library(
        "snapshot::Writer::create/created",
        &name,
        "create-writer",
        &[],
    );
    library(
        "snapshot::Writer::create/taken",
        &name,
        "create-writer",
        &[],
    );
    library(
        "snapshot::Writer::open/taken-over",
        &name,
        "open-writer",
        &[],
    );
    library(
        "snapshot::Writer::open_or_create/taken-over",
        &name,
        "open-or-create-writer",
        &[],
    );
    library("snapshot::Reader::open/opened", &name, "open-reader", &[]);
    library(
        "snapshot::Reader::wait_for/there",
        &name,
        "wait-for-reader",
        &[],
    );
    library(
        "snapshot::Writer::replace/replaced",
        &name,
        "replace-writer",
        &[],
    );
    library(
        "snapshot::Writer::retire/retired",
        &name,
        "retire-message",
        &[],
    );
    library("snapshot::Writer::open/retired", &name, "open-writer", &[]);
    library(
        "snapshot::Writer::open_or_create/replaced",
        &name,
        "open-or-create-writer",
        &[],
    );
    rawshm::unlink(&name).expect("its own");
    library(
        "snapshot::Writer::open_or_create/created",
        &name,
        "open-or-create-writer",
        &[],
    );
    rawshm::unlink(&name).expect("its own");
    library(
        "snapshot::Writer::replace/created",
        &name,
        "replace-writer",
        &[],
    );
}

/// What creates a snapshot, on the ways that other kernels and filters leave.
#[test]
#[ignore = "needs strace"]
fn each_way_to_a_snapshots_name_makes_the_calls_that_its_documentation_names() {
    on_each_rung(|rung| {
        if rung == Rung::ByDescriptor {
            return;
        }
        let run = |file: &str, command: &str, before: &dyn Fn(&UniqueName)| {
            let name = UniqueName::new();
            before(&name);
            let file = format!("snapshot::Writer::{file}{}", rung.suffix());
            library(&file, &name, command, &[]);
        };
        let (create, once) = ("create-writer", "open-or-create-writer");
        let left = |name: &_| drop(object(name));
        run("create/created", create, &|_| {});
        run("create/taken", create, &left);
        run("open_or_create/created", once, &|_| {});
        run("open_or_create/replaced", once, &|name| {
            object(name).retire();
        });
        run("replace/created", "replace-writer", &|_| {});
        run("replace/replaced", "replace-writer", &left);

        let name = UniqueName::new();
        let argument = name.argument();
        let program = static_program("publish");
        let run = |file: &str, count: &str| {
            let file = format!("publish/{file}{}", rung.suffix());
            let arguments = ["-n", &argument, "-r", "1000000", "-c", count];
            start(&file, &name, &program, &arguments).compare(0);
        };
        run("numbers", "3");
        Writer::<Message>::open(&name).expect("taken over").retire();
        run("in-place-of-a-retired-one", "1");
    });
}

#[test]
#[ignore = "needs strace"]
fn ends_and_questions_make_the_calls_that_their_documentation_names() {
    let name = UniqueName::new();
    drop(object(&name));
    library("snapshot::Writer::has_name/asked", &name, "has-name", &[]);
    library(
        "snapshot::Reader::is_current/asked",
        &name,
        "is-current",
        &[],
    );
    library("snapshot::Reader::of/mapped", &name, "read-object", &[]);
    library("drop/snapshot::Writer", &name, "drop-writer", &[]);
    library("drop/snapshot::Reader", &name, "drop-reader", &[]);
    library("drop/snapshot::Follower", &name, "drop-follower", &[]);
    library(
        "snapshot::Follower::next/first-value",
        &name,
        "follower",
        &[],
    );
    library("snapshot::Writer::finish/removed", &name, "finish", &[]);
}

#[test]
#[ignore = "needs strace"]
fn to_load_and_to_store_make_no_call_and_to_wake_or_to_sleep_one() {
    let name = UniqueName::new();
    let mut writer = object(&name);
    library("snapshot::Reader::load/no-call", &name, "load", &[]);
    for (file, rest) in [
        ("snapshot::Reader::next/woken", &[][..]),
        (
            "snapshot::Reader::next/woken-before-a-deadline",
            &["1000000"],
        ),
    ] {
        let reader = start_peer(file, &name, "next", rest);
        assert_eq!(reader.strace.line(), "begin");
        reader.asleep_in(libc::SYS_futex);
        writer.store(&message("next"));
        assert_eq!(writer.notify(), Ok(1));
        assert_eq!(reader.strace.line(), "next");
        reader.compare(0);
    }
    drop(writer);
    library(
        "snapshot::Reader::next/deadline-passed",
        &name,
        "next",
        &["20"],
    );
    library("snapshot::Writer::store/no-call", &name, "store", &[]);
    library(
        "snapshot::Writer::notify/nobody-slept",
        &name,
        "notify",
        &[],
    );
    library("snapshot::Deadline::after/made", &name, "deadline", &[]);
}

#[test]
#[ignore = "needs strace"]
fn claims_make_the_calls_that_their_documentation_names() {
    let name = UniqueName::new();
    drop(object(&name));
    library("Object::claim/claimed", &name, "claim", &[]);
    library("Object::writer_alive/not", &name, "writer-alive", &[]);
    library(
        "Object::wait_for_writer_end/ended-already",
        &name,
        "wait-for-writer-end",
        &[],
    );
    let argument = name.argument();

    let mut writer = Peer::ready(Command::new(PEER).args(["snapshot", "hold", &argument]));
    library("Object::claim/writer-alive", &name, "claim", &[]);
    library(
        "snapshot::Writer::open/writer-alive",
        &name,
        "open-writer",
        &[],
    );
    library(
        "snapshot::Writer::replace/writer-alive",
        &name,
        "replace-writer",
        &[],
    );
    library("Object::writer_alive/alive", &name, "writer-alive", &[]);
    library("snapshot::reap/writer-alive", &name, "reap", &[]);
    let waiter = start_peer(
        "Object::wait_for_writer_end/ended",
        &name,
        "wait-for-writer-end",
        &[],
    );
    assert_eq!(waiter.strace.line(), "begin");
    waiter.asleep_in(libc::SYS_fcntl);
    writer.kill();
    assert_eq!(waiter.strace.line(), "ended");
    waiter.compare(0);

    let hostile = Peer::ready(Command::new(PEER).args(["snapshot", "hostile", &argument, "all"]));
    a_thread_asleep_in(hostile.pid(), libc::SYS_futex);
    library("Object::claim/reader-has-a-lock", &name, "claim", &[]);
    library(
        "snapshot::Writer::open/reader-has-a-lock",
        &name,
        "open-writer",
        &[],
    );
    drop(hostile);
    library(
        "snapshot::Writer::open/taken-over",
        &name,
        "open-writer",
        &[],
    );
    rawshm::unlink(&name).expect("its own");
    drop(object(&name));
    library("snapshot::reap/reaped", &name, "reap", &[]);
    library("snapshot::reap/missing", &name, "reap", &[]);
}

#[test]
#[ignore = "needs strace"]
fn publish_replaces_what_is_retired_and_is_refused_beside_a_writer() {
    let name = UniqueName::new();
    let argument = name.argument();
    let program = static_program("publish");
    object(&name).retire();
    let arguments = ["-n", &argument, "-r", "1000000", "-c", "1"];
    let file = "publish/in-place-of-a-retired-one";
    start(file, &name, &program, &arguments).compare(0);
    let _writer = Writer::<Message>::open(&name).expect("taken over");
    start("publish/writer-alive", &name, &program, &arguments).compare(1);
}

#[test]
#[ignore = "needs strace"]
fn a_signal_ends_watch() {
    let name = UniqueName::new();
    let argument = name.argument();
    let _writer = object(&name);
    let arguments = ["-n", &argument];
    let program = static_program("watch");
    let mut watch = start("watch/ended-by-a-signal", &name, &program, &arguments);
    assert_eq!(watch.strace.line(), "first");
    watch.asleep_in(libc::SYS_futex);
    watch.end_by(libc::SIGTERM);
    watch.compare(128 + libc::SIGTERM);
}

mod needs_namespaces {
    use super::*;

    #[test]
    #[ignore = "needs strace and namespaces"]
    fn waiting_for_a_name_makes_the_calls_that_its_documentation_names() {
        // Any file that appears in the directory adds calls. In a private one, only this test makes
        // files.
        let in_private = |script: &str| with_private_shm(PEER, "mode=1777", script);
        if !is_alone_through(
            waiting_for_a_name_makes_the_calls_that_its_documentation_names,
            in_private,
        ) {
            return;
        }
        let name = UniqueName::new();
        library(
            "snapshot::Reader::wait_for/deadline-passed",
            &name,
            "wait-for-reader",
            &["20"],
        );
        let waiter = start_peer(
            "snapshot::Reader::wait_for/appears",
            &name,
            "wait-for-reader",
            &[],
        );
        assert_eq!(waiter.strace.line(), "begin");
        waiter.asleep_in(libc::SYS_ppoll);
        let writer = object(&name);
        assert_eq!(waiter.strace.line(), "there");
        waiter.compare(0);
        writer.finish(&name).expect("its own");

        let argument = name.argument();
        let program = static_program("watch");
        let arguments = ["-n", &argument, "-c", "1"];
        let watch = start("watch/appears", &name, &program, &arguments);
        watch.asleep_in(libc::SYS_ppoll);
        let writer = object(&name);
        assert_eq!(watch.strace.line(), "first");
        watch.compare(0);
        writer.finish(&name).expect("its own");
    }
}
