//! Programs that run step by step, by ptrace, and are killed at every place of their run.

mod ends;
mod life;
mod operations;
mod sleeper;
mod stops;

use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::ptr::null_mut;

use rawshm_tests::spawn;

pub(crate) use self::ends::ends;
pub(crate) use self::life::life;
pub(crate) use self::operations::{appears_late, operations};
pub(crate) use self::stops::stops;

/// A process that runs step by step.
struct Traced {
    pid: libc::pid_t,
}

/// The type of `ptrace` requests, which differs between C libraries.
#[cfg(target_env = "musl")]
type Request = libc::c_int;
#[cfg(not(target_env = "musl"))]
type Request = libc::c_uint;

/// A place in a run: this number of stops at system calls, then this number of instructions.
///
/// Up to the last call a process runs at full speed: single steps from the start would take
/// minutes.
#[derive(Clone, Copy, Default)]
struct Place {
    calls: u32,
    steps: u32,
}

fn trace_me() {
    // SAFETY: one system call, which accesses no memory.
    unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<()>(), null_mut::<()>()) };
}

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
                trace_me();
                Ok(())
            });
        }
        Self::stopped(spawn(&mut command).id().try_into().expect("a pid"))
    }

    /// Forks, and stops before `act`. The child must not allocate, since this process has threads.
    /// It fails if `act` returns false.
    fn fork(act: impl FnOnce() -> bool) -> Self {
        // SAFETY: the child calls only what may be called after a fork, and never returns.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "{}", std::io::Error::last_os_error());
        if pid == 0 {
            trace_me();
            // SAFETY: no pointer is passed.
            unsafe { libc::raise(libc::SIGSTOP) };
            let status = i32::from(!act());
            // SAFETY: no pointer is passed.
            unsafe { libc::_exit(status) };
        }
        Self::stopped(pid)
    }

    fn stopped(pid: libc::pid_t) -> Self {
        let mut traced = Self { pid };
        assert!(traced.has_stopped());
        traced
    }

    /// Whether it has stopped, and not ended.
    fn has_stopped(&mut self) -> bool {
        let mut status = 0;
        // SAFETY: a child of this process and a local integer.
        let pid = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        assert_eq!(pid, self.pid);
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
        let result = unsafe { libc::ptrace(how, self.pid, null_mut::<()>(), null_mut::<()>()) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
        self.has_stopped()
    }

    /// Continues to a place; false if it has ended before.
    fn goes_to(&mut self, place: Place) -> bool {
        (0..place.calls).all(|_| self.goes_on(libc::PTRACE_SYSCALL))
            && (0..place.steps).all(|_| self.goes_on(libc::PTRACE_SINGLESTEP))
    }

    /// The place after the next instruction, which may be a system call: into it, and out of it.
    fn place_after(&self, place: Place) -> Place {
        let Place { calls, steps } = place;
        if self.is_at_a_call() {
            Place {
                calls: calls + 2,
                steps: 0,
            }
        } else {
            Place {
                calls,
                steps: steps + 1,
            }
        }
    }

    /// Continues by one instruction. False if it has ended.
    fn advances(&mut self, place: &mut Place) -> bool {
        let calls = place.calls;
        *place = self.place_after(*place);
        if place.calls > calls {
            self.goes_on(libc::PTRACE_SYSCALL) && self.goes_on(libc::PTRACE_SYSCALL)
        } else {
            self.goes_on(libc::PTRACE_SINGLESTEP)
        }
    }

    fn registers(&self) -> libc::user_regs_struct {
        let mut registers = MaybeUninit::<libc::user_regs_struct>::uninit();
        let to = registers.as_mut_ptr();
        // SAFETY: a stopped child; the kernel writes the registers into the local struct.
        let result = unsafe { libc::ptrace(libc::PTRACE_GETREGS, self.pid, null_mut::<()>(), to) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
        // SAFETY: the kernel has written them.
        unsafe { registers.assume_init() }
    }

    /// Whether the next instruction is a system call.
    fn is_at_a_call(&self) -> bool {
        let at = self.registers().rip as *mut libc::c_void;
        // SAFETY: a stopped child, whose next instruction is read.
        let word = unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.pid, at, null_mut::<()>()) };
        word & 0xffff == 0x050f
    }

    /// Continues until it enters this system call.
    fn goes_on_into(&mut self, call: libc::c_long) {
        while self.goes_on(libc::PTRACE_SYSCALL) {
            if i64::try_from(self.registers().orig_rax) == Ok(call) {
                return;
            }
        }
        panic!("there is no such call");
    }

    /// Continues until it has made the call that marks a place.
    fn goes_on_to_the_mark(&mut self) {
        self.goes_on_into(MARK);
        assert!(self.goes_on(libc::PTRACE_SYSCALL), "the exit from the call");
    }

    /// Whether the next instruction is the call that marks a place.
    fn is_at_the_mark(&self) -> bool {
        self.is_at_a_call() && i64::try_from(self.registers().rax) == Ok(MARK)
    }

    fn kill(self) {
        // SAFETY: a child of this process.
        assert_eq!(unsafe { libc::kill(self.pid, libc::SIGKILL) }, 0);
        // Its claim is released once it has been waited for.
        let mut status = 0;
        // SAFETY: as above.
        let pid = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        assert!(pid == self.pid && libc::WIFSIGNALED(status));
    }
}

const MARK: libc::c_long = libc::SYS_getppid;

/// A call that only marks a place.
fn mark() {
    // SAFETY: it has no arguments, and always succeeds.
    unsafe { libc::getppid() };
}

/// The bytes and the inodes that are free in `/dev/shm`, which must be small.
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

/// The names in `/dev/shm`.
fn names() -> Vec<String> {
    let entries = std::fs::read_dir("/dev/shm").expect("a directory");
    let name = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries
        .map(|entry| name(entry.expect("an entry")))
        .collect()
}
