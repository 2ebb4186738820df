//! How a process starts others, without a C library.

#![no_std]

use core::arch::asm;
use core::ffi::c_char;

use linux_raw_sys::general::{__NR_clone, __NR_execve, SIGCHLD};
use rustix::io::Errno;
use rustix::process::Pid;

/// The exit status of a process whose program cannot be started, the same as a shell's.
const NOT_STARTED: u8 = 127;

/// Makes a system call of four arguments, and returns what the kernel returns: from -4095 on it is
/// an errno.
///
/// # Safety
/// That call's.
#[must_use]
pub unsafe fn call(number: u32, [one, two, three, four]: [usize; 4]) -> isize {
    let mut result;
    // SAFETY: the caller's.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("syscall", inlateout("rax") u64::from(number) => result, in("rdi") one, in("rsi") two,
            in("rdx") three, in("r10") four, lateout("rcx") _, lateout("r11") _);
        #[cfg(target_arch = "x86")]
        asm!("xchg ebx, {one}", "xchg esi, {four}", "int 0x80", "xchg esi, {four}",
            "xchg ebx, {one}", one = in(reg) one, four = in(reg) four,
            inlateout("eax") number => result, in("ecx") two, in("edx") three);
        #[cfg(target_arch = "aarch64")]
        asm!("svc 0", in("x8") u64::from(number), inlateout("x0") one => result, in("x1") two,
            in("x2") three, in("x3") four);
        // Without r7, which may be the frame pointer.
        #[cfg(target_arch = "arm")]
        asm!("mov r12, r7", "mov r7, r4", "svc 0", "mov r7, r12", in("r4") number,
            inlateout("r0") one => result, in("r1") two, in("r2") three, in("r3") four,
            out("r12") _);
        #[cfg(target_arch = "riscv64")]
        asm!("ecall", in("a7") u64::from(number), inlateout("a0") one => result, in("a1") two,
            in("a2") three, in("a3") four);
    }
    result
}

/// Makes a copy of this process, and returns its number; none in the copy.
///
/// # Errors
/// `EAGAIN`, `ENOMEM` – there are too many processes, or too little memory
pub fn fork() -> Result<Option<Pid>, Errno> {
    // All four are numbers on each of these architectures: flags, and nothing else.
    let flags = [SIGCHLD.try_into().unwrap_or(0), 0, 0, 0];
    // SAFETY: the copy has a copy of the memory, with the stack where it is.
    let result = unsafe { call(__NR_clone, flags) };
    match i32::try_from(result).unwrap_or(0) {
        0 => Ok(None),
        pid @ 1.. => Ok(Pid::from_raw(pid)),
        errno => Err(Errno::from_raw_os_error(errno.saturating_neg())),
    }
}

/// Becomes the program whose path is the first of these arguments, without an environment. If there
/// is no such program, the process ends with status 127.
///
/// # Safety
/// The arguments are C strings, with a null pointer after the last.
pub unsafe fn become_program(arguments: &[*const c_char]) -> ! {
    let path = arguments.first().map_or(0, |path| path.addr());
    let list = arguments.as_ptr().addr();
    // SAFETY: a C string, and a list that is one by the caller's promise.
    let _ = unsafe { call(__NR_execve, [path, list, 0, 0]) };
    rawshm_start::exit(NOT_STARTED)
}
