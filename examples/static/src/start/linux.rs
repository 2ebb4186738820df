//! The start code: from the kernel's entry to `run`, and from what it returns to `exit_group`.

use core::arch::{asm, global_asm};
use core::ffi::c_char;
use core::panic::PanicInfo;
use core::slice;

// At the entry point the stack pointer is aligned as the ABI wants it, and points to argc, which argv follows.

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl rawshm_start",
    "rawshm_start: mov rdi, rsp",
    "call {start}",
    start = sym start,
);

#[cfg(target_arch = "x86")]
global_asm!(
    ".globl rawshm_start",
    "rawshm_start: mov eax, esp",
    "sub esp, 12",
    "push eax",
    "call {start}",
    start = sym start,
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl rawshm_start",
    "rawshm_start: mov x0, sp",
    "bl {start}",
    start = sym start,
);

#[cfg(target_arch = "arm")]
global_asm!(
    ".arm",
    ".globl rawshm_start",
    "rawshm_start: mov r0, sp",
    "bl {start}",
    start = sym start,
);

#[cfg(target_arch = "riscv64")]
global_asm!(
    ".globl rawshm_start",
    "rawshm_start: mv a0, sp",
    "call {start}",
    start = sym start,
);

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "riscv64"
)))]
compile_error!(
    "there is no start code for this architecture yet; to help, add its five lines here"
);

/// The exit status of a panic, as std has it.
const PANICKED: u8 = 101;

/// # Safety
/// Called once, by `rawshm_start`, with the stack pointer that the kernel left.
unsafe extern "C" fn start(stack: *const usize) -> ! {
    // SAFETY: the kernel puts argc there.
    let count = unsafe { stack.read() };
    // Linux before 5.18 runs a program without a name, too.
    let first = usize::from(count != 0).wrapping_add(1);
    let argv = stack.wrapping_add(first).cast();
    exit_group(crate::run(Arguments { argv }))
}

fn exit_group(status: u8) -> ! {
    let status = u32::from(status);
    // SAFETY: it ends the process.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("syscall", in("eax") 231, in("edi") status, options(noreturn));
        #[cfg(target_arch = "x86")]
        asm!("int 0x80", in("eax") 252, in("ebx") status, options(noreturn));
        #[cfg(target_arch = "aarch64")]
        asm!("svc #0", in("x8") 94, in("x0") status, options(noreturn));
        #[cfg(target_arch = "arm")]
        asm!("mov r7, #248", "svc #0", in("r0") status, options(noreturn));
        #[cfg(target_arch = "riscv64")]
        asm!("ecall", in("a7") 94, in("a0") status, options(noreturn));
    }
}

/// The arguments behind the program's name.
pub(crate) struct Arguments {
    /// Points into argv, at the most to the null behind its last element.
    argv: *const *const c_char,
}

impl Arguments {
    pub(crate) fn is_empty(&self) -> bool {
        // SAFETY: an element of argv, or the null behind it.
        unsafe { self.argv.read() }.is_null()
    }
}

impl Iterator for Arguments {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        // SAFETY: an element of argv, or the null behind it.
        let text = unsafe { self.argv.read() }.cast::<u8>();
        if text.is_null() {
            return None;
        }
        self.argv = self.argv.wrapping_add(1);
        let mut len: usize = 0;
        // SAFETY: the text ends with a NUL, and none of the bytes up to `len` was it.
        while unsafe { text.wrapping_add(len).read() } != 0 {
            len = len.wrapping_add(1);
        }
        // SAFETY: `len` bytes, which stay unchanged for as long as the process lives.
        Some(unsafe { slice::from_raw_parts(text, len) })
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    exit_group(PANICKED)
}

/// Named by the unwinding tables of a debug build's `core`; nothing here unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}
