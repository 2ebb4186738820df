//! Snapshots across users, pid namespaces and containers.

#![cfg(target_os = "linux")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rawshm::snapshot::{self, Reader};
use rawshm::{Directory, Name, Options};
use rawshm_tests::values::{Message, message};
use rawshm_tests::{Folder, OTHER, Peer, UniqueName, asleep_in, child_of, public_copy, run};
use rawshm_tests::{static_program, until};

use crate::peers::PEER;

fn publish(name: &UniqueName) -> Peer {
    let mut publish = Command::new(static_program("publish"));
    Peer::start(publish.args(["-n", &name.argument()]))
}

/// The calls of a trace after the last exec: those of the program itself.
fn calls_of_the_program(trace: &str) -> Vec<&str> {
    let exec = trace.rfind("execve(").expect("an exec");
    trace[exec..].lines().skip(1).collect()
}

/// A command in a pid namespace of its own, as its first process.
fn in_a_pid_namespace(program: &Path, arguments: &[&str]) -> Command {
    let may = run(Command::new("unshare").args(["-p", "-f", "true"])).status == 0;
    let mut command = Command::new("unshare");
    command.args([if may { "-p" } else { "-pr" }, "-f", "--kill-child"]);
    command.arg(program).args(arguments);
    command
}

/// A folder in shared memory, removed when it is dropped.
struct SharedFolder(PathBuf);

impl Drop for SharedFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

mod needs_root {
    use super::*;

    #[test]
    #[ignore = "needs root"]
    fn another_user_reads_and_waits_and_can_neither_write_nor_claim() {
        let name = UniqueName::new();
        let folder = Folder::new();
        let program = public_copy(&folder, Path::new(PEER));
        let other = |command: &str, rest: &[&str]| {
            let mut other = Command::new("env");
            other.args(OTHER.split(' ')).arg(&program);
            other
                .args(["snapshot", command, &name.argument()])
                .args(rest);
            other
        };
        let answer = |command: &str| run(&mut other(command, &[])).stdout.replace("begin\n", "");
        let mut publish = publish(&name);
        publish.say("one");
        until("the object", || name.path().exists());
        assert_eq!(answer("open-reader"), "1 one\n");
        assert_eq!(answer("writer-alive"), "true\n");
        for command in [
            "open-writer",
            "replace-writer",
            "open-or-create-writer",
            "claim",
            "reap",
        ] {
            assert_eq!(answer(command), "Open EACCES\n", "{command}");
        }
        let mut waiter = Peer::start(&mut other("wait-for-writer-end", &[]));
        assert_eq!(waiter.line(), "begin");
        waiter.asleep_in(libc::SYS_fcntl);
        let mut hostile = Peer::ready(&mut other("hostile", &["wait"]));
        hostile.asleep_in(libc::SYS_fcntl);
        publish.kill();
        assert_eq!(waiter.line(), "ended");
        assert_eq!(waiter.end(), 0);
        assert_eq!(hostile.line(), "locked");
        assert_eq!(answer("writer-alive"), "false\n");
        // What another user locks keeps the next writer out, but only for as long as it is locked.
        let argument = name.argument();
        let next = run(Command::new(static_program("publish")).args(["-n", &argument]));
        let words = "resource temporarily unavailable (EAGAIN)";
        assert_eq!(
            next.stderr,
            format!("publish: cannot claim {argument}: {words}\n")
        );
        assert_eq!(hostile.end(), 0);
        let mut next = self::publish(&name);
        next.say("two");
        let reads_two = || {
            Reader::<Message>::open(&name).is_ok_and(|reader| reader.load() == Ok(message("two")))
        };
        until("the second value", reads_two);
        assert_eq!(answer("open-reader"), "2 two\n");
        assert_eq!(answer("writer-alive"), "true\n");
        assert_eq!(next.end(), 0);
    }

    mod needs_strace {
        use super::*;

        #[test]
        #[ignore = "needs root and strace"]
        fn a_reader_of_another_user_makes_no_call_that_could_write() {
            let name = UniqueName::new();
            let folder = Folder::new();
            let watch = public_copy(&folder, &static_program("watch"));
            let log = folder.join("log");
            let mut publish = publish(&name);
            publish.say("one");
            let mut strace = Peer::start(
                Command::new("strace")
                    .arg("-o")
                    .arg(&log)
                    .arg("--")
                    .args(OTHER.split(' '))
                    .arg(watch)
                    .args(["-n", &name.argument(), "-c", "3", "-t", "100"]),
            );
            assert_eq!(strace.line(), "one");
            let reader = child_of(strace.pid(), "watch");
            let status =
                std::fs::read_to_string(format!("/proc/{reader}/status")).expect("its own");
            assert!(
                status.contains("Uid:\t65534\t65534\t65534\t65534"),
                "{status}"
            );
            for line in ["two", "three"] {
                asleep_in(reader, libc::SYS_futex);
                publish.say(line);
                assert_eq!(strace.line(), line);
            }
            assert_eq!(strace.end(), 0);
            assert_eq!(publish.end(), 0);
            assert_eq!(
                name.path().metadata().expect("a file").permissions().mode() & 0o777,
                0o644
            );

            let trace = std::fs::read_to_string(&log).expect("a trace");
            let calls = calls_of_the_program(&trace);
            for call in &calls {
                let name = call.split('(').next().expect("a name");
                let harmless = match name {
                    "openat" => call.contains(" O_RDONLY|") && !call.contains("O_CREAT"),
                    "mmap" => call.contains(", PROT_READ, MAP_SHARED,"),
                    "futex" => call.contains(", FUTEX_WAIT_BITSET, "),
                    "write" => call.starts_with("write(1, "),
                    "fstat" | "newfstatat" | "close" | "munmap" | "clock_gettime"
                    | "rt_sigaction" | "exit_group" => true,
                    _ => call.starts_with("+++ exited"),
                };
                assert!(harmless, "{call}\n{trace}");
            }
            let sleeps = calls
                .iter()
                .filter(|call| call.starts_with("futex("))
                .count();
            assert_eq!(sleeps, 2, "{trace}");
        }
    }
}

mod needs_namespaces {
    use super::*;

    #[test]
    #[ignore = "needs namespaces"]
    fn two_pid_namespaces_share_a_snapshot_and_see_whether_its_writer_lives() {
        let name = UniqueName::new();
        let argument = name.argument();
        let peer =
            |command: &str| in_a_pid_namespace(Path::new(PEER), &["snapshot", command, &argument]);
        let answer = |command: &str| run(&mut peer(command)).stdout.replace("begin\n", "");
        let mut writer = Peer::ready(&mut peer("hold"));
        let mut watch = Peer::start(&mut in_a_pid_namespace(
            &static_program("watch"),
            &["-n", &argument, "-c", "3"],
        ));
        assert_eq!(watch.line(), "first");
        let watcher = child_of(watch.pid(), "watch");
        asleep_in(watcher, libc::SYS_futex);
        // Each is process 1 of its namespace.
        let status = std::fs::read_to_string(format!("/proc/{watcher}/status")).expect("a process");
        assert!(
            status.contains(&format!("NSpid:\t{watcher}\t1\n")),
            "{status}"
        );
        assert_eq!(writer.ask("second"), "1");
        assert_eq!(watch.line(), "second");

        assert_eq!(answer("writer-alive"), "true\n");
        assert_eq!(answer("open-writer"), "Claim EBUSY\n");
        let mut waiter = Peer::start(&mut peer("wait-for-writer-end"));
        assert_eq!(waiter.line(), "begin");
        let waiting = child_of(waiter.pid(), "peer");
        asleep_in(waiting, libc::SYS_fcntl);
        let pid = child_of(writer.pid(), "peer").try_into().expect("a pid");
        // SAFETY: a child of this test.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGKILL) }, 0);
        assert_eq!(waiter.line(), "ended");
        assert_eq!(waiter.end(), 0);
        assert_eq!(answer("writer-alive"), "false\n");

        let mut next = Peer::ready(&mut peer("hold"));
        asleep_in(watcher, libc::SYS_futex);
        assert_eq!(next.ask("third"), "1");
        assert_eq!(watch.line(), "third");
        assert_eq!(watch.end(), 0);
        assert_eq!(next.end(), 0);
    }
}

mod needs_bwrap {
    use super::*;

    #[test]
    #[ignore = "needs bwrap"]
    fn in_containers_without_proc_a_bound_directory_is_enough() {
        let folder = SharedFolder(UniqueName::new().path());
        std::fs::create_dir(&folder.0).expect("a folder");
        let container = |program: &str, arguments: &[&str]| {
            let mut bwrap = Command::new("bwrap");
            bwrap.args([
                "--unshare-all",
                "--as-pid-1",
                "--die-with-parent",
                "--ro-bind",
            ]);
            bwrap
                .arg(static_program(program))
                .arg("/program")
                .arg("--bind");
            bwrap
                .arg(&folder.0)
                .args(["/dev/shm", "/program"])
                .args(arguments);
            bwrap
        };
        let mut watch = Peer::start(&mut container("watch", &["-c", "3"]));
        let watcher = child_of(watch.pid(), "program");
        asleep_in(watcher, libc::SYS_ppoll);
        let mut publish = Peer::start(&mut container("publish", &[]));
        publish.say("one");
        assert_eq!(watch.line(), "one");
        asleep_in(watcher, libc::SYS_futex);

        let second = run(&mut container("publish", &["-r", "1", "-c", "1"]));
        assert!(second.stderr.ends_with("(EBUSY)\n"), "{second:?}");
        // From outside, too.
        let path = folder.0.to_str().expect("text");
        let directory = Directory::open(&std::ffi::CString::new(path).expect("no NUL"));
        let directory = directory.expect("a directory");
        let options = Options::new().directory(&directory);
        let name = Name::new("/my_snapshot").expect("a name");
        let object = options.open(&name).expect("an object");
        assert_eq!(object.writer_alive(), Ok(true));
        let reader: Reader<Message> = Reader::open_with(&options, &name).expect("a snapshot");
        assert_eq!(reader.load(), Ok(message("one")));

        publish.say("two");
        assert_eq!(watch.line(), "two");
        asleep_in(watcher, libc::SYS_futex);
        let writer = child_of(publish.pid(), "program")
            .try_into()
            .expect("a pid");
        // SAFETY: a process of this test.
        assert_eq!(unsafe { libc::kill(writer, libc::SIGKILL) }, 0);
        object.wait_for_writer_end().expect("it ends");
        assert_eq!(object.writer_alive(), Ok(false));
        let mut next = Peer::start(&mut container("publish", &[]));
        next.say("three");
        assert_eq!(watch.line(), "three");
        assert_eq!(watch.end(), 0);
        assert_eq!(next.end(), 0);
        assert_eq!(snapshot::reap_with(&options, &name), Ok(true));
    }
}
