//! Processes that run step by step, by ptrace, so that each of their system calls can be changed,
//! and each place of their run can be the last.

use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::ptr::{null_mut, without_provenance_mut};

use crate::{Held, spawn};

/// A process that runs step by step. Dropping it kills it.
#[derive(Debug)]
pub struct Traced {
    pid: libc::pid_t,
    has_ended: bool,
}

/// What a program prints.
pub type Output = (ChildStdout, ChildStderr);

/// The type of `ptrace` requests, which differs between C libraries.
#[cfg(target_env = "musl")]
type Request = libc::c_int;
#[cfg(not(target_env = "musl"))]
type Request = libc::c_uint;

/// A place in a run: this number of stops at system calls, then this number of instructions.
///
/// Up to the last call a process runs at full speed: single steps from the start would take
/// minutes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    calls: u32,
    steps: u32,
}

/// What a process does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has stopped: before an instruction, or at the entry to or the exit from a call.
    Stopped,
    /// A signal is about to be delivered.
    Signal(i32),
    /// It has ended, with this status.
    Exited(i32),
    /// A signal has ended it.
    Killed(i32),
}

fn trace_me() {
    // SAFETY: one system call, which accesses no memory.
    unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<()>(), null_mut::<()>()) };
}

/// Makes descriptor 0 a pipe that has ended. A call that only reports success returns 0, which the
/// process may take for the descriptor of its object: so it must not be a device, or somebody's
/// file, whose mode or size it would change.
fn harmless_standard_input() {
    let mut ends = [0; 2];
    // SAFETY: a local for the two descriptors.
    let piped = unsafe { libc::pipe(ends.as_mut_ptr()) };
    assert_eq!(piped, 0);
    // SAFETY: descriptors of this process.
    unsafe { libc::dup2(ends[0], 0) };
    for end in ends.into_iter().filter(|end| *end > 0) {
        // SAFETY: descriptors of this process, which nothing else owns.
        unsafe { libc::close(end) };
    }
}

impl Traced {
    /// Starts a program, which stops before its first instruction.
    #[must_use]
    pub fn start(program: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        Self::starts(command.args(arguments).stdout(Stdio::null())).0
    }

    /// As [`Traced::start`], with what the program prints.
    #[must_use]
    pub fn start_piped(program: &Path, arguments: &[&str]) -> (Self, Output) {
        let mut command = Command::new(program);
        let command = command.args(arguments);
        let (traced, mut child) =
            Self::starts(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let output = (child.stdout.take(), child.stderr.take());
        (
            traced,
            (output.0.expect("a pipe"), output.1.expect("a pipe")),
        )
    }

    fn starts(command: &mut Command) -> (Self, std::process::Child) {
        // A pipe, and not a device: see `fork`.
        command.env_clear().stdin(Stdio::piped());
        // SAFETY: one system call, which accesses no memory.
        unsafe {
            command.pre_exec(|| {
                trace_me();
                Ok(())
            });
        }
        let mut child = spawn(command);
        // It has ended.
        drop(child.stdin.take());
        (Self::stopped(child.id().try_into().expect("a pid")), child)
    }

    /// Forks, and stops before `act`. Its status is 1 if `act` returns false.
    ///
    /// This process has threads, so the child must wait for none of them. With glibc it may
    /// allocate.
    #[must_use]
    pub fn fork(act: impl FnOnce() -> bool) -> Self {
        // SAFETY: the child calls only what may be called after a fork, and never returns.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "{}", std::io::Error::last_os_error());
        if pid == 0 {
            harmless_standard_input();
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
        let mut traced = Self {
            pid,
            has_ended: false,
        };
        let is_stopped = matches!(traced.next(), Event::Stopped | Event::Signal(libc::SIGSTOP));
        assert!(is_stopped, "it does not begin");
        // It ends with this process, and its stops at calls are no signals.
        let options = libc::PTRACE_O_EXITKILL | libc::PTRACE_O_TRACESYSGOOD;
        let options = without_provenance_mut(options.try_into().expect("bits"));
        traced.request(libc::PTRACE_SETOPTIONS, null_mut(), options);
        traced
    }

    fn request(&self, request: Request, address: *mut libc::c_void, data: *mut libc::c_void) {
        // SAFETY: a stopped child; the callers' pointers are for what they request.
        let result = unsafe { libc::ptrace(request, self.pid, address, data) };
        assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    }

    /// Waits until it stops or ends.
    fn next(&mut self) -> Event {
        let mut status = 0;
        // SAFETY: a child of this process and a local integer.
        let pid = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        assert_eq!(pid, self.pid);
        self.has_ended = !libc::WIFSTOPPED(status);
        if libc::WIFEXITED(status) {
            return Event::Exited(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Event::Killed(libc::WTERMSIG(status));
        }
        // The highest bit says that it is at a call.
        match libc::WSTOPSIG(status) {
            stop if stop & 0x7f == libc::SIGTRAP => Event::Stopped,
            signal => Event::Signal(signal),
        }
    }

    /// Continues to the entry to or the exit from a system call.
    pub fn to_a_call(&mut self) -> Event {
        self.continues(libc::PTRACE_SYSCALL)
    }

    fn continues(&mut self, how: Request) -> Event {
        self.request(how, null_mut(), null_mut());
        self.next()
    }

    /// Continues to the next instruction, or to the next entry to or exit from a system call. False
    /// if it has ended, with success.
    fn goes_on(&mut self, how: Request) -> bool {
        match self.continues(how) {
            Event::Stopped => true,
            Event::Exited(0) => false,
            other => panic!("{other:?}"),
        }
    }

    /// Continues to its end.
    pub fn ends(&mut self) {
        while self.goes_on(libc::PTRACE_CONT) {}
    }

    /// Continues to a place; false if it has ended before.
    pub fn goes_to(&mut self, place: Place) -> bool {
        (0..place.calls).all(|_| self.goes_on(libc::PTRACE_SYSCALL))
            && (0..place.steps).all(|_| self.goes_on(libc::PTRACE_SINGLESTEP))
    }

    /// The place after the next instruction, which may be a system call: into it, and out of it.
    #[must_use]
    pub fn place_after(&self, place: Place) -> Place {
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
    pub fn advances(&mut self, place: &mut Place) -> bool {
        let calls = place.calls;
        *place = self.place_after(*place);
        if place.calls > calls {
            self.goes_on(libc::PTRACE_SYSCALL) && self.goes_on(libc::PTRACE_SYSCALL)
        } else {
            self.goes_on(libc::PTRACE_SINGLESTEP)
        }
    }

    #[must_use]
    pub fn registers(&self) -> libc::user_regs_struct {
        let mut registers = MaybeUninit::<libc::user_regs_struct>::uninit();
        let to = registers.as_mut_ptr().cast();
        self.request(libc::PTRACE_GETREGS, null_mut(), to);
        // SAFETY: the kernel has written them.
        unsafe { registers.assume_init() }
    }

    pub fn set_registers(&self, mut registers: libc::user_regs_struct) {
        let from = (&raw mut registers).cast();
        self.request(libc::PTRACE_SETREGS, null_mut(), from);
    }

    /// The system call that it is at the entry to or the exit from.
    #[must_use]
    pub fn call(&self) -> libc::c_long {
        libc::c_long::from_ne_bytes(self.registers().orig_rax.to_ne_bytes())
    }

    /// Whether the next instruction is a system call.
    fn is_at_a_call(&self) -> bool {
        self.word(self.registers().rip) & 0xffff == 0x050f
    }

    /// Eight bytes of its memory.
    #[must_use]
    pub fn word(&self, address: u64) -> i64 {
        let at = address as *mut libc::c_void;
        // SAFETY: a stopped child, whose memory is read.
        unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.pid, at, null_mut::<()>()) }
    }

    /// Continues until it enters this system call.
    pub fn goes_on_into(&mut self, call: libc::c_long) {
        while self.goes_on(libc::PTRACE_SYSCALL) {
            if self.call() == call {
                return;
            }
        }
        panic!("there is no such call");
    }

    /// Continues until it has made the call that marks a place.
    pub fn goes_on_to_the_mark(&mut self) {
        self.goes_on_into(MARK);
        assert!(self.goes_on(libc::PTRACE_SYSCALL), "the exit from the call");
    }

    /// Whether the next instruction is the call that marks a place.
    #[must_use]
    pub fn is_at_the_mark(&self) -> bool {
        self.is_at_a_call() && i64::try_from(self.registers().rax) == Ok(MARK)
    }

    /// What it has of objects.
    #[must_use]
    pub fn holds(&self) -> Held {
        Held::by(&self.pid.to_string())
    }

    /// Ends it.
    pub fn kill(mut self) {
        self.end();
    }

    /// Ends it, if it has not ended.
    pub fn end(&mut self) {
        if self.has_ended {
            return;
        }
        // SAFETY: a child of this process, which has not been waited for.
        assert_eq!(unsafe { libc::kill(self.pid, libc::SIGKILL) }, 0);
        // Its claim is released once it has been waited for.
        while !self.has_ended {
            let _ = self.next();
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        self.end();
    }
}

/// The call that marks a place: the library does not make it.
pub const MARK: libc::c_long = libc::SYS_getppid;

pub fn mark() {
    // SAFETY: it has no arguments, and always succeeds.
    unsafe { libc::getppid() };
}
