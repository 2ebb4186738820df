//! The start code: from the kernel's entry to `run`, and from its result to `exit_group`.

use core::arch::global_asm;
use core::ffi::{CStr, c_char};

// At entry the stack pointer points to argc, which argv follows, and is aligned as the ABI wants it.
#[cfg(target_arch = "x86_64")]
global_asm!(
    ".globl _start",
    "_start:",
    "mov rdi, rsp",
    "call {start}",
    ".globl exit_group",
    "exit_group:",
    "xchg edi, eax",
    "mov eax, 231",
    "syscall",
    start = sym start,
);
