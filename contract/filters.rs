// Filters of system calls for seccomp. Generated from syscalls.json.
//
//     mod filters {
//         use libc::*;
//         include!(...);
//     }
//
// Each allows the calls of the program of that name. MAPPED is for a process that has mapped a
// snapshot, and from then on loads or stores, sleeps or wakes, and ends. Anything else, and memory
// that is executable, kills the process: also what std writes at its end, or takes from the system
// for the heap. Add such calls in front of the last statement.

// The libc crate does not have these everywhere. They are the same on all 32-bit architectures.
#[cfg(target_pointer_width = "32")]
#[allow(non_upper_case_globals, reason = "as in the libc crate")]
const SYS_clock_gettime64: c_long = 403;
#[cfg(target_pointer_width = "32")]
#[allow(non_upper_case_globals, reason = "as in the libc crate")]
const SYS_clock_nanosleep_time64: c_long = 407;
#[cfg(target_pointer_width = "32")]
#[allow(non_upper_case_globals, reason = "as in the libc crate")]
const SYS_ppoll_time64: c_long = 414;
#[cfg(target_pointer_width = "32")]
#[allow(non_upper_case_globals, reason = "as in the libc crate")]
const SYS_futex_time64: c_long = 422;

const fn statement(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

const LOAD: u32 = BPF_LD | BPF_W | BPF_ABS;
const ALLOW: sock_filter = statement(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
const KILL: sock_filter = statement(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS);

// Of <linux/audit.h>.
#[cfg(target_arch = "x86_64")]
const THIS: u32 = 0xc000_003e;
#[cfg(target_arch = "x86")]
const THIS: u32 = 0x4000_0003;
#[cfg(target_arch = "arm")]
const THIS: u32 = 0x4000_0028;
#[cfg(target_arch = "aarch64")]
const THIS: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const THIS: u32 = 0xc000_00f3;
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "riscv64"
)))]
compile_error!("rawshm has no filters in Rust for this architecture");

const ARCHITECTURE: [sock_filter; 4] = [
    statement(LOAD, 0, 0, core::mem::offset_of!(seccomp_data, arch) as u32),
    statement(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, THIS),
    KILL,
    statement(LOAD, 0, 0, core::mem::offset_of!(seccomp_data, nr) as u32),
];

const fn always(number: c_long) -> [sock_filter; 2] {
    [statement(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, number as u32), ALLOW]
}

const fn without_exec(number: c_long) -> [sock_filter; 5] {
    // The lower half of the third argument.
    let third = core::mem::offset_of!(seccomp_data, args) as u32 + 16;
    [
        statement(BPF_JMP | BPF_JEQ | BPF_K, 0, 4, number as u32),
        statement(LOAD, 0, 0, third),
        statement(BPF_JMP | BPF_JSET | BPF_K, 0, 1, PROT_EXEC as u32),
        KILL,
        ALLOW,
    ]
}

/// All that `creator` calls.
#[rustfmt::skip]
pub const CREATOR: &[sock_filter] = &[
    ARCHITECTURE[0], ARCHITECTURE[1], ARCHITECTURE[2], ARCHITECTURE[3],
    always(SYS_close)[0], always(SYS_close)[1],
    always(SYS_execve)[0], always(SYS_execve)[1],
    always(SYS_exit_group)[0], always(SYS_exit_group)[1],
    always(SYS_faccessat)[0], always(SYS_faccessat)[1],
    always(SYS_fallocate)[0], always(SYS_fallocate)[1],
    always(SYS_flock)[0], always(SYS_flock)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstatat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstatat64)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_ftruncate)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_ftruncate)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_ftruncate64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_ftruncate64)[1],
    always(SYS_linkat)[0], always(SYS_linkat)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[0],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[2],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[3],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[4],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[0],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[1],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[2],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[3],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[4],
    always(SYS_munmap)[0], always(SYS_munmap)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_newfstatat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_newfstatat)[1],
    #[cfg(target_arch = "x86")] always(SYS_open)[0],
    #[cfg(target_arch = "x86")] always(SYS_open)[1],
    always(SYS_openat)[0], always(SYS_openat)[1],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[0],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[1],
    #[cfg(target_arch = "x86")] always(SYS_read)[0],
    #[cfg(target_arch = "x86")] always(SYS_read)[1],
    #[cfg(not(target_arch = "riscv64"))] always(SYS_renameat)[0],
    #[cfg(not(target_arch = "riscv64"))] always(SYS_renameat)[1],
    always(SYS_renameat2)[0], always(SYS_renameat2)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[1],
    always(SYS_unlinkat)[0], always(SYS_unlinkat)[1],
    always(SYS_write)[0], always(SYS_write)[1],
    KILL,
];

/// All that `publish` calls.
#[rustfmt::skip]
pub const PUBLISH: &[sock_filter] = &[
    ARCHITECTURE[0], ARCHITECTURE[1], ARCHITECTURE[2], ARCHITECTURE[3],
    #[cfg(target_pointer_width = "32")] always(SYS_clock_nanosleep_time64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_clock_nanosleep_time64)[1],
    always(SYS_close)[0], always(SYS_close)[1],
    always(SYS_execve)[0], always(SYS_execve)[1],
    always(SYS_exit_group)[0], always(SYS_exit_group)[1],
    always(SYS_faccessat)[0], always(SYS_faccessat)[1],
    always(SYS_fallocate)[0], always(SYS_fallocate)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fcntl)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fcntl)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fcntl64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fcntl64)[1],
    always(SYS_flock)[0], always(SYS_flock)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstatat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstatat64)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_ftruncate)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_ftruncate)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_ftruncate64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_ftruncate64)[1],
    always(SYS_futex)[0], always(SYS_futex)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_futex_time64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_futex_time64)[1],
    always(SYS_linkat)[0], always(SYS_linkat)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[0],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[2],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[3],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[4],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[0],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[1],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[2],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[3],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[4],
    always(SYS_munmap)[0], always(SYS_munmap)[1],
    always(SYS_nanosleep)[0], always(SYS_nanosleep)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_newfstatat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_newfstatat)[1],
    #[cfg(target_arch = "x86")] always(SYS_open)[0],
    #[cfg(target_arch = "x86")] always(SYS_open)[1],
    always(SYS_openat)[0], always(SYS_openat)[1],
    always(SYS_ppoll)[0], always(SYS_ppoll)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_ppoll_time64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_ppoll_time64)[1],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[0],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[1],
    always(SYS_pread64)[0], always(SYS_pread64)[1],
    always(SYS_pwrite64)[0], always(SYS_pwrite64)[1],
    always(SYS_read)[0], always(SYS_read)[1],
    #[cfg(not(target_arch = "riscv64"))] always(SYS_renameat)[0],
    #[cfg(not(target_arch = "riscv64"))] always(SYS_renameat)[1],
    always(SYS_renameat2)[0], always(SYS_renameat2)[1],
    always(SYS_restart_syscall)[0], always(SYS_restart_syscall)[1],
    always(SYS_rt_sigaction)[0], always(SYS_rt_sigaction)[1],
    always(SYS_rt_sigreturn)[0], always(SYS_rt_sigreturn)[1],
    always(SYS_sched_yield)[0], always(SYS_sched_yield)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_statfs)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_statfs)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_statfs64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_statfs64)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[1],
    always(SYS_unlinkat)[0], always(SYS_unlinkat)[1],
    always(SYS_write)[0], always(SYS_write)[1],
    KILL,
];

/// All that `reader` calls.
#[rustfmt::skip]
pub const READER: &[sock_filter] = &[
    ARCHITECTURE[0], ARCHITECTURE[1], ARCHITECTURE[2], ARCHITECTURE[3],
    always(SYS_close)[0], always(SYS_close)[1],
    always(SYS_execve)[0], always(SYS_execve)[1],
    always(SYS_exit_group)[0], always(SYS_exit_group)[1],
    always(SYS_faccessat)[0], always(SYS_faccessat)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[0],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[2],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[3],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[4],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[0],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[1],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[2],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[3],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[4],
    always(SYS_munmap)[0], always(SYS_munmap)[1],
    #[cfg(target_arch = "x86")] always(SYS_open)[0],
    #[cfg(target_arch = "x86")] always(SYS_open)[1],
    always(SYS_openat)[0], always(SYS_openat)[1],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[0],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[1],
    #[cfg(target_arch = "x86")] always(SYS_read)[0],
    #[cfg(target_arch = "x86")] always(SYS_read)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[1],
    always(SYS_unlinkat)[0], always(SYS_unlinkat)[1],
    always(SYS_write)[0], always(SYS_write)[1],
    KILL,
];

/// All that `watch` calls.
#[rustfmt::skip]
pub const WATCH: &[sock_filter] = &[
    ARCHITECTURE[0], ARCHITECTURE[1], ARCHITECTURE[2], ARCHITECTURE[3],
    always(SYS_clock_gettime)[0], always(SYS_clock_gettime)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_clock_gettime64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_clock_gettime64)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_clock_nanosleep_time64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_clock_nanosleep_time64)[1],
    always(SYS_close)[0], always(SYS_close)[1],
    always(SYS_execve)[0], always(SYS_execve)[1],
    always(SYS_exit_group)[0], always(SYS_exit_group)[1],
    always(SYS_faccessat)[0], always(SYS_faccessat)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstatat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstatat64)[1],
    always(SYS_futex)[0], always(SYS_futex)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_futex_time64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_futex_time64)[1],
    always(SYS_inotify_add_watch)[0], always(SYS_inotify_add_watch)[1],
    always(SYS_inotify_init1)[0], always(SYS_inotify_init1)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[0],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[2],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[3],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[4],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[0],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[1],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[2],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[3],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[4],
    always(SYS_munmap)[0], always(SYS_munmap)[1],
    always(SYS_nanosleep)[0], always(SYS_nanosleep)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_newfstatat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_newfstatat)[1],
    #[cfg(target_arch = "x86")] always(SYS_open)[0],
    #[cfg(target_arch = "x86")] always(SYS_open)[1],
    always(SYS_openat)[0], always(SYS_openat)[1],
    always(SYS_ppoll)[0], always(SYS_ppoll)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_ppoll_time64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_ppoll_time64)[1],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[0],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[1],
    always(SYS_read)[0], always(SYS_read)[1],
    always(SYS_restart_syscall)[0], always(SYS_restart_syscall)[1],
    always(SYS_rt_sigaction)[0], always(SYS_rt_sigaction)[1],
    always(SYS_rt_sigreturn)[0], always(SYS_rt_sigreturn)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[1],
    always(SYS_write)[0], always(SYS_write)[1],
    KILL,
];

/// All that `writer` calls.
#[rustfmt::skip]
pub const WRITER: &[sock_filter] = &[
    ARCHITECTURE[0], ARCHITECTURE[1], ARCHITECTURE[2], ARCHITECTURE[3],
    always(SYS_close)[0], always(SYS_close)[1],
    always(SYS_execve)[0], always(SYS_execve)[1],
    always(SYS_exit_group)[0], always(SYS_exit_group)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_fstat)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstat64)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_fstatat64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_fstatat64)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_ftruncate)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_ftruncate)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_ftruncate64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_ftruncate64)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[0],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[1],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[2],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[3],
    #[cfg(not(target_pointer_width = "32"))] without_exec(SYS_mmap)[4],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[0],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[1],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[2],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[3],
    #[cfg(target_pointer_width = "32")] without_exec(SYS_mmap2)[4],
    always(SYS_munmap)[0], always(SYS_munmap)[1],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_newfstatat)[0],
    #[cfg(not(target_pointer_width = "32"))] always(SYS_newfstatat)[1],
    #[cfg(target_arch = "x86")] always(SYS_open)[0],
    #[cfg(target_arch = "x86")] always(SYS_open)[1],
    always(SYS_openat)[0], always(SYS_openat)[1],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[0],
    #[cfg(target_arch = "x86")] always(SYS_prctl)[1],
    #[cfg(target_arch = "x86")] always(SYS_read)[0],
    #[cfg(target_arch = "x86")] always(SYS_read)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_statx)[1],
    always(SYS_unlinkat)[0], always(SYS_unlinkat)[1],
    always(SYS_write)[0], always(SYS_write)[1],
    KILL,
];

/// All that `mapped` calls.
#[rustfmt::skip]
pub const MAPPED: &[sock_filter] = &[
    ARCHITECTURE[0], ARCHITECTURE[1], ARCHITECTURE[2], ARCHITECTURE[3],
    always(SYS_clock_gettime)[0], always(SYS_clock_gettime)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_clock_gettime64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_clock_gettime64)[1],
    always(SYS_close)[0], always(SYS_close)[1],
    always(SYS_exit_group)[0], always(SYS_exit_group)[1],
    always(SYS_futex)[0], always(SYS_futex)[1],
    #[cfg(target_pointer_width = "32")] always(SYS_futex_time64)[0],
    #[cfg(target_pointer_width = "32")] always(SYS_futex_time64)[1],
    always(SYS_munmap)[0], always(SYS_munmap)[1],
    always(SYS_restart_syscall)[0], always(SYS_restart_syscall)[1],
    KILL,
];
