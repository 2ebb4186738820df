//! Single steps by ptrace.

use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::ptr::null_mut;

use rawshm::snapshot::{self, Deadline, Reader, Writer};
use rawshm::{Errno, Error, Name, Object, Operation};
use rawshm_tests::values::{Message, Value, number, text, value};
use rawshm_tests::{run, spawn};

use crate::say;

/// A program that runs step by step.
struct Traced(Child);

/// The type of `ptrace` requests, which differs between C libraries.
#[cfg(target_env = "musl")]
type Request = libc::c_int;
#[cfg(not(target_env = "musl"))]
type Request = libc::c_uint;

impl Traced {
    /// Stops before its first instruction.
    fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        // SAFETY: one system call, which accesses no memory.
        unsafe {
            command.pre_exec(|| {
                libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<()>(), null_mut::<()>());
                Ok(())
            });
        }
        let mut traced = Self(spawn(&mut command));
        assert!(traced.has_stopped());
        traced
    }

    fn pid(&self) -> libc::pid_t {
        self.0.id().try_into().expect("a pid")
    }

    /// Whether it has stopped, and not ended.
    fn has_stopped(&mut self) -> bool {
        let mut status = 0;
        // SAFETY: a child of this process and a local integer.
        let pid = unsafe { libc::waitpid(self.pid(), &raw mut status, 0) };
        assert_eq!(pid, self.pid());
        assert!(!libc::WIFSIGNALED(status), "another process killed it");
        if libc::WIFEXITED(status) {
            assert_eq!(libc::WEXITSTATUS(status), 0, "it failed");
            return false;
        }
        true
    }

    /// Continues to the next instruction, or to the next entry to or exit from a system call.
    fn goes_on(&mut self, how: Request) -> bool {
        // SAFETY: a stopped child; nothing is read or written.
        let result = unsafe { libc::ptrace(how, self.pid(), null_mut::<()>(), null_mut::<()>()) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
        self.has_stopped()
    }

    fn registers(&self) -> libc::user_regs_struct {
        let mut registers = MaybeUninit::<libc::user_regs_struct>::uninit();
        let to = registers.as_mut_ptr();
        // SAFETY: a stopped child; the kernel writes the registers into the local struct.
        let result =
            unsafe { libc::ptrace(libc::PTRACE_GETREGS, self.pid(), null_mut::<()>(), to) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
        // SAFETY: the kernel has written them.
        unsafe { registers.assume_init() }
    }

    /// Whether the next instruction is a system call.
    fn is_at_a_call(&self) -> bool {
        let at = self.registers().rip as *mut libc::c_void;
        // SAFETY: a stopped child, whose next instruction is read.
        let word = unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.pid(), at, null_mut::<()>()) };
        word & 0xffff == 0x050f
    }

    /// Continues until it has made the call that marks a place.
    fn goes_on_to_the_mark(&mut self) {
        let is_mark =
            |traced: &Self| i64::try_from(traced.registers().orig_rax) == Ok(libc::SYS_getppid);
        while self.goes_on(libc::PTRACE_SYSCALL) {
            if is_mark(self) {
                assert!(self.goes_on(libc::PTRACE_SYSCALL), "the exit from the call");
                return;
            }
        }
        panic!("there is no mark");
    }

    /// Whether the next instruction is the call that marks a place.
    fn is_at_the_mark(&self) -> bool {
        self.is_at_a_call() && i64::try_from(self.registers().rax) == Ok(libc::SYS_getppid)
    }

    fn kill(mut self) {
        self.0.kill().expect("its own process");
        // Its claim is released once it has been waited for.
        let mut status = 0;
        // SAFETY: as above.
        let pid = unsafe { libc::waitpid(self.pid(), &raw mut status, 0) };
        assert!(pid == self.pid() && libc::WIFSIGNALED(status));
    }
}

/// A reader and the next writer follow each kill; prints what the reader finds.
pub(crate) fn store(name: &str) {
    let peer = std::env::current_exe().expect("a path");
    let text = name;
    let name = Name::new(name).expect("a name");
    // The object and the readers stay the same for all kills.
    drop(Writer::create(&name, 2, &value(1, 0)).expect("created"));
    let mut reader = Reader::<Value>::open(&name).expect("a snapshot");
    let mut last = 1;
    let mut at_the_end = false;
    for steps in 0_u32.. {
        if at_the_end {
            break;
        }
        let mut traced = Traced::start(&peer, &["snapshot", "store-once", text]);
        traced.goes_on_to_the_mark();
        for _ in 0..steps {
            assert!(traced.goes_on(libc::PTRACE_SINGLESTEP));
        }
        at_the_end = traced.is_at_the_mark();
        traced.kill();

        let object = Object::open(&name).expect("an object");
        assert_eq!(object.writer_alive(), Ok(false), "after {steps}");
        for reader in [&reader, &Reader::open(&name).expect("a snapshot")] {
            let (sequence, value) = reader.load_with_sequence().expect("no writer runs");
            assert_eq!(number(&value), Some(sequence), "torn after {steps}");
            assert!(sequence == last || sequence == last + 1, "after {steps}");
        }
        let (sequence, _) = reader.load_with_sequence().expect("no writer runs");
        say(if sequence == last { "old" } else { "new" });

        let mut writer = Writer::<Value>::open(&name).expect("taken over");
        assert_eq!(writer.sequence(), sequence, "after {steps}");
        assert_eq!(number(&writer.load()), Some(sequence), "after {steps}");
        writer.store(&value(sequence + 1, 0));
        last = sequence + 1;
        let next = reader
            .next(Deadline::NEVER)
            .expect("a value")
            .expect("no deadline");
        assert_eq!(number(&next), Some(last), "after {steps}");
        assert_eq!(
            reader.wait(sequence, Deadline::NEVER),
            Ok(true),
            "no reader sleeps past it"
        );
    }
}

const NAME: &str = "/my_snapshot";

/// The state of the directory: nothing, or a snapshot with a value that matches its number.
fn state() -> (Option<u64>, String) {
    let names: Vec<_> = std::fs::read_dir("/dev/shm")
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    let name = Name::new(NAME).expect("a name");
    match Reader::<Message>::open(&name) {
        Err(snapshot::Error::System(error))
            if error == Error::new(Operation::Open, Errno::NOENT) =>
        {
            assert!(names.is_empty(), "{names:?}");
            (None, "nothing".into())
        }
        reader => {
            assert_eq!(names, [NAME.trim_start_matches('/')]);
            let (number, value) = reader
                .and_then(|reader| Ok(reader.load_with_sequence()?))
                .expect("a whole snapshot");
            (Some(number), format!("number {number}: {}", text(&value)))
        }
    }
}

fn free() -> (u64, u64) {
    let mut status = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: a C string, and a struct for the answer.
    let result = unsafe { libc::statvfs(c"/dev/shm".as_ptr(), status.as_mut_ptr()) };
    assert_eq!(result, 0);
    // SAFETY: the kernel has written it.
    let status = unsafe { status.assume_init() };
    assert!(
        status.f_blocks * status.f_frsize <= 1 << 20,
        "not a private /dev/shm"
    );
    (status.f_bfree, status.f_ffree)
}

/// Kills `publish -c3 -r1000000`, and prints the state of its directory after each kill. `/dev/shm`
/// must be small, empty, and used by nothing else.
pub(crate) fn life(publish: &str) {
    let publish = Path::new(publish);
    let arguments = ["-c3", "-r1000000"];
    let name = Name::new(NAME).expect("a name");
    let before = free();
    let (empty, _) = state();
    assert_eq!(empty, None);
    let (mut calls, mut steps) = (0_u32, 0_u32);
    loop {
        let mut traced = Traced::start(publish, &arguments);
        // At full speed up to the last call: single steps from the start would take minutes.
        let on = (0..calls).all(|_| traced.goes_on(libc::PTRACE_SYSCALL))
            && (0..steps).all(|_| traced.goes_on(libc::PTRACE_SINGLESTEP));
        if on {
            if traced.is_at_a_call() {
                // Into the call, and out of it.
                (calls, steps) = (calls + 2, 0);
            } else {
                steps += 1;
            }
            traced.kill();
        }
        let (number, words) = state();
        say(&words);

        let next = run(Command::new(publish).args(["-c1", "-r1000000"]));
        assert_eq!((next.status, next.stderr.as_str()), (0, ""));
        let taken_over = state();
        let expected = number.map_or(1, |number| number + 1);
        assert_eq!(taken_over.1, format!("number {expected}: 1"));
        rawshm::unlink(&name).expect("allowed");
        assert_eq!(free(), before, "memory is left");
        if !on {
            break;
        }
    }
}
