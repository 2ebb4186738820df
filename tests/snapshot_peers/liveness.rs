//! Claims across processes: how long they last, how they end, and what they leave behind.

#![cfg(target_os = "linux")]

use std::process::Command;

use rawshm::snapshot::{self, Deadline, Reader, Writer};
use rawshm::{Object, Size};
use rawshm_tests::values::{Message, message, text};
use rawshm_tests::{Peer, UniqueName, asleep_in, run, static_program, until};

use crate::peers::{alive, answer, hold, peer};

fn loaded(reader: &Reader<Message>) -> (u64, String) {
    let (number, value) = reader.load_with_sequence().expect("a value");
    (number, text(&value))
}

#[test]
fn a_second_writer_is_refused_for_as_long_as_the_first_lives() {
    let name = UniqueName::new();
    let mut first = hold(&name, &[]);
    assert!(alive(&name));
    for command in [
        "open-writer",
        "open-or-create-writer",
        "replace-writer",
        "claim",
    ] {
        assert_eq!(answer(command, &name), "Claim EBUSY", "{command}");
    }
    assert_eq!(answer("create-writer", &name), "Create EEXIST");
    assert_eq!(answer("reap", &name), "false");
    assert_eq!(first.ask("second"), "0");
    assert_eq!(answer("open-writer", &name), "Claim EBUSY");
    assert_eq!(first.end(), 0);
    assert!(!alive(&name));
    assert_eq!(answer("open-writer", &name), "2 second");
}

#[test]
fn a_claim_of_any_object_ends_with_its_process() {
    let name = UniqueName::new();
    drop(Object::create(&name, Size::Sparse(4096)).expect("created"));
    assert_eq!(answer("claim", &name), "ok");
    assert!(!alive(&name), "it has ended with its process");
    let mut first = Peer::ready(&mut peer("claim-and-stand-by", &name, &[]));
    assert!(alive(&name));
    assert_eq!(answer("claim", &name), "Claim EBUSY");
    first.kill();
    assert!(!alive(&name));
    assert_eq!(answer("claim", &name), "ok");
}

#[test]
fn after_a_kill_the_next_writer_goes_on_and_readers_notice_only_a_pause() {
    let name = UniqueName::new();
    let mut first = hold(&name, &[]);
    let mut reader = Reader::<Message>::open(&name).expect("a snapshot");
    assert_eq!(first.ask("second"), "0");
    first.kill();
    assert!(!alive(&name));
    assert_eq!(loaded(&reader), (2, "second".into()));
    let value = reader
        .next(Deadline::NEVER)
        .expect("a value")
        .expect("no deadline");
    assert_eq!(text(&value), "second");

    let mut asleep = Peer::start(&mut peer("next", &name, &[]));
    assert_eq!(asleep.line(), "begin");
    asleep.asleep_in(libc::SYS_futex);
    let mut second = hold(&name, &[]);
    assert_eq!(loaded(&reader), (2, "second".into()));
    asleep.asleep_in(libc::SYS_futex);
    assert_eq!(
        second.ask("third"),
        "1",
        "the one that slept through the kill"
    );
    assert_eq!(asleep.line(), "third");
    assert_eq!(asleep.end(), 0);
    assert_eq!(loaded(&reader), (3, "third".into()));
    let value = reader
        .next(Deadline::NEVER)
        .expect("a value")
        .expect("no deadline");
    assert_eq!(text(&value), "third");
    second.kill();
}

#[test]
fn a_waiter_for_a_writers_end_sleeps_in_the_kernel_until_then() {
    let name = UniqueName::new();
    let mut writer = hold(&name, &[]);
    let waiters = [(); 3].map(|()| Peer::start(&mut peer("wait-for-writer-end", &name, &[])));
    for waiter in &waiters {
        assert_eq!(waiter.line(), "begin");
        waiter.asleep_in(libc::SYS_fcntl);
    }
    assert_eq!(writer.ask("second"), "0");
    for waiter in &waiters {
        waiter.asleep_in(libc::SYS_fcntl);
    }
    writer.kill();
    for mut waiter in waiters {
        assert_eq!(waiter.line(), "ended");
        assert_eq!(waiter.end(), 0);
    }
    // A later waiter does not sleep, and the earlier ones left no lock behind.
    assert_eq!(answer("wait-for-writer-end", &name), "ended");
    assert_eq!(answer("open-writer", &name), "2 second");
}

#[test]
fn a_waiter_for_a_writers_end_sees_the_next_end_too() {
    let name = UniqueName::new();
    for _ in 0..20 {
        let mut writer = hold(&name, &[]);
        let mut waiter = Peer::start(&mut peer("wait-for-writer-end", &name, &[]));
        assert_eq!(waiter.line(), "begin");
        waiter.asleep_in(libc::SYS_fcntl);
        writer.kill();
        assert_eq!(waiter.line(), "ended");
        assert_eq!(waiter.end(), 0);
    }
}

#[test]
fn only_a_snapshot_without_a_writer_is_reaped() {
    let name = UniqueName::new();
    assert_eq!(answer("reap", &name), "Open ENOENT");
    let mut writer = hold(&name, &[]);
    assert_eq!(answer("reap", &name), "false");
    let reader = Reader::<Message>::open(&name).expect("a snapshot");
    writer.kill();
    assert_eq!(answer("reap", &name), "true");
    assert!(!name.path().exists());
    assert_eq!(
        loaded(&reader),
        (1, "first".into()),
        "it still has the object"
    );
    assert_eq!(answer("open-writer", &name), "Open ENOENT");
}

#[test]
fn a_name_is_unlinked_only_while_it_is_the_objects() {
    let name = UniqueName::new();
    let mut old = hold(&name, &[]);
    let object = Object::open(&name).expect("an object");
    old.kill();
    let mut new = Peer::ready(&mut peer("hold", &name, &["replace"]));
    assert!(
        !object.unlink(&name).expect("allowed"),
        "the name has another object"
    );
    assert!(name.path().exists());
    assert_eq!(answer("unlink-object", &name), "true");
    assert!(!name.path().exists());
    assert_eq!(new.end(), 0);
}

#[test]
fn a_child_of_fork_has_the_claim_too_until_both_have_ended() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &message("first")).expect("created"));
    let mut parent = Peer::start(&mut peer("hold-in-a-child-too", &name, &[]));
    let mut lines = [parent.line(), parent.line()];
    // The two lines come in any order.
    lines.sort_unstable_by_key(String::len);
    assert!(lines.contains(&"ready".into()), "{lines:?}");
    assert!(alive(&name));
    let mut waiter = Peer::start(&mut peer("wait-for-writer-end", &name, &[]));
    assert_eq!(waiter.line(), "begin");
    waiter.asleep_in(libc::SYS_fcntl);

    parent.kill();
    assert!(alive(&name), "the child lives");
    assert_eq!(answer("open-writer", &name), "Claim EBUSY");
    assert_eq!(answer("reap", &name), "false");
    waiter.asleep_in(libc::SYS_fcntl);

    // The child ends when its input does.
    parent.close();
    assert_eq!(waiter.line(), "ended");
    assert_eq!(waiter.end(), 0);
    assert!(!alive(&name));
    assert_eq!(answer("open-writer", &name), "1 first");
}

#[test]
fn a_claim_ends_when_its_process_becomes_another_program() {
    let name = UniqueName::new();
    drop(Object::create(&name, Size::Sparse(4096)).expect("created"));
    let mut process = Peer::start(&mut peer("hold-and-exec", &name, &[]));
    assert_eq!(process.line(), "claimed");
    assert!(alive(&name));
    assert_eq!(process.ask("go on"), "ready");
    assert!(!alive(&name));
    assert_eq!(process.end(), 0);
}

#[test]
fn a_reader_that_locks_all_it_can_keeps_no_second_writer_from_being_refused() {
    for how in ["before", "wait"] {
        let name = UniqueName::new();
        let mut first = hold(&name, &[]);
        let mut hostile = Peer::ready(&mut peer("hostile", &name, &[how]));
        if how == "wait" {
            hostile.asleep_in(libc::SYS_fcntl);
        }
        assert!(alive(&name));
        for command in ["open-writer", "replace-writer", "claim"] {
            assert_eq!(answer(command, &name), "Claim EBUSY", "{how}, {command}");
        }
        assert_eq!(answer("reap", &name), "false");
        let woken = first.ask("second");
        assert!(["0", "1"].contains(&woken.as_str()), "{woken}");
        let mut waiter = Peer::start(&mut peer("wait-for-writer-end", &name, &[]));
        assert_eq!(waiter.line(), "begin");
        waiter.asleep_in(libc::SYS_fcntl);
        first.kill();
        assert_eq!(waiter.line(), "ended", "{how}");
        assert_eq!(waiter.end(), 0);
        assert!(!alive(&name), "what readers do does not show");
        assert_eq!(hostile.end(), 0);
    }
}

#[test]
fn a_reader_that_locks_what_a_claim_needs_makes_it_fail_for_as_long_as_the_lock_lasts() {
    for how in ["all", "wait"] {
        let name = UniqueName::new();
        let mut first = hold(&name, &[]);
        let reader = Reader::<Message>::open(&name).expect("a snapshot");
        let hostile = if how == "wait" {
            // It sleeps until the moment of the writer's end.
            let hostile = Peer::ready(&mut peer("hostile", &name, &[how]));
            hostile.asleep_in(libc::SYS_fcntl);
            assert_eq!(first.ask("second"), "0");
            first.kill();
            assert_eq!(hostile.line(), "locked");
            hostile
        } else {
            assert_eq!(first.ask("second"), "0");
            first.kill();
            Peer::ready(&mut peer("hostile", &name, &[how]))
        };
        assert!(!alive(&name), "{how}");
        for command in ["open-writer", "replace-writer", "claim", "reap"] {
            assert_eq!(answer(command, &name), "Claim EAGAIN", "{how}, {command}");
        }
        assert!(!reader.is_retired());
        drop(hostile);
        assert_eq!(answer("open-writer", &name), "2 second", "{how}");
    }
}

#[test]
fn a_reader_that_locks_other_bytes_keeps_no_writer_from_taking_over() {
    for how in ["before", "after"] {
        let name = UniqueName::new();
        let mut first = hold(&name, &[]);
        assert_eq!(first.ask("second"), "0");
        first.kill();
        let hostile = Peer::ready(&mut peer("hostile", &name, &[how]));
        let mut second = hold(&name, &[]);
        assert_eq!(second.ask("third").len(), 1);
        let reader = Reader::<Message>::open(&name).expect("a snapshot");
        assert_eq!(loaded(&reader), (3, "third".into()), "{how}");
        second.kill();
        assert_eq!(answer("reap", &name), "true", "{how}");
        assert!(!name.path().exists());
        drop(hostile);
    }
}

#[test]
fn a_waiter_ends_with_the_writer_also_where_a_readers_lock_keeps_the_kernel_from_waking_it() {
    let name = UniqueName::new();
    hold(&name, &[]).kill();
    let hostile = Peer::ready(&mut peer("hostile", &name, &["after"]));
    let mut writer = hold(&name, &[]);
    let mut waiter = Peer::start(&mut peer("wait-for-writer-end", &name, &[]));
    assert_eq!(waiter.line(), "begin");
    asleep_in(waiter.pid(), libc::SYS_nanosleep);
    writer.kill();
    assert_eq!(waiter.line(), "ended");
    assert_eq!(waiter.end(), 0);
    drop(hostile);
}

#[test]
fn of_several_that_take_over_at_once_one_becomes_the_writer() {
    for _ in 0..60 {
        let name = UniqueName::new();
        hold(&name, &[]).kill();
        let peers = [(); 8].map(|()| Peer::start(&mut peer("hold", &name, &[])));
        let answers = peers.each_ref().map(Peer::line);
        let count = |said| answers.iter().filter(|answer| *answer == said).count();
        assert_eq!(
            (count("ready"), count("Claim EBUSY")),
            (1, 7),
            "{answers:?}"
        );
        drop(peers);
        assert_eq!(answer("open-writer", &name), "1 first");
    }
}

#[test]
fn a_retired_snapshot_is_not_taken_over() {
    let name = UniqueName::new();
    hold(&name, &[]).kill();
    let mut asleep = Peer::start(&mut peer("next", &name, &[]));
    assert_eq!(asleep.line(), "begin");
    asleep.asleep_in(libc::SYS_futex);
    assert_eq!(answer("retire-message", &name), "ok");
    assert_eq!(asleep.line(), "the snapshot is retired");
    assert_eq!(asleep.end(), 0);
    assert_eq!(answer("open-writer", &name), "the snapshot is retired");
    let reader = Reader::<Message>::open(&name).expect("its last value is there");
    assert_eq!(loaded(&reader), (1, "first".into()));
    assert_eq!(
        reader.wait(1, Deadline::NEVER),
        Err(snapshot::Error::Retired)
    );
    assert_eq!(answer("replace-writer", &name), "ok");
    assert_eq!(answer("open-writer", &name), "1 first");
}

#[test]
fn a_second_publish_is_refused_before_it_reads_anything() {
    let name = UniqueName::new();
    let argument = name.argument();
    let mut first = Peer::start(Command::new(static_program("publish")).args(["-n", &argument]));
    first.say("one");
    until("the object", || name.path().exists());
    let second = run(Command::new(static_program("publish")).args(["-n", &argument]));
    let expected = format!("publish: cannot claim {argument}: device or resource busy (EBUSY)\n");
    assert_eq!((second.stderr, second.status), (expected, 1));
    assert_eq!(first.end(), 0);
    assert_eq!(answer("open-writer", &name), "1 one");
}
