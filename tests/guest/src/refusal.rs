//! Filters that refuse calls, so that an operation takes another way.

use linux_raw_sys::general::{__NR_openat, __NR_renameat2, __NR_seccomp};
use linux_raw_sys::ptrace::{
    BPF_ABS, BPF_JEQ, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, SECCOMP_SET_MODE_FILTER, sock_filter, sock_fprog,
};
use rawshm::Errno;
use rawshm_boot::call;
use rustix::fs::OFlags;
use rustix::thread::set_no_new_privs;

/// What a process and its children are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Nothing,
    /// Files without names.
    Unnamed,
    /// As well, `renameat2`.
    UnnamedAndNoReplace,
}

/// Where the number of a call is, and the low half of its third argument.
const NUMBER: u32 = 0;
const THIRD: u32 = 32;

const UNNAMED: u32 = OFlags::TMPFILE.difference(OFlags::DIRECTORY).bits();

impl Refusal {
    pub fn begin(self) -> Result<(), Errno> {
        let rename = match self {
            Self::Nothing => return Ok(()),
            Self::Unnamed => u32::MAX,
            Self::UnnamedAndNoReplace => __NR_renameat2,
        };
        let refuse = |errno: Errno| {
            SECCOMP_RET_ERRNO | u32::from_ne_bytes(errno.raw_os_error().to_ne_bytes())
        };
        let mut filter = [
            step(BPF_LD | BPF_W | BPF_ABS, 0, 0, NUMBER),
            step(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, rename),
            step(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, __NR_openat),
            step(BPF_LD | BPF_W | BPF_ABS, 0, 0, THIRD),
            step(BPF_JMP | BPF_JSET | BPF_K, 0, 1, UNNAMED),
            step(BPF_RET | BPF_K, 0, 0, refuse(Errno::OPNOTSUPP)),
            step(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW),
            step(BPF_RET | BPF_K, 0, 0, refuse(Errno::NOSYS)),
        ];
        let program = sock_fprog {
            len: filter.len().try_into().unwrap_or(0),
            filter: filter.as_mut_ptr(),
        };
        set_no_new_privs(true)?;
        let mode = usize::try_from(SECCOMP_SET_MODE_FILTER).unwrap_or(0);
        // SAFETY: a filter, which the kernel copies.
        let done = unsafe { call(__NR_seccomp, [mode, 0, (&raw const program).addr(), 0]) };
        if done == 0 { Ok(()) } else { Err(Errno::INVAL) }
    }
}

fn step(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter {
        code: code.try_into().unwrap_or(0),
        jt,
        jf,
        k,
    }
}
