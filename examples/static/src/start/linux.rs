//! The start code: from the kernel's entry to `run`, and from what it returns to `exit_group`.

use core::arch::global_asm;
use core::ffi::c_char;
use core::panic::PanicInfo;
use core::slice;

// At `_start` the stack pointer is aligned as the ABI wants it, and points to argc, which argv follows. What `start`
// returns goes on as the argument of `exit_group`.

#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start: mov rdi, rsp",
    "call {start}",
    "mov edi, eax",
    ".globl exit_group",
    "exit_group: mov eax, 231",
    "syscall",
    start = sym start,
);

#[cfg(target_arch = "x86")]
global_asm!(
    ".globl _start",
    "_start: mov eax, esp",
    "sub esp, 12",
    "push eax",
    "call {start}",
    "push eax",
    "push 0",
    ".globl exit_group",
    "exit_group: mov ebx, [esp + 4]",
    "mov eax, 252",
    "int 0x80",
    start = sym start,
);

#[cfg(target_arch = "aarch64")]
global_asm!(
    ".globl _start",
    "_start: mov x0, sp",
    "bl {start}",
    ".globl exit_group",
    "exit_group: mov x8, #94",
    "svc #0",
    start = sym start,
);

#[cfg(target_arch = "arm")]
global_asm!(
    ".arm",
    ".globl _start",
    "_start: mov r0, sp",
    "bl {start}",
    ".globl exit_group",
    "exit_group: mov r7, #248",
    "svc #0",
    start = sym start,
);

#[cfg(target_arch = "riscv64")]
global_asm!(
    ".globl _start",
    "_start: mv a0, sp",
    "call {start}",
    ".globl exit_group",
    "exit_group: li a7, 94",
    "ecall",
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

unsafe extern "C" {
    safe fn exit_group(status: u32) -> !;
}

/// The exit status of a panic, as std has it.
const PANICKED: u32 = 101;

/// # Safety
/// Called once, by `_start`, with the stack pointer that the kernel left.
unsafe extern "C" fn start(stack: *const usize) -> u32 {
    // SAFETY: the kernel puts argc there.
    let argc = unsafe { stack.read() };
    // Linux before 5.18 runs a program without a name, too.
    let first = if argc == 0 { 1 } else { 2 };
    let argv = stack.wrapping_add(first).cast();
    crate::run(Arguments { argv }).into()
}

/// The arguments behind the program's name.
pub(crate) struct Arguments {
    /// Points into argv, at the most to the null behind its last element.
    argv: *const *const c_char,
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
