//! What the programs go through under their filters.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::process::{Child, Command, Stdio};

use libc::c_long;
use rawshm::snapshot::Writer;
use rawshm::{Extent, Mode, Options, Size};
use rawshm_tests::values::{Message, message};
use rawshm_tests::{
    UniqueName, clear_shm, is_asleep_in, spawn, static_program, status, until, wait,
};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// What has the name beforehand.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    /// An object of this size.
    Object(u64),
    Snapshot,
    Retired,
    Writer,
    /// A snapshot, of which another process has a lock that a writer takes.
    LockedEnd,
}

use Before::{LockedEnd, Nothing, Object, Retired, Snapshot};

/// What happens meanwhile.
#[derive(Clone, Copy)]
enum Meanwhile {
    Peace,
    /// A line comes in.
    Line,
    /// A snapshot appears, when the program waits for it in this call.
    Appears(c_long),
    /// Values are stored whenever the program sleeps.
    Stores,
    /// The program is stopped, and goes on, whenever it sleeps in this call.
    Stops(c_long),
    /// A signal comes with a call: its name, and which of these calls it is, also of those before
    /// the program begins.
    Signal(&'static str, u32),
}

#[derive(Clone, Copy)]
pub struct Scenario {
    pub role: &'static str,
    pub arguments: &'static [&'static str],
    before: Before,
    meanwhile: Meanwhile,
    /// Calls that fail.
    failing: &'static [Failing],
    pub status: i32,
}

/// A call, its errno, and the index and the bits of an argument.
type Failing = (c_long, i32, u32, i32);

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
        meanwhile: Meanwhile::Peace,
        failing: &[],
        status,
    }
}

impl Scenario {
    const fn beside(self, meanwhile: Meanwhile) -> Self {
        Self { meanwhile, ..self }
    }

    const fn failing(self, failing: &'static [Failing]) -> Self {
        Self { failing, ..self }
    }
}

const fn any(call: c_long, errno: i32) -> Failing {
    (call, errno, 0, 0)
}

/// There are no files without names.
const NAMED: Failing = (
    libc::SYS_openat,
    libc::EOPNOTSUPP,
    2,
    libc::O_TMPFILE & !libc::O_DIRECTORY,
);
/// Nothing can be mapped.
const UNMAPPED: Failing = (libc::SYS_mmap, libc::ENOMEM, 3, libc::MAP_SHARED);

const NUMBER: &[&str] = &["-r", "1000000", "-c", "1"];
const BY_A_SIGNAL: i32 = 128 + libc::SIGINT;

pub const SCENARIOS: &[Scenario] = &[
    run("writer", Object(4096), &[], 0),
    run("writer", Nothing, &[], 1).failing(&[UNMAPPED]),
    run("writer", Nothing, &[], 1).failing(&[any(libc::SYS_openat, libc::EMFILE)]),
    run("writer", Nothing, &[], 1).failing(&[any(libc::SYS_openat, libc::ENOENT)]),
    run("writer", Nothing, &[], 1).failing(&[any(libc::SYS_ftruncate, libc::ENOSPC)]),
    run("writer", Object(4096), &[], 1).failing(&[any(libc::SYS_unlinkat, libc::EPERM)]),
    run("reader", Object(4096), &["-v", "-u"], 0),
    run("reader", Nothing, &[], 1),
    run("reader", Object(8), &[], 1),
    run("reader", Object(4096), &[], 1).failing(&[UNMAPPED]),
    run("reader", Object(4096), &[], 1).failing(&[any(libc::SYS_openat, libc::EACCES)]),
    run("creator", Nothing, &[], 0),
    run("creator", Object(4096), &[], 1),
    run("creator", Object(4096), &["-r"], 0),
    run("creator", Object(4096), &["-r"], 1).failing(&[any(libc::SYS_renameat, libc::ENOENT)]),
    run("creator", Nothing, &[], 0).failing(&[NAMED]),
    run("creator", Object(4096), &[], 1).failing(&[NAMED]),
    run("creator", Nothing, &[], 0).failing(&[NAMED, any(libc::SYS_renameat2, libc::ENOSYS)]),
    run("creator", Nothing, &[], 1).failing(&[UNMAPPED]),
    run(
        "creator",
        Nothing,
        &["-R", "-s", "4096", "-d", "/dev/shm"],
        0,
    ),
    run("creator", Nothing, &["-h"], 0),
    run("publish", Nothing, &[], 0).beside(Meanwhile::Line),
    run("publish", Snapshot, &["-u", "-r", "1000000", "-c", "2"], 0),
    run("publish", Retired, NUMBER, 0),
    run("publish", Before::Writer, NUMBER, 1),
    run("publish", LockedEnd, NUMBER, 0),
    run("publish", Nothing, NUMBER, 0).failing(&[NAMED]),
    run("publish", Nothing, NUMBER, 1).failing(&[any(libc::SYS_fallocate, libc::EOPNOTSUPP)]),
    run("publish", Nothing, &["-r", "2", "-c", "2"], 0)
        .beside(Meanwhile::Stops(libc::SYS_nanosleep)),
    run("publish", Nothing, &["-r", "1000000"], BY_A_SIGNAL).beside(Meanwhile::Signal("futex", 1)),
    run("publish", Nothing, &["-u", "-r", "1000000"], BY_A_SIGNAL)
        .beside(Meanwhile::Signal("futex", 1))
        .failing(&[any(libc::SYS_unlinkat, libc::EPERM)]),
    run("watch", Snapshot, &["-c", "1"], 0),
    run("watch", Nothing, &["-t", "1"], 1),
    run("watch", Nothing, &["-c", "1"], 0).beside(Meanwhile::Appears(libc::SYS_ppoll)),
    run("watch", Nothing, &["-c", "1"], 0)
        .beside(Meanwhile::Appears(libc::SYS_nanosleep))
        .failing(&[any(libc::SYS_inotify_init1, libc::EMFILE)]),
    run("watch", Snapshot, &["-c", "2"], 0).beside(Meanwhile::Stores),
    run("watch", Snapshot, &["-t", "1"], 1).beside(Meanwhile::Stops(libc::SYS_futex)),
    // One of these is when the first handler is there, and the second one is not.
    run("watch", Snapshot, &["-t", "1"], BY_A_SIGNAL).beside(Meanwhile::Signal("rt_sigaction", 6)),
    run("watch", Snapshot, &["-t", "1"], BY_A_SIGNAL).beside(Meanwhile::Signal("rt_sigaction", 7)),
    run("watch", Snapshot, &["-t", "3"], 1),
];

impl Scenario {
    /// Runs the program under the filter of its role without a call, and returns its status.
    pub fn status_without(&self, call: Option<c_long>) -> i32 {
        let name = UniqueName::new();
        let held = self.before.prepare(&name);
        let failing = self
            .failing
            .iter()
            .map(|(call, errno, argument, bits)| format!("{call}:{errno}:{argument}:{bits}"));
        let failing: Vec<_> = failing.collect();
        let mut command = match self.meanwhile {
            Meanwhile::Signal(call, which) => {
                let mut strace = Command::new("strace");
                let inject = format!("inject={call}:signal=INT:when={which}");
                strace.args(["-o", "/dev/null", "-e", &inject, PEER]);
                strace
            }
            _ => Command::new(PEER),
        };
        let without = call.map_or(String::new(), |call| call.to_string());
        command
            .args(["filtered", self.role, &without, &failing.join(" ")])
            .arg(static_program(self.role))
            .args(["-n", &name.argument()])
            .args(self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut child = spawn(&mut command);
        let appeared = self.accompany(&mut child, &name);
        let ended = status(wait(&mut child));
        drop((held, appeared));
        // What a kill has left.
        clear_shm(&name);
        ended
    }

    /// Does what happens meanwhile, as long as the program runs.
    fn accompany(&self, child: &mut Child, name: &UniqueName) -> Option<Writer<Message>> {
        let mut input = child.stdin.take().expect("a pipe");
        match self.meanwhile {
            Meanwhile::Peace | Meanwhile::Signal(..) => {}
            // A filter may have killed it.
            Meanwhile::Line => drop(input.write_all(b"a line\n")),
            Meanwhile::Appears(call) => {
                if is_waiting(child, call) {
                    return Some(Writer::create(name, 4, &message("there")).expect("created"));
                }
            }
            Meanwhile::Stores => {
                let mut writer = Writer::<Message>::open(name).expect("taken over");
                while is_waiting(child, libc::SYS_futex) {
                    writer.store(&message("next"));
                    writer.notify().expect("woken");
                }
            }
            Meanwhile::Stops(call) => {
                while is_waiting(child, call) {
                    stop_and_go_on(child.id());
                }
            }
        }
        None
    }
}

/// Waits until a process sleeps in a call; false if it ends instead.
pub fn is_waiting(child: &mut Child, call: c_long) -> bool {
    let mut runs = true;
    until("asleep, or at its end", || {
        runs = child.try_wait().expect("waiting").is_none();
        !runs || is_asleep_in(child.id(), call)
    });
    runs
}

/// Stops a process, which is a child, and has it go on.
pub fn stop_and_go_on(pid: u32) {
    let stat = format!("/proc/{pid}/stat");
    let is = |state| std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(state));
    let pid = pid.try_into().expect("a pid");
    // SAFETY: a child that was not waited for.
    unsafe { libc::kill(pid, libc::SIGSTOP) };
    until("stopped, or at its end", || is(") T ") || is(") Z "));
    // SAFETY: as above.
    unsafe { libc::kill(pid, libc::SIGCONT) };
}

/// What must exist as long as the program runs.
#[expect(dead_code, reason = "only held")]
enum Held {
    Nothing,
    Writer(Writer<Message>),
    File(std::fs::File),
}

impl Before {
    fn prepare(self, name: &UniqueName) -> Held {
        let snapshot = || Writer::create(name, 4, &message("first")).expect("created");
        match self {
            Self::Nothing => {}
            Self::Object(size) => {
                let options = Options::new().mode(Mode::Exact(0o644));
                let object = options.create(name, Size::Sparse(size)).expect("created");
                let mapping = object.map(Extent::Whole).expect("mapped");
                mapping.store(0, &8021_i64).expect("within");
            }
            Self::Snapshot => drop(snapshot()),
            Self::Retired => snapshot().retire(),
            Self::Writer => return Held::Writer(snapshot()),
            Self::LockedEnd => {
                drop(snapshot());
                return Held::File(lock_the_end(name));
            }
        }
        Held::Nothing
    }
}

/// The lock that a process takes which waits for a writer's end.
fn lock_the_end(name: &UniqueName) -> std::fs::File {
    const END: i64 = (1 << 62) + 1;
    let file = std::fs::File::open(name.path()).expect("opened");
    // SAFETY: integers only.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_RDLCK.try_into().expect("small");
    lock.l_start = END;
    lock.l_len = 1;
    // SAFETY: an open descriptor, and a struct that lives until the end of the call.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw mut lock) };
    assert_eq!(done, 0);
    file
}
