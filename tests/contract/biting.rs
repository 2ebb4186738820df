//! The filters, in force: each role goes through its scenarios under its filter, and through those
//! in which a call is made without that call, which must kill it.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{io::Write as _, thread};

use rawshm::snapshot::Writer;
use rawshm::{Extent, Mode, Options, Size};
use rawshm_tests::values::{Message, message};
use rawshm_tests::{
    UniqueName, c_program, cargo, run as run_to_end, spawn, static_program, status, wait,
};

use crate::data::Contract;
use crate::filters::{self, Role};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// The status of a process that a filter has killed.
const KILLED: i32 = 128 + libc::SIGSYS;

/// What has the name beforehand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Object,
    Snapshot,
    Retired,
    Writer,
}

/// What happens meanwhile.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    /// A line comes in.
    Line,
    /// A snapshot appears.
    Appears,
    /// Values are stored.
    Stores,
    /// A signal comes while it wakes readers.
    Signal,
    /// It is stopped and goes on, over and over.
    Stops,
}

#[derive(Clone, Copy)]
struct Scenario {
    role: &'static str,
    arguments: &'static [&'static str],
    before: Before,
    meanwhile: Meanwhile,
    /// Calls that fail.
    failing: &'static [Failing],
    status: i32,
}

/// A call, its errno, and the index and the bits of an argument.
type Failing = (libc::c_long, i32, u32, i32);

const fn run(
    role: &'static str,
    before: Before,
    arguments: &'static [&'static str],
    status: i32,
) -> Scenario {
    Scenario {
        role,
        arguments,
        before,
        meanwhile: Meanwhile::Nothing,
        failing: &[],
        status,
    }
}

const fn beside(meanwhile: Meanwhile, scenario: Scenario) -> Scenario {
    Scenario {
        meanwhile,
        ..scenario
    }
}

const fn failing(failing: &'static [Failing], scenario: Scenario) -> Scenario {
    Scenario {
        failing,
        ..scenario
    }
}

/// There are no files without names.
const NAMED: Failing = (
    libc::SYS_openat,
    libc::EOPNOTSUPP,
    2,
    libc::O_TMPFILE & !libc::O_DIRECTORY,
);

const SCENARIOS: &[Scenario] = &[
    run("writer", Before::Object, &[], 0),
    failing(
        &[(libc::SYS_mmap, libc::ENOMEM, 3, libc::MAP_SHARED)],
        run("writer", Before::Nothing, &[], 1),
    ),
    run("reader", Before::Object, &["-v", "-u"], 0),
    run("reader", Before::Nothing, &[], 1),
    run("creator", Before::Nothing, &[], 0),
    run("creator", Before::Object, &[], 1),
    run("creator", Before::Object, &["-r"], 0),
    failing(&[NAMED], run("creator", Before::Nothing, &[], 0)),
    failing(&[NAMED], run("creator", Before::Object, &[], 1)),
    failing(
        &[NAMED, (libc::SYS_renameat2, libc::ENOSYS, 0, 0)],
        run("creator", Before::Nothing, &[], 0),
    ),
    beside(Meanwhile::Line, run("publish", Before::Nothing, &[], 0)),
    run(
        "publish",
        Before::Snapshot,
        &["-u", "-r", "1000000", "-c", "2"],
        0,
    ),
    run("publish", Before::Retired, &["-r", "1000000", "-c", "1"], 0),
    run("publish", Before::Writer, &["-r", "1000000", "-c", "1"], 1),
    beside(
        Meanwhile::Signal,
        run(
            "publish",
            Before::Nothing,
            &["-r", "1000000"],
            128 + libc::SIGINT,
        ),
    ),
    beside(
        Meanwhile::Stops,
        run("publish", Before::Nothing, &["-r", "5", "-c", "2"], 0),
    ),
    run("watch", Before::Snapshot, &["-c", "1"], 0),
    run("watch", Before::Nothing, &["-t", "1"], 1),
    beside(
        Meanwhile::Appears,
        run("watch", Before::Nothing, &["-c", "1", "-t", "60"], 0),
    ),
    beside(
        Meanwhile::Stores,
        run("watch", Before::Snapshot, &["-c", "2"], 0),
    ),
    failing(
        &[(libc::SYS_inotify_init1, libc::EMFILE, 0, 0)],
        beside(
            Meanwhile::Appears,
            run("watch", Before::Nothing, &["-c", "1", "-t", "60"], 0),
        ),
    ),
    run("watch", Before::Snapshot, &["-t", "3"], 1),
    beside(
        Meanwhile::Stops,
        run("watch", Before::Snapshot, &["-t", "1"], 1),
    ),
];

impl Scenario {
    /// Runs the program under the filter of its role without a call, and returns its status.
    fn status_without(&self, call: Option<libc::c_long>) -> i32 {
        let name = UniqueName::new();
        let held = self.before.prepare(&name);
        let argument = name.argument();
        let failing = self
            .failing
            .iter()
            .map(|(call, errno, argument, bits)| format!("{call}:{errno}:{argument}:{bits}"));
        let failing: Vec<_> = failing.collect();
        let program = static_program(self.role);
        let mut command = match self.meanwhile {
            Meanwhile::Signal => {
                let mut strace = Command::new("strace");
                strace.args([
                    "-o",
                    "/dev/null",
                    "-e",
                    "inject=futex:signal=INT:when=1",
                    PEER,
                ]);
                strace
            }
            _ => Command::new(PEER),
        };
        let without = call.map_or(String::new(), |call| call.to_string());
        command
            .args(["filtered", self.role, &without, &failing.join(" ")])
            .arg(program)
            .args(["-n", &argument])
            .args(self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = spawn(&mut command);
        let held = self.accompany(&mut child, &name, held);
        let ended = status(wait(&mut child));
        drop(held);
        ended
    }

    /// Does what happens meanwhile, as long as the program runs.
    fn accompany(
        &self,
        child: &mut Child,
        name: &UniqueName,
        held: Option<Writer<Message>>,
    ) -> Option<Writer<Message>> {
        let mut input = child.stdin.take().expect("a pipe");
        let mut held = held;
        let mut runs = || child.try_wait().expect("waiting").is_none();
        match self.meanwhile {
            // A filter may have killed it.
            Meanwhile::Line => drop(input.write_all(b"a line\n")),
            Meanwhile::Appears => {
                // The program looks for the name first.
                thread::sleep(Duration::from_millis(50));
                held = Some(Writer::create(name, 4, &message("there")).expect("created"));
            }
            Meanwhile::Stores => {
                let mut writer = Writer::<Message>::open(name).expect("taken over");
                while runs() {
                    writer.store(&message("next"));
                    writer.notify().expect("woken");
                    thread::sleep(Duration::from_millis(2));
                }
            }
            Meanwhile::Stops => stop_and_go(child),
            Meanwhile::Nothing | Meanwhile::Signal => {}
        }
        held
    }
}

/// Stops a process and lets it go on, until it has ended.
fn stop_and_go(child: &mut Child) {
    let pid = child.id();
    let to = pid.try_into().expect("a pid");
    let send = |signal| {
        // SAFETY: a signal to a child that was not waited for, so that its pid is its own.
        let sent = unsafe { libc::kill(to, signal) };
        assert_eq!(sent, 0);
    };
    while child.try_wait().expect("waiting").is_none() {
        send(libc::SIGSTOP);
        let mut info = std::mem::MaybeUninit::<libc::siginfo_t>::uninit();
        // It is stopped, or has ended, and is waited for once more.
        let options = libc::WSTOPPED | libc::WEXITED | libc::WNOWAIT;
        // SAFETY: a pointer to memory for what it writes.
        let waited = unsafe { libc::waitid(libc::P_PID, pid, info.as_mut_ptr(), options) };
        assert_eq!(waited, 0);
        send(libc::SIGCONT);
        thread::sleep(Duration::from_millis(20));
    }
}

impl Before {
    fn prepare(self, name: &UniqueName) -> Option<Writer<Message>> {
        let snapshot = || Writer::create(name, 4, &message("first")).expect("created");
        match self {
            Self::Nothing => None,
            Self::Object => {
                let options = Options::new().mode(Mode::Exact(0o644));
                let object = options.create(name, Size::Sparse(4096)).expect("created");
                let mapping = object.map(Extent::Whole).expect("mapped");
                mapping.store(0, &[1_i64, 2, 3]).expect("within");
                None
            }
            Self::Snapshot => {
                drop(snapshot());
                None
            }
            Self::Retired => {
                snapshot().retire();
                None
            }
            Self::Writer => Some(snapshot()),
        }
    }
}

/// The number of a call.
fn number(call: &str) -> libc::c_long {
    macro_rules! numbers {
        ($($name:ident = $number:ident)*) => {
            match call {
                $(stringify!($name) => libc::$number,)*
                _ => panic!("{call} has no number here"),
            }
        };
    }
    numbers! {
        clock_gettime = SYS_clock_gettime close = SYS_close execve = SYS_execve
        exit_group = SYS_exit_group faccessat = SYS_faccessat fallocate = SYS_fallocate
        fcntl = SYS_fcntl flock = SYS_flock fstat = SYS_fstat ftruncate = SYS_ftruncate
        futex = SYS_futex inotify_add_watch = SYS_inotify_add_watch
        inotify_init1 = SYS_inotify_init1 linkat = SYS_linkat mmap = SYS_mmap munmap = SYS_munmap
        nanosleep = SYS_nanosleep newfstatat = SYS_newfstatat openat = SYS_openat
        ppoll = SYS_ppoll pread64 = SYS_pread64 pwrite64 = SYS_pwrite64 read = SYS_read
        renameat = SYS_renameat renameat2 = SYS_renameat2
        restart_syscall = SYS_restart_syscall rt_sigaction = SYS_rt_sigaction
        rt_sigreturn = SYS_rt_sigreturn unlinkat = SYS_unlinkat write = SYS_write
    }
}

/// The scenarios of a role, and what kills it without each of its calls.
fn bites(role: &Role) -> usize {
    let scenarios = || {
        SCENARIOS
            .iter()
            .filter(|scenario| scenario.role == role.name)
    };
    for scenario in scenarios() {
        let arguments = scenario.arguments;
        let name = role.name;
        assert_eq!(
            scenario.status_without(None),
            scenario.status,
            "{name} {arguments:?}"
        );
    }
    for call in &role.calls {
        let number = Some(number(call));
        let kills = scenarios().any(|scenario| scenario.status_without(number) == KILLED);
        assert!(kills, "{}: nothing needs {call}", role.name);
    }
    role.calls.len()
}

mod needs_strace {
    use super::*;

    #[test]
    #[ignore = "needs strace"]
    fn each_program_runs_under_its_filter_and_dies_without_any_of_its_calls() {
        let contract = Contract::assemble();
        let mut calls = 0;
        for role in filters::roles(&contract) {
            if role.name != "mapped" {
                calls += bites(&role);
            }
        }
        println!(
            "{} scenarios, {calls} calls removed, {calls} kills",
            SCENARIOS.len()
        );
    }
}

#[test]
fn the_filters_are_the_same_in_c_and_in_rust() {
    let in_c = run_to_end(&mut Command::new(c_program("tests/c/filters.c")));
    let in_rust = run_to_end(Command::new(PEER).arg("filters"));
    assert_eq!(in_c, in_rust);
    assert_eq!(
        (in_c.status, in_c.stdout.contains("MAPPED\n20 0 0 4\n")),
        (0, true)
    );
}

#[test]
fn a_process_that_has_mapped_a_snapshot_can_lock_itself_in() {
    let contract = Contract::assemble();
    let role = filters::roles(&contract)
        .into_iter()
        .find(|role| role.name == "mapped");
    let role = role.expect("a role");
    let status_without = |call: &str| {
        let name = UniqueName::new();
        let mut child = spawn(Command::new(PEER).args(["mapped", &name.argument(), call]));
        stop_and_go(&mut child);
        status(wait(&mut child))
    };
    assert_eq!(status_without(""), 0);
    for call in &role.calls {
        assert_eq!(
            status_without(&number(call).to_string()),
            KILLED,
            "nothing needs {call}"
        );
    }
}

#[test]
fn the_example_locks_itself_in() {
    let mut example = cargo();
    let run = ["run", "--quiet", "--package=rawshm", "--example=lock_in"];
    let ended = run_to_end(example.args(run).arg("--features=snapshot"));
    let printed = "1000000 loads, and 1000 new values waited for
the kernel has killed the one that opens a file
";
    let ended = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
    assert_eq!(ended, (0, printed, ""));
}
