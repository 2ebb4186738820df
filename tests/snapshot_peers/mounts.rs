//! Snapshots on other file systems, and on file systems that are mounted meanwhile.

#![cfg(target_os = "linux")]

use std::process::Command;

use rawshm::snapshot::{self, Deadline, Reader, Writer};
use rawshm::{Directory, Errno, Error, Name, Operation, Options};
use rawshm_tests::values::{Message, message};
use rawshm_tests::{Ended, Peer, UniqueName, a_thread_asleep_in, run, with_private_shm};

use crate::peers::{PEER, alive, answer, hold, peer};

const BUSY: snapshot::Error = snapshot::Error::System(Error::new(Operation::Claim, Errno::BUSY));

/// Runs a test in a mount namespace of its own, after these commands.
fn after(mounts: &'static str) -> impl FnOnce(&str) -> Ended {
    move |script| {
        with_private_shm(
            PEER,
            "mode=1777",
            &format!("{{ {mounts}; }} || exit; {script}"),
        )
    }
}

mod needs_namespaces {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::thread;

    use rawshm_tests::is_alone_through;

    use super::*;

    const OVERLAY: &str = "mount -t tmpfs none /mnt && mkdir /mnt/l /mnt/u /mnt/w && \
        mount -t overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w none /dev/shm";

    #[test]
    #[ignore = "needs namespaces"]
    fn on_overlayfs_a_claim_lasts_as_long_as_its_writer() {
        if !is_alone_through(
            on_overlayfs_a_claim_lasts_as_long_as_its_writer,
            after(OVERLAY),
        ) {
            return;
        }
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
        assert_eq!(first.end(), 0);
        assert!(!alive(&name));
        // One that takes over.
        let mut second = hold(&name, &[]);
        assert!(alive(&name));
        assert_eq!(answer("open-writer", &name), "Claim EBUSY");
        assert_eq!(answer("reap", &name), "false");
        let mut waiter = Peer::start(&mut peer("wait-for-writer-end", &name, &[]));
        assert_eq!(waiter.line(), "begin");
        waiter.asleep_in(libc::SYS_fcntl);
        second.kill();
        assert_eq!(waiter.line(), "ended");
        assert_eq!(waiter.end(), 0);
        assert!(!alive(&name));
        assert_eq!(answer("open-writer", &name), "2 second");
        // One that replaces.
        let mut third = Peer::ready(&mut peer("hold", &name, &["replace"]));
        assert!(alive(&name));
        assert_eq!(answer("open-writer", &name), "Claim EBUSY");
        third.kill();
        assert_eq!(answer("reap", &name), "true");
        assert!(!name.path().exists());
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn in_a_directory_on_overlayfs_too() {
        if !is_alone_through(in_a_directory_on_overlayfs_too, after(OVERLAY)) {
            return;
        }
        std::fs::create_dir("/dev/shm/run").expect("a folder");
        let directory = Directory::open(c"/dev/shm/run").expect("opened");
        let options = Options::new().directory(&directory);
        let name = Name::new("/s").expect("a name");
        let first = Writer::create_with(&options, &name, 2, &1_u64).expect("created");
        let alive = || options.open(&name).and_then(|object| object.writer_alive());
        assert_eq!(alive(), Ok(true));
        let second = Writer::<u64>::open_with(&options, &name);
        assert_eq!(second.map(drop), Err(BUSY));
        assert_eq!(snapshot::reap_with(&options, &name), Ok(false));
        assert_eq!(first.has_name_with(&options, &name), Ok(true));
        drop(first);
        assert_eq!(alive(), Ok(false));
        let second = Writer::<u64>::open_with(&options, &name).expect("taken over");
        assert_eq!(alive(), Ok(true));
        let reader = Reader::<u64>::open_with(&options, &name).expect("opened");
        assert_eq!(reader.is_current_with(&options, &name), Ok(true));
        assert_eq!(second.finish_with(&options, &name), Ok(true));
        assert!(reader.is_retired());
    }

    /// Takes over and stores, in turns with others.
    fn take_over(name: &Name, writers: &AtomicU32) {
        for _ in 0..2000 {
            let (mut writer, _) = match Writer::open_or_create(name, 2, &[1_u64; 1024]) {
                Err(error) if error == BUSY => continue,
                made => made.expect("a writer"),
            };
            assert_eq!(writers.fetch_add(1, SeqCst), 0, "another writer lives");
            for _ in 0..5 {
                let next = writer.sequence() + 1;
                writer.store(&[next; 1024]);
            }
            writers.fetch_sub(1, SeqCst);
        }
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn on_overlayfs_no_two_writers_store_beside_each_other() {
        if !is_alone_through(
            on_overlayfs_no_two_writers_store_beside_each_other,
            after(OVERLAY),
        ) {
            return;
        }
        let name = UniqueName::new();
        let first = Writer::create(&name, 2, &[1_u64; 1024]);
        drop(first.expect("created"));
        let reader = Reader::<[u64; 1024]>::open(&name).expect("opened");
        let writers = AtomicU32::new(0);
        thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(|| take_over(&name, &writers)));
            let mut last = 0;
            while threads.iter().any(|thread| !thread.is_finished()) {
                let Ok((number, value)) = reader.load_with_sequence() else {
                    continue;
                };
                assert!(number >= last, "from {last} back to {number}");
                assert_eq!(value, [number; 1024], "torn");
                last = number;
            }
            assert!(last > 1);
        });
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn a_finish_through_a_read_only_mount_is_refused_and_nothing_has_happened() {
        const READ_ONLY: &str = "mount --bind /dev/shm /mnt && mount -o remount,bind,ro /mnt";
        if !is_alone_through(
            a_finish_through_a_read_only_mount_is_refused_and_nothing_has_happened,
            after(READ_ONLY),
        ) {
            return;
        }
        let directory = Directory::open(c"/mnt").expect("opened");
        let options = Options::new().directory(&directory);
        let name = UniqueName::new();
        let mut writer = Writer::create(&name, 2, &1_u64).expect("created");
        let mut reader = Reader::<u64>::open(&name).expect("opened");
        assert_eq!(
            writer.has_name_with(&options, &name),
            Ok(true),
            "the same object"
        );
        writer.store(&2);
        let refused = Error::new(Operation::Unlink, Errno::ROFS);
        assert_eq!(writer.finish_with(&options, &name), Err(refused));
        assert!(!reader.is_retired());
        let mut writer = Writer::<u64>::open(&name).expect("taken over");
        writer.store(&3);
        assert_eq!(reader.next(Deadline::NEVER), Ok(Some(3)));
        drop(writer);
        for refused in [
            snapshot::reap_with(&options, &name)
                .map(drop)
                .map_err(Into::into),
            Writer::replace_with(&options, &name, 2, &4_u64).map(drop),
        ] {
            let expected = Error::new(Operation::Open, Errno::ROFS);
            assert_eq!(refused, Err(expected.into()));
        }
        assert!(!reader.is_retired());
        assert_eq!(snapshot::reap(&name), Ok(true));
    }

    /// Waits for a snapshot of a name while `mount` runs. Afterwards the snapshot is created.
    fn wait_through(mount: &str) {
        let name = UniqueName::new();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| Reader::<Message>::wait_for(&name, Deadline::NEVER));
            a_thread_asleep_in(std::process::id(), libc::SYS_ppoll);
            let mounted = run(Command::new("sh").args(["-c", mount]));
            assert_eq!((mounted.stderr.as_str(), mounted.status), ("", 0));
            let first = message("first");
            let _writer = Writer::create(&name, 2, &first).expect("created");
            let reader = waiting.join().expect("waited").expect("a snapshot");
            assert_eq!(reader.expect("no deadline").load(), Ok(first));
        });
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn a_waiter_finds_a_snapshot_on_a_file_system_that_is_mounted_later() {
        if !is_alone_through(
            a_waiter_finds_a_snapshot_on_a_file_system_that_is_mounted_later,
            after(":"),
        ) {
            return;
        }
        wait_through("mount -t tmpfs none /dev/shm");
        wait_through("umount -l /dev/shm && mount -t tmpfs none /dev/shm");
    }
}
