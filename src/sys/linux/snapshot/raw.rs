//! System calls that rustix lacks, or makes only with hidden ones: record locks of open file descriptions, and the clock.
//!
//! Each architecture has one function, a call with three arguments by `asm!`, and its numbers. Elsewhere, also where
//! 64-bit ones have pointers of 32 bits, every call is `ENOSYS`. The conventions are those of syscall(2); a result from
//! -4095 to -1 is an errno.

use core::ffi::c_long;

use rustix::fd::{AsRawFd as _, BorrowedFd};

use self::arch::call;
use crate::Errno;

/// Whether there are calls for this architecture.
pub(super) const ARE_THERE: bool = arch::FCNTL != 0;

/// `struct flock` of 64-bit architectures, and `struct flock64` of the others.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Flock {
    pub(super) kind: i16,
    pub(super) whence: i16,
    pub(super) start: i64,
    pub(super) len: i64,
    pub(super) pid: i32,
}

/// One of `fcntl`'s `F_OFD_` commands.
pub(super) fn fcntl_lock(
    fd: BorrowedFd<'_>,
    command: usize,
    lock: &mut Flock,
) -> Result<(), Errno> {
    let lock: *mut Flock = lock;
    let fd = usize::try_from(fd.as_raw_fd()).map_err(|_| Errno::BADF)?;
    // SAFETY: the kernel reads and writes the lock, which is borrowed exclusively, and nothing else.
    check(unsafe { call(arch::FCNTL, [fd, command, lock.expose_provenance()]) })
}

/// `struct __kernel_timespec`.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Timespec {
    pub(super) seconds: i64,
    /// In 64 bits on every architecture.
    pub(super) nanoseconds: i64,
}

/// `clock_gettime`, never from the vDSO, which without libc is looked for by calls of its own.
pub(super) fn clock_gettime(clock: usize) -> Result<Timespec, Errno> {
    let mut time = Timespec {
        seconds: 0,
        nanoseconds: 0,
    };
    let to: *mut Timespec = &raw mut time;
    // SAFETY: the kernel writes the time, which is this function's own, and nothing else.
    check(unsafe { call(arch::CLOCK_GETTIME, [clock, to.expose_provenance(), 0]) })?;
    Ok(time)
}

fn check(result: c_long) -> Result<(), Errno> {
    match i32::try_from(result) {
        Ok(errno @ -4095..=-1) => Err(Errno::from_raw_os_error(errno.wrapping_neg())),
        _ => Ok(()),
    }
}

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
mod arch {
    use core::arch::asm;
    use core::ffi::c_long;

    pub(super) const FCNTL: usize = 72;
    pub(super) const CLOCK_GETTIME: usize = 228;

    /// Not inlined: in a call, the compiler expects every register to change that the kernel may, vectors' too.
    ///
    /// # Safety
    /// The call accesses no memory but what its arguments point to, and that may be accessed so.
    #[inline(never)]
    pub(super) unsafe fn call(number: usize, [one, two, three]: [usize; 3]) -> c_long {
        let result;
        // SAFETY: as this function's own contract says; the kernel keeps all registers but these three.
        unsafe {
            asm!("syscall", inlateout("rax") number => result, in("rdi") one, in("rsi") two, in("rdx") three,
                lateout("rcx") _, lateout("r11") _, options(nostack, preserves_flags));
        }
        result
    }
}

#[cfg(target_arch = "x86")]
mod arch {
    use core::arch::asm;
    use core::ffi::c_long;

    /// `fcntl64`.
    pub(super) const FCNTL: usize = 221;
    /// `clock_gettime64`.
    pub(super) const CLOCK_GETTIME: usize = 403;

    /// Not inlined: in a call, the compiler expects every register to change that the kernel may, vectors' too.
    ///
    /// # Safety
    /// The call accesses no memory but what its arguments point to, and that may be accessed so.
    #[inline(never)]
    pub(super) unsafe fn call(number: usize, [one, two, three]: [usize; 3]) -> c_long {
        let result;
        // SAFETY: as this function's own contract says; the kernel keeps all registers but eax. ebx, which LLVM may
        // need for itself, is exchanged for the time of the call.
        unsafe {
            asm!("xchg {one}, ebx", "int 0x80", "xchg {one}, ebx", one = inout(reg) one => _,
                inlateout("eax") number => result, in("ecx") two, in("edx") three, options(nostack, preserves_flags));
        }
        result
    }
}

#[cfg(all(target_arch = "aarch64", target_pointer_width = "64"))]
mod arch {
    use core::arch::asm;
    use core::ffi::c_long;

    pub(super) const FCNTL: usize = 25;
    pub(super) const CLOCK_GETTIME: usize = 113;

    /// Not inlined: in a call, the compiler expects every register to change that the kernel may, vectors' too.
    ///
    /// # Safety
    /// The call accesses no memory but what its arguments point to, and that may be accessed so.
    #[inline(never)]
    pub(super) unsafe fn call(number: usize, [one, two, three]: [usize; 3]) -> c_long {
        let result;
        // SAFETY: as this function's own contract says; the kernel keeps all registers but x0.
        unsafe {
            asm!("svc 0", in("x8") number, inlateout("x0") one => result, in("x1") two, in("x2") three,
                options(nostack, preserves_flags));
        }
        result
    }
}

#[cfg(target_arch = "arm")]
mod arch {
    use core::arch::asm;
    use core::ffi::c_long;

    /// `fcntl64`.
    pub(super) const FCNTL: usize = 221;
    /// `clock_gettime64`.
    pub(super) const CLOCK_GETTIME: usize = 403;

    /// Not inlined: in a call, the compiler expects every register to change that the kernel may, vectors' too.
    ///
    /// # Safety
    /// The call accesses no memory but what its arguments point to, and that may be accessed so.
    #[inline(never)]
    pub(super) unsafe fn call(number: usize, [one, two, three]: [usize; 3]) -> c_long {
        let result;
        // SAFETY: as this function's own contract says; the kernel keeps all registers but r0. r7, which is the frame
        // pointer in Thumb code, is put back.
        unsafe {
            asm!("mov {frame}, r7", "mov r7, {number}", "svc 0", "mov r7, {frame}", frame = out(reg) _,
                number = in(reg) number, inlateout("r0") one => result, in("r1") two, in("r2") three,
                options(nostack, preserves_flags));
        }
        result
    }
}

#[cfg(any(target_arch = "riscv64", target_arch = "loongarch64"))]
mod arch {
    use core::arch::asm;
    use core::ffi::c_long;

    pub(super) const FCNTL: usize = 25;
    pub(super) const CLOCK_GETTIME: usize = 113;

    /// Not inlined: in a call, the compiler expects every register to change that the kernel may, vectors' too.
    ///
    /// # Safety
    /// The call accesses no memory but what its arguments point to, and that may be accessed so.
    #[cfg(target_arch = "riscv64")]
    #[inline(never)]
    pub(super) unsafe fn call(number: usize, [one, two, three]: [usize; 3]) -> c_long {
        let result;
        // SAFETY: as this function's own contract says; the kernel keeps all registers but a0.
        unsafe {
            asm!("ecall", in("a7") number, inlateout("a0") one => result, in("a1") two, in("a2") three,
                options(nostack, preserves_flags));
        }
        result
    }

    /// Not inlined: in a call, the compiler expects every register to change that the kernel may, vectors' too.
    ///
    /// # Safety
    /// The call accesses no memory but what its arguments point to, and that may be accessed so.
    #[cfg(target_arch = "loongarch64")]
    #[inline(never)]
    pub(super) unsafe fn call(number: usize, [one, two, three]: [usize; 3]) -> c_long {
        let result;
        // SAFETY: as this function's own contract says; the kernel keeps all registers but $a0 and the temporary ones.
        unsafe {
            asm!("syscall 0", in("$r11") number, inlateout("$r4") one => result, in("$r5") two, in("$r6") three,
                lateout("$r12") _, lateout("$r13") _, lateout("$r14") _, lateout("$r15") _, lateout("$r16") _,
                lateout("$r17") _, lateout("$r18") _, lateout("$r19") _, lateout("$r20") _,
                options(nostack, preserves_flags));
        }
        result
    }
}

#[cfg(target_arch = "s390x")]
mod arch {
    use core::arch::asm;
    use core::ffi::c_long;

    pub(super) const FCNTL: usize = 55;
    pub(super) const CLOCK_GETTIME: usize = 260;

    /// Not inlined: in a call, the compiler expects every register to change that the kernel may, vectors' too.
    ///
    /// # Safety
    /// The call accesses no memory but what its arguments point to, and that may be accessed so.
    #[inline(never)]
    pub(super) unsafe fn call(number: usize, [one, two, three]: [usize; 3]) -> c_long {
        let result;
        // SAFETY: as this function's own contract says; the kernel keeps all registers but r2.
        unsafe {
            asm!("svc 0", in("r1") number, inlateout("r2") one => result, in("r3") two, in("r4") three,
                options(nostack));
        }
        result
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
    use core::ffi::c_long;

    use crate::Errno;

    pub(super) const FCNTL: usize = 0;
    pub(super) const CLOCK_GETTIME: usize = 0;

    /// # Safety
    /// None is needed: it does nothing.
    pub(super) unsafe fn call(_number: usize, _arguments: [usize; 3]) -> c_long {
        c_long::from(Errno::NOSYS.raw_os_error().wrapping_neg())
    }
}
