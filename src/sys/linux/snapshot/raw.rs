//! System calls with three arguments. Three are made: `fcntl` for locks that rustix lacks;
//! `clock_gettime`, because rustix makes other calls to find that of the vDSO; and `sched_yield`,
//! which a filter may refuse, where rustix asserts that nothing does.
//!
//! The calling conventions are those of `syscall(2)`. A result from -4095 to -1 is an errno.

#[cfg(target_pointer_width = "32")]
pub(super) use self::arch::CLOCK_GETTIME_OLD;
pub(super) use self::arch::{CLOCK_GETTIME, FCNTL, SCHED_YIELD, call};
use crate::Errno;

/// Whether this architecture has [`call`]. On the others it returns `ENOSYS`.
pub(super) const HAS_CALL: bool = FCNTL != 0;

/// A number as an argument of [`call`].
pub(super) fn argument(number: u32) -> Result<usize, Errno> {
    number.try_into().map_err(|_| Errno::INVAL)
}

#[cfg(any(
    all(target_arch = "x86_64", target_pointer_width = "64"),
    target_arch = "x86",
    all(target_arch = "aarch64", target_pointer_width = "64"),
    target_arch = "arm",
    target_arch = "riscv64",
    target_arch = "loongarch64",
    target_arch = "s390x"
))]
mod arch {
    use core::arch::asm;

    #[cfg(target_pointer_width = "64")]
    pub(in super::super) use linux_raw_sys::general::{
        __NR_clock_gettime as CLOCK_GETTIME, __NR_fcntl as FCNTL, __NR_sched_yield as SCHED_YIELD,
    };
    // The forms with 64-bit times and offsets.
    #[cfg(target_pointer_width = "32")]
    pub(in super::super) use linux_raw_sys::general::{
        __NR_clock_gettime as CLOCK_GETTIME_OLD, __NR_clock_gettime64 as CLOCK_GETTIME,
        __NR_fcntl64 as FCNTL, __NR_sched_yield as SCHED_YIELD,
    };

    use crate::Errno;

    /// Makes a system call.
    ///
    /// The kernel may change whatever registers a function may, such as those of vectors.
    ///
    /// # Safety
    /// The kernel accesses no memory except what the arguments point to, and may access that.
    #[inline(never)]
    pub(in super::super) unsafe fn call(
        number: u32,
        [one, two, three]: [usize; 3],
    ) -> Result<(), Errno> {
        let number = super::argument(number)?;
        let result: isize;
        // SAFETY: as this function's own contract says. The kernel changes no register that a
        // function preserves.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            asm!("syscall", inlateout("rax") number => result,
                in("rdi") one, in("rsi") two, in("rdx") three,
                clobber_abi("C"), options(nostack, preserves_flags));
            // LLVM may need ebx for itself: it is put back.
            #[cfg(target_arch = "x86")]
            asm!("xchg edi, ebx", "int 0x80", "xchg edi, ebx", inlateout("eax") number => result,
                inout("edi") one => _, in("ecx") two, in("edx") three,
                clobber_abi("C"), options(nostack, preserves_flags));
            #[cfg(target_arch = "aarch64")]
            asm!("svc 0", in("x8") number, inlateout("x0") one => result,
                in("x1") two, in("x2") three,
                clobber_abi("C"), options(nostack, preserves_flags));
            // r7 is the frame pointer in Thumb code: it is put back.
            #[cfg(target_arch = "arm")]
            asm!("mov r12, r7", "mov r7, r3", "svc 0", "mov r7, r12", in("r3") number,
                inlateout("r0") one => result, in("r1") two, in("r2") three,
                clobber_abi("C"), options(nostack, preserves_flags));
            // `preserves_flags` would include vl and vtype, which the kernel invalidates.
            #[cfg(target_arch = "riscv64")]
            asm!("ecall", in("a7") number, inlateout("a0") one => result,
                in("a1") two, in("a2") three, clobber_abi("C"), options(nostack));
            #[cfg(target_arch = "loongarch64")]
            asm!("syscall 0", in("$r11") number, inlateout("$r4") one => result,
                in("$r5") two, in("$r6") three,
                clobber_abi("C"), options(nostack, preserves_flags));
            #[cfg(target_arch = "s390x")]
            asm!("svc 0", in("r1") number, inlateout("r2") one => result,
                in("r3") two, in("r4") three, clobber_abi("C"), options(nostack));
        }
        match i32::try_from(result) {
            Ok(errno @ -4095..=-1) => Err(Errno::from_raw_os_error(errno.wrapping_neg())),
            _ => Ok(()),
        }
    }
}

#[cfg(not(any(
    all(target_arch = "x86_64", target_pointer_width = "64"),
    target_arch = "x86",
    all(target_arch = "aarch64", target_pointer_width = "64"),
    target_arch = "arm",
    target_arch = "riscv64",
    target_arch = "loongarch64",
    target_arch = "s390x"
)))]
mod arch {
    use crate::Errno;

    pub(in super::super) const CLOCK_GETTIME: u32 = 0;
    #[cfg(target_pointer_width = "32")]
    pub(in super::super) const CLOCK_GETTIME_OLD: u32 = 0;
    pub(in super::super) const FCNTL: u32 = 0;
    pub(in super::super) const SCHED_YIELD: u32 = 0;

    /// # Safety
    /// Safe with any arguments: it makes no call.
    pub(in super::super) unsafe fn call(_: u32, _: [usize; 3]) -> Result<(), Errno> {
        Err(Errno::NOSYS)
    }
}
