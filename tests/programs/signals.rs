//! `SIGINT` and `SIGTERM` end `publish` and `watch`, whatever they are doing.

#![cfg(target_os = "linux")]
#![expect(
    clippy::incompatible_msrv,
    reason = "pipes of std: the oldest Rust runs the tests of the library only"
)]

use std::io::{PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::process::{Command, Stdio};

use rawshm::snapshot::{self, Reader, Writer};
use rawshm_tests::rungs;
use rawshm_tests::values::{Message, message};
use rawshm_tests::watchdog::watchdog;
use rawshm_tests::{
    Peer, UniqueName, asleep_in, child_of, run, spawn, static_program, status, until, wait,
};

const SIGNALS: [i32; 2] = [libc::SIGTERM, libc::SIGINT];

/// How a test starts a program, and finds the process that runs it.
#[derive(Clone, Copy, PartialEq)]
enum As {
    AnyProcess,
    /// The first process of a pid namespace.
    Process1,
}

struct Program {
    peer: Peer,
    pid: u32,
}

fn start(how: As, program: &'static str, name: &UniqueName, arguments: &[&str]) -> Program {
    let path = static_program(program);
    let mut command = match how {
        As::AnyProcess => Command::new(path),
        As::Process1 => {
            let mut unshare = Command::new("unshare");
            unshare.args(["-p", "-f", "--kill-child"]).arg(path);
            unshare
        }
    };
    command.args(["-n", &name.argument()]).args(arguments);
    let peer = Peer::start(&mut command);
    let pid = match how {
        As::AnyProcess => peer.pid(),
        As::Process1 => child_of(peer.pid(), program),
    };
    Program { peer, pid }
}

fn kill(pid: u32, signal: i32) {
    let pid = pid.try_into().expect("a pid");
    // SAFETY: a child of this process, or its child, that nothing has waited for.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
}

impl Program {
    fn asleep_in(&self, call: libc::c_long) {
        asleep_in(self.pid, call);
    }

    /// Sends the signal, and checks that the program ends with its status.
    #[track_caller]
    fn end_by(mut self, signal: i32) {
        kill(self.pid, signal);
        // Its input does not end before it does.
        assert_eq!(self.peer.end_by_itself(), 128 + signal);
    }
}

fn has_value(name: &UniqueName, text: &str) {
    let found = || Reader::<Message>::open(name).is_ok_and(|it| it.load() == Ok(message(text)));
    until("the value", found);
}

fn each_phase_ends(how: As) {
    for signal in SIGNALS {
        let name = UniqueName::new();
        let start = |program, arguments: &[&str]| start(how, program, &name, arguments);
        let gone = || assert!(!name.path().exists());

        let watch = start("watch", &[]);
        watch.asleep_in(libc::SYS_ppoll);
        watch.end_by(signal);

        let publish = start("publish", &["-u"]);
        publish.asleep_in(libc::SYS_read);
        publish.end_by(signal);
        gone();

        // In the middle of values: attached watches end with success, and one by the signal.
        let mut publish = start("publish", &["-u"]);
        publish.peer.say("one");
        let [one, mut other] = [(); 2].map(|()| start("watch", &[]));
        for watch in [&one, &other] {
            assert_eq!(watch.peer.line(), "one");
            watch.asleep_in(libc::SYS_futex);
        }
        one.end_by(signal);
        publish.asleep_in(libc::SYS_read);
        publish.end_by(signal);
        gone();
        assert_eq!(other.peer.end_by_itself(), 0);
        assert_eq!(other.peer.rest(), [""; 0]);

        // Between two numbers, and before the first line of one that has taken over.
        let publish = start("publish", &["-u", "-r", "1"]);
        has_value(&name, "1");
        publish.asleep_in(libc::SYS_nanosleep);
        publish.end_by(signal);
        gone();
        drop(Writer::create(&name, 2, &message("old")).expect("created"));
        let publish = start("publish", &["-u"]);
        publish.asleep_in(libc::SYS_read);
        publish.end_by(signal);
        gone();

        // Without -u the snapshot stays, for the next one to take over.
        let mut publish = start("publish", &[]);
        publish.peer.say("two");
        has_value(&name, "two");
        publish.asleep_in(libc::SYS_read);
        publish.end_by(signal);
        assert!(!Reader::<Message>::open(&name).expect("there").is_retired());
        let mut writer = Writer::<Message>::open(&name).expect("taken over");
        writer.store(&message("three"));
    }
}

#[test]
fn sigterm_and_sigint_end_both_programs_in_each_phase() {
    each_phase_ends(As::AnyProcess);
}

#[test]
fn publish_u_leaves_no_name_after_an_error_of_its_input() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &message("old")).expect("created"));
    let mut reader = Reader::<Message>::open(&name).expect("opened");
    let ended = run(Command::new("sh")
        .args(["-c", "exec \"$0\" -u -n \"$1\" </"])
        .arg(static_program("publish"))
        .arg(name.argument()));
    let expected = "publish: cannot read standard input: is a directory (EISDIR)\n";
    assert_eq!((ended.stderr.as_str(), ended.status), (expected, 1));
    assert!(!name.path().exists());
    assert_eq!(reader.next(watchdog()), Ok(Some(message("old"))));
    assert_eq!(reader.next(watchdog()), Err(snapshot::Error::Retired));
}

/// A pipe that is full.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    // SAFETY: no pointer is passed.
    let capacity = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETPIPE_SZ, 4096) };
    assert_eq!(capacity, 4096);
    writer.write_all(&[0; 4096]).expect("room");
    (reader, writer)
}

/// `publish -u` with a snapshot whose name it cannot remove, and which a signal ends while it
/// waits.
fn ends_without_removing(name: &UniqueName, signal: i32, stderr: PipeWriter) {
    drop(Writer::create(name, 2, &message("old")).expect("created"));
    let mut command = Command::new(static_program("publish"));
    command.args(["-n", &name.argument(), "-u"]);
    command.stdin(Stdio::piped()).stderr(stderr);
    let refused = rungs::Refused {
        name: "unlinkat",
        call: libc::SYS_unlinkat,
        with: None,
    };
    // A filter is inherited.
    let mut publish = rungs::where_refused(&[refused], libc::EACCES, || spawn(&mut command));
    asleep_in(publish.id(), libc::SYS_read);
    kill(publish.id(), signal);
    assert_eq!(status(wait(&mut publish)), 128 + signal);
    assert!(!Reader::<Message>::open(name).expect("there").is_retired());
}

#[test]
fn publish_says_at_its_end_by_a_signal_what_it_could_not_do() {
    for signal in SIGNALS {
        let name = UniqueName::new();
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        ends_without_removing(&name, signal, writer);
        let mut said = String::new();
        reader.read_to_string(&mut said).expect("text");
        let expected = format!(
            "publish: cannot unlink {}: permission denied (EACCES)\n",
            *name
        );
        assert_eq!(said, expected);
    }
}

#[test]
fn a_signal_ends_publish_while_its_standard_error_is_full() {
    for signal in SIGNALS {
        let (_reader, writer) = full_pipe();
        ends_without_removing(&UniqueName::new(), signal, writer);
    }
    let (reader, writer) = full_pipe();
    let name = UniqueName::new();
    let _alive = Writer::create(&name, 2, &message("old")).expect("created");
    for signal in SIGNALS {
        let mut command = Command::new(static_program("publish"));
        command.args(["-n", &name.argument()]);
        let stderr = writer.try_clone().expect("a descriptor");
        let mut publish = spawn(command.stdin(Stdio::null()).stderr(stderr));
        asleep_in(publish.id(), libc::SYS_write);
        kill(publish.id(), signal);
        assert_eq!(status(wait(&mut publish)), 128 + signal);
    }
    drop(reader);
}

mod needs_namespaces {
    use super::*;
    use rawshm_tests::random::Random;
    use rawshm_tests::{is_alone_through, with_private_shm};

    #[test]
    #[ignore = "needs namespaces"]
    fn as_the_first_process_of_a_namespace_too() {
        let as_root = |script: &str| with_private_shm("", "mode=1777", script);
        if is_alone_through(as_the_first_process_of_a_namespace_too, as_root) {
            each_phase_ends(As::Process1);
        }
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn at_any_moment_nothing_is_left_and_watches_end() {
        // Alone in the directory, to see whatever is left.
        let in_private = |script: &str| with_private_shm("", "mode=1777", script);
        if !is_alone_through(at_any_moment_nothing_is_left_and_watches_end, in_private) {
            return;
        }
        let mut random = Random::new(0x2545_f491_4f6c_dd1d);
        let name = UniqueName::new();
        for round in 0..2000 {
            let signal = SIGNALS[round % 2];
            let mut watch =
                Peer::start(Command::new(static_program("watch")).args(["-n", &name.argument()]));
            let mut publish = spawn(
                Command::new(static_program("publish"))
                    .args(["-n", &name.argument(), "-u", "-r", "1000000000"])
                    .stdin(Stdio::null()),
            );
            for _ in 0..random.below(1 << 18) {
                core::hint::spin_loop();
            }
            kill(publish.id(), signal);
            // Before its first instructions the signal has its default effect, which looks alike.
            assert_eq!(status(wait(&mut publish)), 128 + signal, "{round}");
            let mut left = std::fs::read_dir("/dev/shm").expect("a directory");
            assert!(left.next().is_none(), "{round}");
            // One that has not seen the snapshot waits for the next one.
            let mut ended = None;
            until("asleep or ended", || {
                ended = watch.ended();
                ended.is_some() || watch.sleeps_in(libc::SYS_ppoll)
            });
            assert_eq!(ended.unwrap_or(0), 0, "{round}");
        }
    }
}
