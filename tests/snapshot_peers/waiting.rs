//! Sleeping until there is a snapshot or a next value, and being woken.

#![cfg(target_os = "linux")]

use std::process::Command;

use rawshm::snapshot::{Reader, Writer};
use rawshm::{Object, Size};
use rawshm_tests::values::{Message, message};
use rawshm_tests::with_private_shm;
use rawshm_tests::{Ended, Peer, UniqueName, asleep_in, child_of, run, static_program, until};

use crate::peers::{PEER, hold, peer};

fn publish(name: &UniqueName, arguments: &[&str]) -> Peer {
    let mut publish = Command::new(static_program("publish"));
    Peer::start(publish.args(["-n", &name.argument()]).args(arguments))
}

fn watch(name: &UniqueName, arguments: &[&str]) -> Peer {
    let mut watch = Command::new(static_program("watch"));
    Peer::start(watch.args(["-n", &name.argument()]).args(arguments))
}

fn there(name: &UniqueName) {
    until("the object", || name.path().exists());
}

#[test]
fn a_watcher_may_come_first_and_sleeps_until_the_object_appears() {
    let name = UniqueName::new();
    let mut watch = watch(&name, &["-c", "2"]);
    watch.asleep_in(libc::SYS_ppoll);
    // Other names appear and vanish; some begin with this one.
    let others: Vec<UniqueName> = (0..200).map(|_| UniqueName::new()).collect();
    for other in &others {
        Object::create(other, Size::Sparse(1)).expect("created");
    }
    let longer = rawshm::Name::new(&format!("{}-more", name.argument())).expect("a name");
    Object::create(&longer, Size::Sparse(1)).expect("created");
    rawshm::unlink(&longer).expect("its own");
    drop(others);
    watch.asleep_in(libc::SYS_ppoll);
    let mut publish = publish(&name, &[]);
    publish.say("one");
    assert_eq!(watch.line(), "one");
    watch.asleep_in(libc::SYS_futex);
    publish.say("two");
    assert_eq!(watch.line(), "two");
    assert_eq!(watch.end(), 0);
    assert_eq!(publish.end(), 0);
}

#[test]
fn a_name_that_comes_and_goes_while_others_crowd_the_directory_is_not_missed() {
    let name = UniqueName::new();
    for round in 0..50_u32 {
        let mut waiter = Peer::start(&mut peer("wait-for-reader", &name, &[]));
        assert_eq!(waiter.line(), "begin");
        // At any point before it sleeps.
        if round % 2 == 0 {
            waiter.asleep_in(libc::SYS_ppoll);
        }
        let other = UniqueName::new();
        Object::create(&other, Size::Sparse(1)).expect("created");
        drop(Writer::create(&name, 2, &message("first")).expect("created"));
        assert_eq!(waiter.line(), "there");
        assert_eq!(waiter.end(), 0);
        rawshm::unlink(&name).expect("its own");
    }
}

#[test]
fn one_notify_wakes_all_sleeping_readers() {
    let name = UniqueName::new();
    let mut writer = hold(&name, &[]);
    let watchers: Vec<Peer> = (0..8).map(|_| watch(&name, &["-c", "3"])).collect();
    for value in ["first", "second", "third"] {
        if value != "first" {
            for watch in &watchers {
                watch.asleep_in(libc::SYS_futex);
            }
            assert_eq!(writer.ask(value), "8");
        }
        for watch in &watchers {
            assert_eq!(watch.line(), value);
        }
    }
    for mut watch in watchers {
        assert_eq!(watch.end(), 0);
        assert_eq!(watch.rest(), [""; 0]);
    }
}

#[test]
fn a_store_without_notify_wakes_nobody_and_the_next_notify_does() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &message("first")).expect("created");
    let watch = watch(&name, &[]);
    assert_eq!(watch.line(), "first");
    watch.asleep_in(libc::SYS_futex);
    writer.store(&message("second"));
    writer.store(&message("third"));
    watch.asleep_in(libc::SYS_futex);
    assert_eq!(writer.notify(), Ok(1));
    assert_eq!(
        watch.line(),
        "third",
        "only the last one is there to be seen"
    );
    watch.asleep_in(libc::SYS_futex);
    assert_eq!(writer.notify(), Ok(1));
    // The reader looks, finds nothing new, and sleeps again.
    watch.asleep_in(libc::SYS_futex);
    writer.store(&message("fourth"));
    assert_eq!(writer.notify(), Ok(1));
    assert_eq!(watch.line(), "fourth");
}

#[test]
fn a_watcher_goes_on_through_a_kill_and_the_next_publish() {
    let name = UniqueName::new();
    let watch = watch(&name, &[]);
    let mut first = publish(&name, &[]);
    first.say("one");
    assert_eq!(watch.line(), "one");
    watch.asleep_in(libc::SYS_futex);
    first.kill();
    watch.asleep_in(libc::SYS_futex);
    let mut second = publish(&name, &[]);
    second.say("two");
    assert_eq!(watch.line(), "two");
    second.kill();
    let mut third = publish(&name, &["-u"]);
    watch.asleep_in(libc::SYS_futex);
    third.say("three");
    assert_eq!(watch.line(), "three");
    assert_eq!(third.end(), 0);
    let mut watch = watch;
    assert_eq!(watch.end(), 0);
    assert_eq!(watch.rest(), [""; 0]);
}

#[test]
fn watchers_end_with_success_when_the_snapshot_is_retired() {
    let name = UniqueName::new();
    let mut publish = publish(&name, &["-u"]);
    publish.say("one");
    let watchers = [(); 3].map(|()| watch(&name, &[]));
    for watch in &watchers {
        assert_eq!(watch.line(), "one");
        watch.asleep_in(libc::SYS_futex);
    }
    assert_eq!(publish.end(), 0);
    for mut watch in watchers {
        assert_eq!(watch.end(), 0);
        assert_eq!(watch.rest(), [""; 0]);
    }
    assert!(!name.path().exists());
}

#[test]
fn a_watcher_moves_on_to_the_object_that_takes_the_place() {
    let name = UniqueName::new();
    let mut old = hold(&name, &[]);
    let watch = watch(&name, &[]);
    assert_eq!(watch.line(), "first");
    watch.asleep_in(libc::SYS_futex);
    assert_eq!(old.ask("second"), "1");
    assert_eq!(watch.line(), "second");
    watch.asleep_in(libc::SYS_futex);
    old.kill();
    let mut new = hold(&name, &["replace"]);
    assert_eq!(watch.line(), "first");
    watch.asleep_in(libc::SYS_futex);
    assert_eq!(new.ask("third"), "1");
    assert_eq!(watch.line(), "third");
}

#[test]
fn a_watcher_moves_on_after_a_removal_that_it_is_not_woken_for() {
    let name = UniqueName::new();
    let old = hold(&name, &[]);
    let mut watch = watch(&name, &["-c", "3"]);
    assert_eq!(watch.line(), "first");
    watch.asleep_in(libc::SYS_futex);
    // As rm does. The old writer is still alive.
    rawshm::unlink(&name).expect("its own");
    let mut new = publish(&name, &[]);
    new.say("one");
    assert_eq!(watch.line(), "one");
    new.say("two");
    assert_eq!(watch.line(), "two");
    assert_eq!(watch.end(), 0);
    assert_eq!(watch.rest(), [""; 0]);
    drop(old);
}

#[test]
fn a_watcher_keeps_a_snapshot_without_a_name_while_no_other_has_it() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &message("first")).expect("created");
    let mut watch = watch(&name, &["-t", "5"]);
    assert_eq!(watch.line(), "first");
    rawshm::unlink(&name).expect("its own");
    // It asks for the name at least once before the time is up.
    watch.asleep_in(libc::SYS_futex);
    writer.store(&message("second"));
    assert_eq!(writer.notify(), Ok(1));
    assert_eq!(watch.line(), "second");
    assert_eq!(watch.end(), 1);
    assert_eq!(watch.rest(), [""; 0]);
}

#[test]
fn a_watcher_ends_with_success_if_a_retired_snapshot_keeps_its_name() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &message("first")).expect("created");
    let mut watch = watch(&name, &[]);
    assert_eq!(watch.line(), "first");
    writer.store(&message("last"));
    writer.retire();
    assert_eq!(watch.line(), "last");
    assert_eq!(watch.end(), 0);
    assert_eq!(watch.rest(), [""; 0]);
}

#[test]
fn a_watcher_never_takes_the_end_of_a_snapshot_that_is_replaced_for_the_last() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &message("0")).expect("created");
    let watch = watch(&name, &[]);
    assert_eq!(watch.line(), "0");
    for round in 1..200_u32 {
        drop(writer);
        let text = round.to_string();
        writer = Writer::replace(&name, 4, &message(&text)).expect("replaced");
        assert_eq!(watch.line(), text);
    }
}

#[test]
fn publish_puts_a_snapshot_in_place_of_a_retired_one_or_removes_it() {
    let name = UniqueName::new();
    let retired = || {
        let writer = Writer::create(&name, 2, &message("old")).expect("created");
        writer.retire();
    };
    retired();
    let mut first = publish(&name, &[]);
    first.asleep_in(libc::SYS_read);
    let old = Reader::<Message>::open(&name).expect("it is there until the first value");
    assert_eq!(old.load(), Ok(message("old")));
    first.say("new");
    first.say("newer");
    assert_eq!(first.end(), 0);
    let new = Reader::<Message>::open(&name).expect("opened");
    assert!(!new.is_retired());
    assert_eq!(new.load_with_sequence(), Ok((2, message("newer"))));
    rawshm::unlink(&name).expect("its own");
    // With -u, without a value, it completes the end that was interrupted.
    retired();
    assert_eq!(publish(&name, &["-u"]).end(), 0);
    assert!(!name.path().exists());
}

fn no_new_value(name: &UniqueName) -> Ended {
    Ended {
        stdout: String::new(),
        stderr: format!("watch: no new value in {} for 1 seconds\n", name.argument()),
        status: 1,
    }
}

#[test]
fn the_deadline_ends_each_wait() {
    let name = UniqueName::new();
    let argument = name.argument();
    let watch = || run(Command::new(static_program("watch")).args(["-n", &argument, "-t", "1"]));
    assert_eq!(watch(), no_new_value(&name), "no object");
    let _writer = hold(&name, &[]);
    let after_the_first = Ended {
        stdout: "first\n".into(),
        ..no_new_value(&name)
    };
    assert_eq!(watch(), after_the_first);
    let next = run(&mut peer("next", &name, &["100"]));
    assert_eq!(next.stdout, "begin\nnone\n");
    let next = run(&mut peer("next", &name, &["0"]));
    assert_eq!(next.stdout, "begin\nnone\n");
}

#[test]
fn what_is_no_snapshot_is_refused_by_both() {
    let name = UniqueName::new();
    let argument = name.argument();
    let object = Object::create(&name, Size::Sparse(64)).expect("created");
    let refused = |program: &str, why: &str| {
        let ended = run(Command::new(static_program(program)).args(["-n", &argument]));
        let expected = format!("{program}: cannot open {argument}: {why} (EINVAL)\n");
        assert_eq!((ended.stderr, ended.status), (expected, 1));
    };
    refused("watch", "not a snapshot");
    refused("publish", "not a snapshot");
    object.resize(Size::Sparse(63)).expect("allowed");
    refused("watch", "the object is too small");
    refused("publish", "the object is too small");
    rawshm::unlink(&name).expect("its own");
    drop(Writer::create(&name, 2, &0_u64).expect("created"));
    refused("watch", "a snapshot of another type");
    refused("publish", "a snapshot of another type");
    let reader = Reader::<u64>::open(&name).expect("it has been left alone");
    assert_eq!(reader.load_with_sequence(), Ok((1, 0)));
}

#[test]
fn the_message_is_what_the_programs_take_it_for() {
    let name = UniqueName::new();
    let mut publish = publish(&name, &[]);
    publish.say("100 876 8021");
    there(&name);
    let reader = Reader::<Message>::open(&name).expect("the type of both");
    assert_eq!(reader.load(), Ok(message("100 876 8021")));
    assert_eq!(publish.end(), 0);
}

#[test]
fn with_one_descriptor_left_it_looks_for_the_object_from_time_to_time() {
    let name = UniqueName::new();
    let mut watch = Peer::start(
        Command::new("sh")
            .args(["-c", "ulimit -n 4; exec \"$0\" -n \"$1\" -c 1 -t 100"])
            .arg(static_program("watch"))
            .arg(name.argument()),
    );
    asleep_in(watch.pid(), libc::SYS_nanosleep);
    let _writer = Writer::create(&name, 2, &message("found")).expect("created");
    assert_eq!(watch.line(), "found");
    assert_eq!(watch.end(), 0);
}

mod needs_strace {
    use super::*;

    #[test]
    #[ignore = "needs strace"]
    fn without_inotify_it_looks_for_the_object_from_time_to_time() {
        for refused in [
            "inotify_init1:error=EMFILE",
            "inotify_add_watch:error=ENOSPC",
        ] {
            let name = UniqueName::new();
            let watch = static_program("watch");
            let mut strace = Peer::start(
                Command::new("strace")
                    .args(["-o", "/dev/null", "-e", &format!("inject={refused}"), "--"])
                    .arg(watch)
                    .args(["-n", &name.argument(), "-c", "1", "-t", "100"]),
            );
            asleep_in(child_of(strace.pid(), "watch"), libc::SYS_nanosleep);
            let mut publish = publish(&name, &[]);
            publish.say("one");
            assert_eq!(strace.line(), "one", "{refused}");
            assert_eq!(strace.end(), 0);
            there(&name);
            assert_eq!(publish.end(), 0);
        }
    }
}

mod needs_namespaces {
    use super::*;

    #[test]
    #[ignore = "needs namespaces"]
    fn a_missing_directory_is_an_error_for_watch_and_for_publish() {
        let programs = format!(
            "WATCH={} PUBLISH={}; umount /dev/shm; mount -t tmpfs none /dev; \
             mkdir /dev/shm; rmdir /dev/shm; ",
            static_program("watch").display(),
            static_program("publish").display()
        );
        for (script, expected) in [
            ("$WATCH", "watch: cannot find /dev/shm: "),
            ("$WATCH -t 1", "watch: cannot find /dev/shm: "),
            ("$PUBLISH -r 1 -c 1", "publish: cannot find /dev/shm: "),
        ] {
            let ended = with_private_shm(PEER, "mode=1777", &format!("{programs}{script}"));
            assert!(ended.stderr.starts_with(expected), "{script}: {ended:?}");
            assert_eq!((ended.stdout.as_str(), ended.status), ("", 1));
        }
    }
}
