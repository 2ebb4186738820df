//! Filters of system calls, for the calling thread and the processes that it starts.

use crate::rungs::{Answer, Refused as Named, Rung};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use libc::{BPF_ABS, BPF_ALU, BPF_AND, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
use libc::{c_long, sock_filter, sock_fprog};

/// A call, the index of its flags among its arguments, the flags that are refused, and the
/// action.
type Refused = (c_long, usize, i32, u32);

const UNNAMED: i32 = libc::O_TMPFILE & !libc::O_DIRECTORY;

pub(crate) fn refuse(rung: Rung) {
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

pub(crate) fn refuse_unnamed(errno: i32) {
    install((libc::SYS_openat, 2, UNNAMED, fails_with(errno)));
}

pub(crate) fn kill_at_renames() {
    #[cfg(not(target_arch = "riscv64"))]
    let call = libc::SYS_renameat;
    // It has no renameat.
    #[cfg(target_arch = "riscv64")]
    let call = libc::SYS_renameat2;
    // The first argument, AT_FDCWD or a descriptor, is no set of flags, but it is never 0.
    install((call, 0, -1, libc::SECCOMP_RET_KILL_PROCESS));
}

pub(crate) fn refuse_call(refused: Named, errno: i32) {
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

pub(crate) fn install_program(program: &mut [sock_filter]) {
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
pub(crate) fn supervise(call: c_long) -> OwnedFd {
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
pub(crate) fn answer_all(
    listener: &OwnedFd,
    mut answer: impl FnMut(&libc::seccomp_notif) -> Answer,
) {
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
        match answer(&asked) {
            Answer::Made => answered.flags = 1,
            Answer::FailsWith(errno) => answered.error = -errno,
            Answer::Faked => {}
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
