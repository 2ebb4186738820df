//! What goes wrong with the calls of a process.

use rawshm_tests::traced::{Event, MARK, Traced};

/// A call that goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The call. If another one is made there, such as one that a sleep would have been followed by
    /// later, nothing goes wrong.
    pub call: &'static str,
    /// Which one, in the order in which they are made.
    pub at: usize,
    pub how: How,
    /// How often, if it is made again.
    pub times: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is not made, and fails with this errno.
    Refused(i32),
    /// It is made, and fails with this errno all the same.
    Made(i32),
    /// It is not made, and its result is 0.
    Faked,
}

/// Where a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// At which call, in the order in which they are made.
    pub at: usize,
    pub side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// All that goes wrong in one run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan<'a> {
    pub faults: &'a [Fault],
    pub kill: Option<Kill>,
}

impl Plan<'_> {
    /// Nothing but a kill.
    pub fn killed(kill: Kill) -> Self {
        Self {
            faults: &[],
            kill: Some(kill),
        }
    }
}

/// How a run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It is at the mark.
    AtTheMark,
    Exited(i32),
    /// It was killed as planned.
    Killed,
    /// By a signal of its own.
    Signal(i32),
}

impl Fault {
    pub const fn new(call: &'static str, at: usize, how: How) -> Self {
        Self {
            call,
            at,
            how,
            times: 1,
        }
    }

    pub fn errno(self) -> Option<i32> {
        match self.how {
            How::Refused(errno) | How::Made(errno) => Some(errno),
            How::Faked => None,
        }
    }

    /// Whether it applies to the last of these calls.
    fn hits(self, calls: &[&str]) -> bool {
        let last = calls.len() - 1;
        (self.at..self.at + self.times).contains(&last)
            && calls[self.at..].iter().all(|call| *call == self.call)
    }
}

impl Plan<'_> {
    /// Lets a process run until a mark or its end, and notes its calls.
    pub fn run(self, traced: &mut Traced, calls: &mut Vec<&'static str>) -> End {
        loop {
            if let Err(end) = self.makes_a_call(traced, calls) {
                return end;
            }
        }
    }

    /// Lets a process run from an exit from a call to the next.
    fn makes_a_call(self, traced: &mut Traced, calls: &mut Vec<&'static str>) -> Result<(), End> {
        stops(traced.to_a_call())?;
        let mut registers = traced.registers();
        if traced.call() == MARK {
            return Err(End::AtTheMark);
        }
        let Some(call) = name(traced, &registers) else {
            return stops(traced.to_a_call());
        };
        calls.push(call);
        let killed = |side| {
            let at = calls.len() - 1;
            self.kill == Some(Kill { at, side })
        };
        if killed(Side::Before) {
            traced.end();
            return Err(End::Killed);
        }
        let mut faults = self.faults.iter();
        let how = faults
            .find(|fault| fault.hits(calls))
            .map(|fault| fault.how);
        if matches!(how, Some(How::Refused(_) | How::Faked)) {
            registers.orig_rax = u64::MAX;
            traced.set_registers(registers);
        }
        stops(traced.to_a_call())?;
        if let Some(how) = how {
            let errno = match how {
                How::Refused(errno) | How::Made(errno) => errno,
                How::Faked => 0,
            };
            let mut registers = traced.registers();
            registers.rax = u64::from_ne_bytes(i64::from(-errno).to_ne_bytes());
            traced.set_registers(registers);
        }
        if killed(Side::After) {
            traced.end();
            return Err(End::Killed);
        }
        Ok(())
    }
}

fn stops(event: Event) -> Result<(), End> {
    match event {
        Event::Stopped => Ok(()),
        Event::Exited(status) => Err(End::Exited(status)),
        Event::Signal(signal) | Event::Killed(signal) => Err(End::Signal(signal)),
    }
}

/// The name of a call, unless it is the last one, or one of the C library's or std's: a private
/// mapping, or a look whether a descriptor is open.
fn name(traced: &Traced, registers: &libc::user_regs_struct) -> Option<&'static str> {
    let argument = |register: u64| i32::try_from(register).unwrap_or(-1);
    let number = i64::try_from(registers.orig_rax).ok()?;
    let is_the_librarys = match number {
        libc::SYS_mmap => argument(registers.r10) & libc::MAP_PRIVATE == 0,
        libc::SYS_fcntl => argument(registers.rsi) != libc::F_GETFD,
        libc::SYS_futex => argument(registers.rsi) & libc::FUTEX_PRIVATE_FLAG == 0,
        _ => true,
    };
    if !is_the_librarys || number == libc::SYS_exit_group {
        return None;
    }
    let known = CALLS.iter().find(|(_, call)| *call == number);
    let (name, _) = known.unwrap_or_else(|| panic!("the faults of call {number} are not known"));
    Some(match (number, argument(registers.rsi)) {
        (libc::SYS_fcntl, libc::F_OFD_GETLK) => "fcntl, to find a lock",
        (libc::SYS_fcntl, libc::F_OFD_SETLK) if is_to_claim(traced, registers) => "fcntl, to claim",
        (libc::SYS_fcntl, libc::F_OFD_SETLK | libc::F_OFD_SETLKW) => "fcntl, of a lock",
        (libc::SYS_futex, libc::FUTEX_WAKE) => "futex, to wake",
        (libc::SYS_madvise, _) if is_to_prefault(argument(registers.rdx)) => "madvise, to prefault",
        _ => name,
    })
}

/// Whether the lock is the claim: a second one only wakes those who wait for its end.
fn is_to_claim(traced: &Traced, registers: &libc::user_regs_struct) -> bool {
    let start = std::mem::offset_of!(libc::flock, l_start);
    let start = registers.rdx + u64::try_from(start).expect("small");
    traced.word(start) == 1 << 62
}

fn is_to_prefault(advice: i32) -> bool {
    [libc::MADV_POPULATE_READ, libc::MADV_POPULATE_WRITE].contains(&advice)
}

/// All calls that the library and the programs make and that return.
const CALLS: &[(&str, libc::c_long)] = &[
    ("clock_gettime", libc::SYS_clock_gettime),
    ("close", libc::SYS_close),
    ("faccessat", libc::SYS_faccessat),
    ("fallocate", libc::SYS_fallocate),
    ("fchmod", libc::SYS_fchmod),
    ("fcntl", libc::SYS_fcntl),
    ("flock", libc::SYS_flock),
    ("fstat", libc::SYS_fstat),
    ("fstatfs", libc::SYS_fstatfs),
    ("ftruncate", libc::SYS_ftruncate),
    ("futex", libc::SYS_futex),
    ("inotify_add_watch", libc::SYS_inotify_add_watch),
    ("inotify_init1", libc::SYS_inotify_init1),
    ("linkat", libc::SYS_linkat),
    ("madvise", libc::SYS_madvise),
    ("memfd_create", libc::SYS_memfd_create),
    ("mlock", libc::SYS_mlock),
    ("mmap", libc::SYS_mmap),
    ("mprotect", libc::SYS_mprotect),
    ("munlock", libc::SYS_munlock),
    ("munmap", libc::SYS_munmap),
    ("nanosleep", libc::SYS_nanosleep),
    ("newfstatat", libc::SYS_newfstatat),
    ("openat", libc::SYS_openat),
    ("ppoll", libc::SYS_ppoll),
    ("pread64", libc::SYS_pread64),
    ("pwrite64", libc::SYS_pwrite64),
    ("read", libc::SYS_read),
    ("renameat", libc::SYS_renameat),
    ("renameat2", libc::SYS_renameat2),
    ("rt_sigaction", libc::SYS_rt_sigaction),
    ("sched_yield", libc::SYS_sched_yield),
    ("statfs", libc::SYS_statfs),
    ("unlinkat", libc::SYS_unlinkat),
    ("write", libc::SYS_write),
];
