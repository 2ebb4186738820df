//! How readers in other processes learn that a snapshot has ended, and what follows.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use rawshm::snapshot::{Reader, Writer};
use rawshm_tests::complete::temporary;
use rawshm_tests::header::retire_unheard;
use rawshm_tests::values::{Message, message, text};
use rawshm_tests::{Peer, UniqueName, run};

use crate::peers::{PEER, answer, hold, peer};

/// A process that sleeps until the next value.
fn asleep(name: &UniqueName) -> Peer {
    let asleep = Peer::start(&mut peer("next", name, &[]));
    assert_eq!(asleep.line(), "begin");
    asleep.asleep_in(libc::SYS_futex);
    asleep
}

/// A process that follows the name, and has got its value.
fn following(name: &UniqueName) -> Peer {
    let following = Peer::ready(&mut peer("follow", name, &[]));
    assert_eq!(following.line(), "first");
    following.asleep_in(libc::SYS_futex);
    following
}

/// Checks that each way to end a snapshot without a writer tells sleeping readers, and that a
/// follower goes on with the next one.
fn ends(command: &str, expected: &str) {
    let name = UniqueName::new();
    hold(&name, &[]).kill();
    let mut asleep = asleep(&name);
    let following = following(&name);
    assert_eq!(answer(command, &name), expected, "{command}");
    assert_eq!(asleep.line(), "the snapshot is retired", "{command}");
    assert_eq!(asleep.end(), 0);
    if command != "replace-writer" {
        following.asleep_in(libc::SYS_ppoll);
    }
    let mut next = hold(&name, &[]);
    assert_eq!(following.line(), "first");
    following.asleep_in(libc::SYS_futex);
    assert_eq!(next.ask("second"), "1");
    assert_eq!(following.line(), "second");
    assert_eq!(next.end(), 0);
}

#[test]
fn a_sleeping_reader_learns_that_its_snapshot_is_reaped_and_can_go_on_with_the_next() {
    ends("reap", "true");
}

#[test]
fn a_sleeping_reader_learns_that_its_snapshot_is_finished_and_can_go_on_with_the_next() {
    ends("finish", "true");
}

#[test]
fn a_sleeping_reader_learns_that_its_snapshot_is_retired_and_can_go_on_with_the_next() {
    ends("retire-message", "ok");
}

#[test]
fn a_sleeping_reader_learns_that_its_snapshot_is_replaced_and_can_go_on_with_the_next() {
    ends("replace-writer", "ok");
}

#[test]
fn a_reader_that_nobody_woke_is_woken_by_the_next_operation_on_the_name() {
    for (command, expected) in [
        ("open-writer", "the snapshot is retired"),
        ("open-or-create-writer", "created"),
        ("replace-writer", "ok"),
        ("reap", "true"),
    ] {
        let name = UniqueName::new();
        hold(&name, &[]).kill();
        let mut asleep = asleep(&name);
        retire_unheard(&name);
        asleep.asleep_in(libc::SYS_futex);
        assert_eq!(answer(command, &name), expected);
        assert_eq!(asleep.line(), "the snapshot is retired", "{command}");
        assert_eq!(asleep.end(), 0);
    }
}

#[test]
fn readers_are_not_woken_by_a_replacement_that_cannot_have_a_temporary_name() {
    let name = UniqueName::new();
    hold(&name, &[]).kill();
    let mut asleep = asleep(&name);
    let taken: Vec<_> = (0..1000)
        .map(|number| {
            let name = name.argument();
            let name = temporary(name.trim_start_matches('/'), number);
            Taken::new(&Path::new("/dev/shm").join(name))
        })
        .collect();
    assert_eq!(answer("replace-writer", &name), "Create EAGAIN");
    drop(taken);
    asleep.asleep_in(libc::SYS_futex);
    let mut next = hold(&name, &[]);
    asleep.asleep_in(libc::SYS_futex);
    assert_eq!(next.ask("second"), "1");
    assert_eq!(asleep.line(), "second");
    assert_eq!((asleep.end(), next.end()), (0, 0));
}

/// A name that nothing removes, until this is dropped: that of a folder.
struct Taken(PathBuf);

impl Taken {
    fn new(path: &Path) -> Self {
        std::fs::create_dir(path).expect("a folder");
        Self(path.to_owned())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

mod needs_root {
    use rawshm::snapshot::{self, Deadline};
    use rawshm::{Mode, Options};
    use rawshm_tests::{Folder, OTHER, left_in_shm, public_copy};

    use super::*;

    #[test]
    #[ignore = "needs root"]
    fn where_the_name_cannot_be_taken_nothing_has_happened() {
        let folder = Folder::new();
        let program = public_copy(&folder, Path::new(PEER));
        for was_retired in [false, true] {
            let name = UniqueName::new();
            let other = |command: &str| {
                let mut other = Command::new("env");
                other.args(OTHER.split(' ')).arg(&program);
                let ended = run(other.args(["snapshot", command, &name.argument()]));
                ended.stdout.replace("begin\n", "")
            };
            // Another user may write to it, and may not remove its name from a sticky directory.
            let options = Options::new().mode(Mode::Exact(0o666));
            let mut writer =
                Writer::create_with(&options, &name, 4, &message("first")).expect("created");
            let mut reader = Reader::<Message>::open(&name).expect("a snapshot");
            assert!(reader.next(Deadline::NEVER).is_ok());
            writer.store(&message("second"));
            if was_retired {
                writer.retire();
            } else {
                drop(writer);
            }
            for (command, expected) in [
                ("reap", "Unlink EACCES\n"),
                ("replace-writer", "Create EACCES\n"),
                ("finish", "Unlink EACCES\n"),
                ("open-or-create-writer", "Create EACCES\n"),
            ] {
                let expected = match (was_retired, command) {
                    (true, "finish") => "the snapshot is retired\n",
                    (false, "open-or-create-writer") => "opened\n",
                    _ => expected,
                };
                assert_eq!(other(command), expected, "{command}, {was_retired}");
                assert_eq!(reader.is_retired(), was_retired, "{command}");
                assert_eq!(left_in_shm(&name).len(), 1, "{command}");
            }
            let next = reader.next(Deadline::NEVER).expect("a value");
            assert_eq!(text(&next.expect("no deadline")), "second");
            if was_retired {
                let none = reader.next(Deadline::NEVER);
                assert_eq!(none.expect_err("it stays"), snapshot::Error::Retired);
                assert_eq!(answer("open-or-create-writer", &name), "created");
                continue;
            }
            // Everything works as before.
            let mut asleep = asleep(&name);
            let mut next = hold(&name, &[]);
            asleep.asleep_in(libc::SYS_futex);
            assert_eq!(next.ask("third"), "1");
            assert_eq!(asleep.line(), "third");
            assert_eq!(asleep.end(), 0);
            let value = reader.next(Deadline::NEVER).expect("a value");
            assert_eq!(text(&value.expect("no deadline")), "third");
            assert_eq!(next.end(), 0);
        }
    }
}
