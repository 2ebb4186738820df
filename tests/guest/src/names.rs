//! The names of system calls.

#[allow(
    clippy::wildcard_imports,
    reason = "one constant for each name, not the same ones on every architecture"
)]
use linux_raw_sys::general::*;

/// The calls in which the library sleeps until there is a value, a name, and a lock.
#[cfg(target_pointer_width = "64")]
pub mod sleeping {
    pub const FOR_A_VALUE: &[u32] = &[super::__NR_futex];
    pub const FOR_A_NAME: &[u32] = &[super::__NR_ppoll];
    pub const FOR_A_LOCK: &[u32] = &[super::__NR_fcntl];
}
#[cfg(target_pointer_width = "32")]
pub mod sleeping {
    pub const FOR_A_VALUE: &[u32] = &[super::__NR_futex, super::__NR_futex_time64];
    pub const FOR_A_NAME: &[u32] = &[super::__NR_ppoll, super::__NR_ppoll_time64];
    pub const FOR_A_LOCK: &[u32] = &[super::__NR_fcntl64];
}

macro_rules! name {
    ($number:ident: $($call:ident)*) => {
        match $number {
            $(number if number == $call => stringify!($call).strip_prefix("__NR_"),)*
            _ => None,
        }
    };
}

/// The name of a call that the library or a program may make.
pub fn name(number: u32) -> Option<&'static str> {
    everywhere(number).or_else(|| here(number))
}

fn everywhere(number: u32) -> Option<&'static str> {
    name! { number:
        __NR_clock_gettime __NR_close __NR_execve __NR_exit_group __NR_faccessat __NR_fallocate
        __NR_fchmod __NR_flock __NR_fstat __NR_fstatfs __NR_ftruncate __NR_futex
        __NR_inotify_add_watch __NR_inotify_init1 __NR_linkat __NR_madvise __NR_memfd_create
        __NR_mlock __NR_mprotect __NR_munlock __NR_munmap __NR_nanosleep __NR_openat __NR_ppoll
        __NR_pread64 __NR_pwrite64 __NR_read __NR_renameat2 __NR_rt_sigaction __NR_rt_sigreturn
        __NR_statfs __NR_statx __NR_unlinkat __NR_write
    }
}

#[cfg(target_pointer_width = "64")]
fn here(number: u32) -> Option<&'static str> {
    #[cfg(not(target_arch = "riscv64"))]
    if number == __NR_renameat {
        return Some("renameat");
    }
    name! { number: __NR_fcntl __NR_mmap __NR_newfstatat }
}

#[cfg(target_pointer_width = "32")]
fn here(number: u32) -> Option<&'static str> {
    name! { number:
        __NR_clock_gettime64 __NR_clock_nanosleep_time64 __NR_fcntl64 __NR_fstat64 __NR_fstatat64
        __NR_fstatfs64 __NR_ftruncate64 __NR_futex_time64 __NR_mmap2 __NR_ppoll_time64
        __NR_prctl __NR_renameat __NR_statfs64
    }
}
