//! Faults: one system call of an operation that fails, or several.

use std::os::fd::{FromRawFd as _, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread;

use libc::c_long;

use crate::filter;
use crate::rungs::Answer;

/// A call that the library is about to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its index in [`CALLS`].
    which: usize,
    /// Whether another process makes it, which the thread has started.
    pub is_of_a_child: bool,
}

impl Call {
    #[must_use]
    pub fn name(self) -> &'static str {
        CALLS[self.which].0
    }
}

/// All calls that the library makes and that can fail, except those that give back what it has.
pub const CALLS: &[(&str, c_long)] = &[
    ("clock_gettime", libc::SYS_clock_gettime),
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
    ("mlock", libc::SYS_mlock),
    ("mmap", libc::SYS_mmap),
    ("mprotect", libc::SYS_mprotect),
    ("munlock", libc::SYS_munlock),
    ("nanosleep", libc::SYS_nanosleep),
    ("newfstatat", libc::SYS_newfstatat),
    ("openat", libc::SYS_openat),
    ("ppoll", libc::SYS_ppoll),
    ("pread64", libc::SYS_pread64),
    ("pwrite64", libc::SYS_pwrite64),
    ("read", libc::SYS_read),
    ("renameat", libc::SYS_renameat),
    ("renameat2", libc::SYS_renameat2),
    ("sched_yield", libc::SYS_sched_yield),
    ("statfs", libc::SYS_statfs),
    ("unlinkat", libc::SYS_unlinkat),
    ("write", libc::SYS_write),
];

/// Runs a test in a thread of its own. Before each of its calls, and of those of the processes that
/// it starts, `answer` says what becomes of it.
pub fn where_each_call_is_asked<T: Send>(
    mut answer: impl FnMut(Call) -> Answer,
    test: impl FnOnce() -> T + Send,
) -> T {
    let (say, listener) = channel();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // SAFETY: no pointer is passed.
            let own = unsafe { libc::gettid() };
            let own: u32 = own.try_into().expect("a thread");
            say.send((own, supervise())).expect("a supervisor");
            let done = test();
            // The end of a thread makes calls, too.
            over.store(true, SeqCst);
            done
        });
        let (own, listener) = listener.recv().expect("a filter");
        filter::answer_all(&listener, |asked| {
            let number = c_long::from(asked.data.nr);
            let which = CALLS.iter().position(|(_, call)| *call == number);
            // Threads that it starts make calls for std.
            let is_a_thread = || Path::new(&format!("/proc/self/task/{}", asked.pid)).exists();
            let is_of_a_child = asked.pid != own && !is_a_thread();
            match which {
                Some(which) if is_of_a_child || asked.pid == own && !over.load(SeqCst) => {
                    answer(Call {
                        which,
                        is_of_a_child,
                    })
                }
                _ => Answer::Made,
            }
        });
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Has a supervisor asked before each call of this thread, except those of the C library and std:
/// private futexes, private mappings, and looks whether a descriptor is open.
fn supervise() -> OwnedFd {
    use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_K, BPF_LD, BPF_RET, BPF_W};
    let load = BPF_LD | BPF_W | BPF_ABS;
    let mut program = vec![filter::statement(load, filter::number())];
    let allow = filter::statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW);
    let ask = filter::statement(BPF_RET | BPF_K, libc::SECCOMP_RET_USER_NOTIF);
    for (_, call) in CALLS {
        let number = u32::try_from(*call).expect("a number");
        // The argument, the bits that count of it, and what it is if the call is not the library's.
        let others = match *call {
            libc::SYS_futex => Some((1, libc::FUTEX_PRIVATE_FLAG, libc::FUTEX_PRIVATE_FLAG)),
            libc::SYS_mmap => Some((3, libc::MAP_PRIVATE, libc::MAP_PRIVATE)),
            libc::SYS_fcntl => Some((1, -1, libc::F_GETFD)),
            _ => None,
        };
        match others {
            None => program.extend([filter::jump(number, 0, 1), ask]),
            Some((argument, bits, value)) => program.extend([
                filter::jump(number, 0, 5),
                filter::statement(load, filter::argument(argument)),
                filter::statement(BPF_ALU | BPF_AND | BPF_K, filter::bits(bits)),
                filter::jump(filter::bits(value), 0, 1),
                allow,
                ask,
            ]),
        }
    }
    program.push(allow);
    let listener = filter::install_flagged(&mut program, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
    // SAFETY: just made, and nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(listener) }
}
