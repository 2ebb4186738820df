//! The start code: from the kernel's entry to the program's function, and from what that returns to
//! `exit_group`.

use core::arch::{asm, global_asm};
use core::ffi::c_char;
use core::panic::PanicInfo;
use core::slice;

use linux_raw_sys::general::__NR_exit_group;

// At the entry point the stack pointer is aligned as the ABI requires, and points to argc. After it
// comes argv.

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl rawshm_start",
    "rawshm_start: mov rdi, rsp",
    "call rawshm_main",
);

#[cfg(target_arch = "x86")]
global_asm!(
    ".globl rawshm_start",
    "rawshm_start: mov eax, esp",
    "sub esp, 12",
    "push eax",
    "call rawshm_main",
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl rawshm_start",
    "rawshm_start: mov x0, sp",
    "bl rawshm_main",
);

#[cfg(target_arch = "arm")]
global_asm!(
    ".arm",
    ".globl rawshm_start",
    "rawshm_start: mov r0, sp",
    "bl rawshm_main",
);

#[cfg(target_arch = "riscv64")]
global_asm!(
    ".globl rawshm_start",
    "rawshm_start: mv a0, sp",
    "call rawshm_main",
);

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "riscv64"
)))]
compile_error!(
    "there is no start code for this architecture yet; to help, add it here and in `exit`"
);

/// The exit status of a panic, the same as std's.
const PANICKED: u8 = 101;

/// Makes a program of a function that takes [`Arguments`] and returns the exit status.
///
/// A macro, because the start code is compiled before the program, and can only call it by a symbol
/// that the program defines.
#[macro_export]
macro_rules! program {
    ($run:path) => {
        /// # Safety
        /// Called once, by `rawshm_start`, with the stack pointer that the kernel left.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn rawshm_main(stack: *const usize) -> ! {
            // SAFETY: the caller's.
            let arguments = unsafe { $crate::start::Arguments::new(stack) };
            $crate::start::exit($run(arguments))
        }
    };
}

/// Ends the process with this exit status.
pub fn exit(status: u8) -> ! {
    let status = u32::from(status);
    // SAFETY: it ends the process.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("syscall", in("eax") __NR_exit_group, in("edi") status, options(noreturn));
        #[cfg(target_arch = "x86")]
        asm!("int 0x80", in("eax") __NR_exit_group, in("ebx") status, options(noreturn));
        #[cfg(target_arch = "aarch64")]
        asm!("svc #0", in("x8") __NR_exit_group, in("x0") status, options(noreturn));
        #[cfg(target_arch = "arm")]
        asm!("mov r7, #{}", "svc #0", const __NR_exit_group, in("r0") status, options(noreturn));
        #[cfg(target_arch = "riscv64")]
        asm!("ecall", in("a7") __NR_exit_group, in("a0") status, options(noreturn));
    }
}

/// The arguments after the program's name.
#[derive(Debug)]
pub struct Arguments {
    /// Points into argv, at most to the null after its last element.
    argv: *const *const c_char,
}

impl Arguments {
    /// The arguments of this process.
    ///
    /// # Safety
    /// `stack` is the stack pointer that the kernel left.
    #[must_use]
    pub unsafe fn new(stack: *const usize) -> Self {
        // SAFETY: the kernel puts argc there.
        let count = unsafe { stack.read() };
        // Linux before 5.18 also runs a program without a name.
        let first = usize::from(count != 0).wrapping_add(1);
        let argv = stack.wrapping_add(first).cast();
        Self { argv }
    }

    /// Whether there are none left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // SAFETY: an element of argv, or the null after it.
        unsafe { self.argv.read() }.is_null()
    }
}

impl Iterator for Arguments {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        // SAFETY: an element of argv, or the null after it.
        let text = unsafe { self.argv.read() }.cast::<u8>();
        if text.is_null() {
            return None;
        }
        self.argv = self.argv.wrapping_add(1);
        let mut len: usize = 0;
        // Volatile, or the compiler would replace the loop with a call of `strlen`: more code.
        // SAFETY: the text ends with a NUL, and none of the bytes before `len` was it.
        while unsafe { text.wrapping_add(len).read_volatile() } != 0 {
            len = len.wrapping_add(1);
        }
        // SAFETY: `len` bytes, which stay unchanged until the process ends.
        Some(unsafe { slice::from_raw_parts(text, len) })
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit(PANICKED)
}

/// The unwinding tables of a debug build's `core` refer to it. Nothing here unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
