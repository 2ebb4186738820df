//! Runs something in a process of its own, and writes down its system calls.

use core::fmt::{self, Write as _};
use core::mem::{MaybeUninit, size_of};

use linux_raw_sys::general::{__NR_execve, __NR_getppid, __NR_ptrace};
use linux_raw_sys::ptrace::{
    PTRACE_GET_SYSCALL_INFO, PTRACE_O_EXITKILL, PTRACE_O_TRACESYSGOOD, PTRACE_SETOPTIONS,
    PTRACE_SYSCALL, PTRACE_SYSCALL_INFO_ENTRY, PTRACE_SYSCALL_INFO_EXIT, PTRACE_TRACEME,
    ptrace_syscall_info,
};
use rawshm::{Errno, errno};
use rawshm_boot::{call, fork};
use rustix::fs::unlink;
use rustix::process::waitpid;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, getpid, getppid, kill_process};

use crate::report::{Text, line};
use crate::{ELSEWHERE, PATH, TEMPORARY, names};

/// What a stop at a system call has instead of `SIGTRAP`.
const AT_CALL: i32 = Signal::TRAP.as_raw() | 0x80;

/// What this process does when the traced one is about to make one of these calls, or is in it: an
/// action that is passed how often one has begun.
pub struct Beside<'a> {
    pub calls: &'static [u32],
    pub act: &'a mut dyn FnMut(u32),
}

/// Does what is traced: what a process does between two calls that the library never makes.
pub fn begun<T>(act: impl FnOnce() -> T) -> T {
    let _ = getppid();
    let done = act();
    let _ = getppid();
    done
}

/// Traces what a function begins, in a process of its own.
pub fn function(outcome: &str, act: impl FnOnce()) {
    function_beside(outcome, None, act);
}

pub fn function_beside(outcome: &str, beside: Option<Beside<'_>>, act: impl FnOnce()) {
    trace(outcome, __NR_getppid, 0, beside, act);
}

/// Traces a program, which the process becomes.
pub fn program(outcome: &str, status: i32, beside: Option<Beside<'_>>, act: impl FnOnce()) {
    trace(outcome, __NR_execve, status, beside, act);
}

/// Prints the calls of a process: those between two of the first, or those from an execve to the
/// end.
fn trace(outcome: &str, first: u32, status: i32, beside: Option<Beside<'_>>, act: impl FnOnce()) {
    let pid = match fork() {
        Ok(Some(pid)) => pid,
        Ok(None) => {
            let _ = ptrace(PTRACE_TRACEME, None, 0, 0);
            let _ = kill_process(getpid(), Signal::STOP);
            act();
            rawshm_start::exit(0)
        }
        Err(errno) => return line(format_args!("{outcome}: cannot fork: {errno:?}")),
    };
    let mut trace = Trace {
        pid,
        first,
        recording: false,
        calls: Text::new(),
        beside,
        times: 0,
    };
    let ended = trace.follow();
    let calls = match trace.calls.as_str() {
        "" => "none",
        calls => calls,
    };
    match ended {
        Ok(ended) if ended.exit_status() == Some(status) => {
            line(format_args!("{outcome}: {calls}"));
        }
        Ok(ended) => line(format_args!(
            "{outcome}: {calls}, and it ended with {ended:?}"
        )),
        Err(errno) => line(format_args!("{outcome}: {calls}, and no trace: {errno:?}")),
    }
    for path in [PATH, ELSEWHERE, TEMPORARY] {
        let _ = unlink(path);
    }
}

struct Trace<'a> {
    pid: Pid,
    first: u32,
    recording: bool,
    calls: Text,
    beside: Option<Beside<'a>>,
    times: u32,
}

impl Trace<'_> {
    fn follow(&mut self) -> Result<WaitStatus, Errno> {
        self.wait()?;
        let options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
        ptrace(
            PTRACE_SETOPTIONS,
            Some(self.pid),
            0,
            usize::try_from(options).unwrap_or(0),
        )?;
        let mut signal = 0;
        let mut due = false;
        loop {
            ptrace(PTRACE_SYSCALL, Some(self.pid), 0, signal)?;
            if let (true, Some(beside)) = (due, &mut self.beside) {
                (beside.act)(self.times);
            }
            due = false;
            signal = 0;
            let status = self.wait()?;
            match status.stopping_signal() {
                None => return Ok(status),
                Some(AT_CALL) => due = self.at_call()?,
                // What starts the trace, and what an execve sends.
                Some(other) if other == Signal::STOP.as_raw() || other == Signal::TRAP.as_raw() => {
                }
                Some(other) => signal = usize::try_from(other).unwrap_or(0),
            }
        }
    }

    fn wait(&self) -> Result<WaitStatus, Errno> {
        let ended = waitpid(Some(self.pid), WaitOptions::empty())?;
        ended.map(|(_, status)| status).ok_or(Errno::CHILD)
    }

    /// Writes down what begins or ends, and returns whether it is what something is done beside.
    fn at_call(&mut self) -> Result<bool, Errno> {
        let mut info = MaybeUninit::<ptrace_syscall_info>::zeroed();
        let size = size_of::<ptrace_syscall_info>();
        ptrace(
            PTRACE_GET_SYSCALL_INFO,
            Some(self.pid),
            size,
            info.as_mut_ptr().addr(),
        )?;
        // SAFETY: integers, which zeros are, too.
        let info = unsafe { info.assume_init() };
        match u32::from(info.op) {
            PTRACE_SYSCALL_INFO_ENTRY => {
                // SAFETY: the kernel has filled it in.
                let number = unsafe { info.__bindgen_anon_1.entry.nr };
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                if number == self.first {
                    self.recording = !self.recording;
                }
                if !self.recording || number == __NR_getppid {
                    return Ok(false);
                }
                let _ = self.begin(number);
                let beside = self
                    .beside
                    .as_ref()
                    .is_some_and(|one| one.calls.contains(&number));
                self.times += u32::from(beside);
                Ok(beside)
            }
            PTRACE_SYSCALL_INFO_EXIT if self.recording => {
                // SAFETY: the kernel has filled it in.
                let ended = unsafe { info.__bindgen_anon_1.exit };
                if ended.is_error != 0 {
                    let raw = i32::try_from(ended.rval.saturating_neg()).unwrap_or(0);
                    let _ = self.fail(Errno::from_raw_os_error(raw));
                }
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    fn begin(&mut self, number: u32) -> fmt::Result {
        if !self.calls.as_str().is_empty() {
            self.calls.write_str(", ")?;
        }
        match names::name(number) {
            Some(name) => self.calls.write_str(name),
            None => write!(self.calls, "call-{number}"),
        }
    }

    fn fail(&mut self, errno: Errno) -> fmt::Result {
        match errno::name(errno) {
            Some(name) => write!(self.calls, " {name}"),
            None => write!(self.calls, " errno-{}", errno.raw_os_error()),
        }
    }
}

fn ptrace(request: u32, pid: Option<Pid>, address: usize, data: usize) -> Result<(), Errno> {
    let pid = usize::try_from(Pid::as_raw(pid)).unwrap_or(0);
    let request = usize::try_from(request).unwrap_or(0);
    // SAFETY: `data` is a number, or where the kernel writes what `address` is the size of.
    let result = unsafe { call(__NR_ptrace, [request, pid, address, data]) };
    match i32::try_from(result) {
        Ok(failed @ -4095..0) => Err(Errno::from_raw_os_error(-failed)),
        _ => Ok(()),
    }
}
