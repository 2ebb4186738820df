//! The rungs: the ways in which a complete object gets its name, each forced by a filter of system
//! calls.
//!
//! A filter applies to its thread and to the processes that this thread starts, and to nothing
//! else.

use std::thread;

/// A way to the name. The calls of the better ways are refused, so that this one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// Without a name, then linked by its descriptor. Nothing is refused.
    ByDescriptor,
    /// Without a name, then linked through `/proc`: `AT_EMPTY_PATH` is refused, as before Linux
    /// 6.10.
    ByProc,
    /// Under a temporary name: the file system has no `O_TMPFILE`.
    Temporary,
    /// Under a temporary name: a file without a name cannot be linked.
    TemporaryAfterAll,
}

impl Rung {
    pub const ALL: [Self; 4] = [
        Self::ByDescriptor,
        Self::ByProc,
        Self::Temporary,
        Self::TemporaryAfterAll,
    ];

    /// Whether the object has a temporary name while it is initialised.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Temporary | Self::TemporaryAfterAll)
    }
}

/// Runs a test on each rung.
pub fn on_each_rung(test: impl Fn(Rung) + Sync) {
    for rung in Rung::ALL {
        on(rung, || test(rung));
    }
}

/// Runs a test on one rung, in a thread of its own.
pub fn on<T: Send>(rung: Rung, test: impl FnOnce() -> T + Send) -> T {
    in_a_thread(|| {
        filter::refuse(rung);
        test()
    })
}

/// From now on, refuses every link of a file without a name to the calling thread.
pub fn refuse_links() {
    filter::refuse(Rung::TemporaryAfterAll);
}

/// Runs a test in a thread of its own, where `O_TMPFILE` fails with this errno.
#[cfg(target_os = "linux")]
pub fn where_nothing_is_unnamed<T: Send>(errno: i32, test: impl FnOnce() -> T + Send) -> T {
    in_a_thread(|| {
        filter::refuse_unnamed(errno);
        test()
    })
}

/// Runs a test in a thread of its own, where `renameat` kills the process that calls it.
#[cfg(target_os = "linux")]
pub fn where_to_rename_kills<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    in_a_thread(|| {
        filter::kill_at_renames();
        test()
    })
}

/// A call that a filter refuses.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    /// Its name, for messages.
    pub name: &'static str,
    pub call: libc::c_long,
    /// The index of an argument, and bits of which it has at least one. None is any call.
    pub with: Option<(usize, i32)>,
}

/// Runs a test in a thread of its own, where these calls fail with this errno.
#[cfg(target_os = "linux")]
pub fn where_refused<T: Send>(calls: &[Refused], errno: i32, test: impl FnOnce() -> T + Send) -> T {
    in_a_thread(|| {
        for call in calls {
            filter::refuse_call(*call, errno);
        }
        test()
    })
}

/// Runs a test in a thread of its own, where an object has a temporary name that is linked and
/// unlinked instead of renamed: there is neither `O_TMPFILE` nor `RENAME_NOREPLACE`.
#[cfg(target_os = "linux")]
pub fn where_temporary_names_are_linked<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    let flag = i32::try_from(libc::RENAME_NOREPLACE).expect("a flag");
    let refused = Refused {
        name: "renameat2 that keeps",
        call: libc::SYS_renameat2,
        with: Some((4, flag)),
    };
    in_a_thread(|| {
        filter::refuse(Rung::Temporary);
        filter::refuse_call(refused, libc::ENOSYS);
        test()
    })
}

/// Runs a test in a thread of its own, where every `futex` fails with this errno, except those
/// of the C library's and std's locks. The test must not wait for the end of a thread:
/// `pthread_join` aborts the process when its futex, which is a shared one, fails.
#[cfg(target_os = "linux")]
pub fn where_futexes_fail<T: Send>(errno: i32, test: impl FnOnce() -> T + Send) -> T {
    let refused = Refused {
        name: "futex",
        call: libc::SYS_futex,
        with: None,
    };
    where_refused(&[refused], errno, test)
}

/// Runs a test in a thread of its own, where there is no inotify.
#[cfg(target_os = "linux")]
pub fn where_nothing_is_watched<T: Send>(errno: i32, test: impl FnOnce() -> T + Send) -> T {
    let refused = Refused {
        name: "inotify_init1",
        call: libc::SYS_inotify_init1,
        with: None,
    };
    where_refused(&[refused], errno, test)
}

/// What becomes of a call that a supervisor has seen.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Made,
    FailsWith(i32),
}

/// Runs a test in a thread of its own. Each time it is about to make this call, `answer` is called
/// in the thread of the caller, and says what becomes of it.
#[cfg(target_os = "linux")]
pub fn where_supervised<T: Send>(
    call: libc::c_long,
    answer: impl FnMut() -> Answer,
    test: impl FnOnce() -> T + Send,
) -> T {
    use std::sync::mpsc::channel;
    let (say, listener) = channel();
    thread::scope(|scope| {
        let thread = scope.spawn(move || {
            say.send(filter::supervise(call)).expect("a supervisor");
            test()
        });
        filter::answer_all(&listener.recv().expect("a filter"), answer);
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn in_a_thread<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(test);
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(target_os = "linux")]
mod filter {
    use super::{Answer, Rung};
    use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

    use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
    use libc::{c_long, sock_filter, sock_fprog};

    /// A call, the index of its flags among its arguments, the flags that are refused, and the
    /// action.
    type Refused = (c_long, usize, i32, u32);

    const UNNAMED: i32 = libc::O_TMPFILE & !libc::O_DIRECTORY;

    pub(super) fn refuse(rung: Rung) {
        let refused: Refused = match rung {
            Rung::ByDescriptor => return,
            Rung::ByProc => (
                libc::SYS_linkat,
                4,
                libc::AT_EMPTY_PATH,
                fails_with(libc::ENOENT),
            ),
            Rung::Temporary => return refuse_unnamed(libc::EOPNOTSUPP),
            // Both ways use one of these flags. Linking a name, which nothing here does, uses none.
            Rung::TemporaryAfterAll => (
                libc::SYS_linkat,
                4,
                libc::AT_EMPTY_PATH | libc::AT_SYMLINK_FOLLOW,
                fails_with(libc::ENOENT),
            ),
        };
        install(refused);
    }

    pub(super) fn refuse_unnamed(errno: i32) {
        install((libc::SYS_openat, 2, UNNAMED, fails_with(errno)));
    }

    pub(super) fn kill_at_renames() {
        #[cfg(not(target_arch = "riscv64"))]
        let call = libc::SYS_renameat;
        // It has no renameat.
        #[cfg(target_arch = "riscv64")]
        let call = libc::SYS_renameat2;
        // The first argument, AT_FDCWD or a descriptor, is no set of flags, but it is never 0.
        install((call, 0, -1, libc::SECCOMP_RET_KILL_PROCESS));
    }

    pub(super) fn refuse_call(refused: super::Refused, errno: i32) {
        match refused.with {
            None if refused.call == libc::SYS_futex => refuse_shared_futexes(errno),
            Some((place, bits)) => install((refused.call, place, bits, fails_with(errno))),
            None => install_program(&mut [
                statement(BPF_LD | BPF_W | BPF_ABS, number()),
                jump(u32::try_from(refused.call).expect("a number"), 1, 0),
                statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW),
                statement(BPF_RET | BPF_K, fails_with(errno)),
            ]),
        }
    }

    /// The private ones are those of the C library's and std's locks. Where they fail, a thread
    /// that waits for a lock, or for the end of another thread, sleeps for ever.
    fn refuse_shared_futexes(errno: i32) {
        install_program(&mut [
            statement(BPF_LD | BPF_W | BPF_ABS, number()),
            jump(u32::try_from(libc::SYS_futex).expect("a number"), 0, 3),
            statement(BPF_LD | BPF_W | BPF_ABS, argument(1)),
            statement(BPF_ALU | BPF_AND | BPF_K, bits(libc::FUTEX_PRIVATE_FLAG)),
            jump(0, 1, 0),
            statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW),
            statement(BPF_RET | BPF_K, fails_with(errno)),
        ]);
    }

    fn fails_with(errno: i32) -> u32 {
        libc::SECCOMP_RET_ERRNO | bits(errno)
    }

    fn install((call, place, flags, instead): Refused) {
        install_program(&mut [
            statement(BPF_LD | BPF_W | BPF_ABS, number()),
            jump(u32::try_from(call).expect("a number"), 0, 3),
            statement(BPF_LD | BPF_W | BPF_ABS, argument(place)),
            statement(BPF_ALU | BPF_AND | BPF_K, bits(flags)),
            jump(0, 0, 1),
            statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW),
            statement(BPF_RET | BPF_K, instead),
        ]);
    }

    /// Where the low half of an argument is, which has 64 bits.
    fn argument(place: usize) -> u32 {
        let low = if cfg!(target_endian = "little") { 0 } else { 4 };
        word(std::mem::offset_of!(libc::seccomp_data, args) + 8 * place + low)
    }

    /// Where the number of a call is.
    fn number() -> u32 {
        word(std::mem::offset_of!(libc::seccomp_data, nr))
    }

    fn install_program(program: &mut [sock_filter]) {
        let _ = install_flagged(program, 0);
    }

    fn install_flagged(program: &mut [sock_filter], flags: libc::c_ulong) -> i32 {
        let program = sock_fprog {
            len: u16::try_from(program.len()).expect("short"),
            filter: program.as_mut_ptr(),
        };
        // SAFETY: a flag of this thread; no pointer is passed.
        let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
        let mode = libc::SECCOMP_SET_MODE_FILTER;
        // SAFETY: the program lives until the call is over, which copies it.
        let done = unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &program) };
        assert!(done >= 0, "{}", std::io::Error::last_os_error());
        i32::try_from(done).expect("0, or a descriptor")
    }

    /// Has a supervisor asked before each of these calls of this thread.
    pub(super) fn supervise(call: c_long) -> OwnedFd {
        let mut program = [
            statement(BPF_LD | BPF_W | BPF_ABS, number()),
            jump(u32::try_from(call).expect("a number"), 1, 0),
            statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW),
            statement(BPF_RET | BPF_K, libc::SECCOMP_RET_USER_NOTIF),
        ];
        let listener = install_flagged(&mut program, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
        // SAFETY: just made, and nothing else owns it.
        unsafe { OwnedFd::from_raw_fd(listener) }
    }

    /// Answers until the thread has ended.
    pub(super) fn answer_all(listener: &OwnedFd, mut answer: impl FnMut() -> Answer) {
        // Of <linux/seccomp.h>.
        const RECEIVE: libc::Ioctl = 0xc050_2100_u32 as libc::Ioctl;
        const SEND: libc::Ioctl = 0xc018_2101_u32 as libc::Ioctl;
        let listener = listener.as_raw_fd();
        loop {
            let mut polled = libc::pollfd {
                fd: listener,
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: one descriptor.
            let ready = unsafe { libc::poll(&raw mut polled, 1, -1) };
            assert_eq!(ready, 1, "{}", std::io::Error::last_os_error());
            if polled.revents & libc::POLLIN == 0 {
                return;
            }
            // SAFETY: integers only.
            let mut asked: libc::seccomp_notif = unsafe { std::mem::zeroed() };
            // SAFETY: it writes the struct.
            let done = unsafe { libc::ioctl(listener, RECEIVE, &raw mut asked) };
            assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
            // SAFETY: integers only.
            let mut answered: libc::seccomp_notif_resp = unsafe { std::mem::zeroed() };
            answered.id = asked.id;
            match answer() {
                Answer::Made => answered.flags = 1,
                Answer::FailsWith(errno) => answered.error = -errno,
            }
            // SAFETY: it reads the struct.
            let done = unsafe { libc::ioctl(listener, SEND, &raw mut answered) };
            assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
        }
    }

    fn word(offset: usize) -> u32 {
        u32::try_from(offset).expect("small")
    }

    fn bits(number: i32) -> u32 {
        u32::from_ne_bytes(number.to_ne_bytes())
    }

    fn statement(code: u32, k: u32) -> sock_filter {
        let code = u16::try_from(code).expect("small");
        sock_filter {
            code,
            jt: 0,
            jf: 0,
            k,
        }
    }

    /// Skips `jt` statements if the loaded word is equal to `k`, and otherwise `jf`.
    fn jump(k: u32, jt: u8, jf: u8) -> sock_filter {
        let code = u16::try_from(BPF_JMP | BPF_JEQ | BPF_K).expect("small");
        sock_filter { code, jt, jf, k }
    }
}

#[cfg(not(target_os = "linux"))]
mod filter {
    use super::Rung;

    pub(super) fn refuse(rung: Rung) {
        assert_eq!(rung, Rung::ByDescriptor, "there is one way only");
    }
}
