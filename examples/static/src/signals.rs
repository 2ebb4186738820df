//! `SIGINT` and `SIGTERM`: they end the program, also if it is the first process of a container,
//! for which the kernel ignores every signal without a handler.
//!
//! A signal ends the program only while that waits, in [`interruptible`], and does so from within
//! the handler: to wait takes no call more than without signals, and none is lost between a check
//! and a call that sleeps. A signal at any other time is recorded, and ends the program when it
//! waits next. So whatever the program does between two waits is done as a whole.

use core::arch::asm;
use core::ffi::{c_int, c_ulong};
use core::mem::size_of;
use core::ptr;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::sync::atomic::{AtomicI32, AtomicPtr, compiler_fence};

use linux_raw_sys::general::{
    __NR_rt_sigaction, SA_RESTART, SA_SIGINFO, SIGINT, SIGTERM, kernel_sigaction, kernel_sigset_t,
};

use rawshm_start::exit;

/// What is left to do before the program ends. It is called from the handler of a signal, at any
/// point of the wait: `Send`, so that the two share nothing which that could leave half changed.
pub type Last<'a> = dyn FnMut() + Send + 'a;

/// What the handler calls; null while signals are recorded. Points into the frame of
/// `interruptible`.
static LAST: AtomicPtr<&'static mut Last<'static>> = AtomicPtr::new(ptr::null_mut());

/// The last signal that came while signals were recorded, or 0.
static RECORDED: AtomicI32 = AtomicI32::new(0);

/// Records both signals from now on. Where a filter refuses that, they do what they did before.
pub fn catch() {
    for signal in [SIGINT, SIGTERM] {
        set_handler(signal);
    }
}

/// Runs `wait`. A signal meanwhile, or one that was recorded before, calls `last` and ends the
/// program with the status 128 + the signal's number.
pub fn interruptible<T>(mut last: &mut Last<'_>, wait: impl FnOnce() -> T) -> T {
    set_last((&raw mut last).cast());
    let recorded = RECORDED.load(Relaxed);
    if recorded != 0 {
        // Another signal must not call it, too.
        set_last(ptr::null_mut());
        end(last, recorded);
    }
    let waited = wait();
    set_last(ptr::null_mut());
    waited
}

/// The exit status of a signal that has been recorded, or 0.
#[must_use]
pub fn status() -> u8 {
    match RECORDED.load(Relaxed) {
        0 => 0,
        signal => status_of(signal),
    }
}

fn status_of(signal: c_int) -> u8 {
    u8::try_from(signal).unwrap_or(0) | 128
}

/// Neither the compiler nor the processor moves anything past this: to the thread that it
/// interrupts, a handler is in order anyway.
fn set_last(last: *mut &'static mut Last<'static>) {
    compiler_fence(SeqCst);
    LAST.store(last, Relaxed);
    compiler_fence(SeqCst);
}

fn end(last: &mut Last<'_>, signal: c_int) -> ! {
    last();
    exit(status_of(signal))
}

/// The handler. The kernel holds back all signals until it returns.
unsafe extern "C" fn handle(signal: c_int) {
    let last = LAST.load(Relaxed);
    compiler_fence(SeqCst);
    if last.is_null() {
        RECORDED.store(signal, Relaxed);
        return;
    }
    // SAFETY: it points into the frame of `interruptible`, which is within `wait`, and never goes
    // on: so this is the only reference to it, and to whatever `last` borrows.
    let last = unsafe { &mut *last };
    end(last, signal);
}

/// The frame of a signal with `SA_SIGINFO` is the same on every architecture in that
/// `rt_sigreturn` ends it. A call that was interrupted is made again.
const FLAGS: u32 = SA_SIGINFO | SA_RESTART | restorer::FLAG;

const SET_LEN: usize = size_of::<kernel_sigset_t>();

static ACTION: kernel_sigaction = kernel_sigaction {
    sa_handler_kernel: Some(handle),
    #[expect(clippy::as_conversions, reason = "no other conversion is const")]
    sa_flags: FLAGS as c_ulong,
    #[cfg(not(target_arch = "riscv64"))]
    sa_restorer: restorer::RESTORER,
    sa_mask: kernel_sigset_t {
        sig: [c_ulong::MAX; SET_LEN / size_of::<c_ulong>()],
    },
};

/// On these, the kernel has no code of its own that every process can return to from a handler.
#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
mod restorer {
    use core::arch::global_asm;

    use linux_raw_sys::general::{__NR_rt_sigreturn, SA_RESTORER};

    pub(super) const FLAG: u32 = SA_RESTORER;
    pub(super) const RESTORER: Option<unsafe extern "C" fn()> = Some(rawshm_restorer);

    unsafe extern "C" {
        fn rawshm_restorer();
    }

    /// A macro, as the two differ in one instruction.
    macro_rules! restorer {
        ($call:literal) => {
            // In a section of its own, for the linker to drop from programs that handle no signals.
            global_asm!(
                ".pushsection .text.rawshm_restorer, \"ax\", @progbits",
                ".globl rawshm_restorer",
                "rawshm_restorer: mov eax, {}",
                $call,
                ".popsection",
                const __NR_rt_sigreturn,
            );
        };
    }

    #[cfg(target_arch = "x86_64")]
    restorer!("syscall");
    #[cfg(target_arch = "x86")]
    restorer!("int 0x80");
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
mod restorer {
    pub(super) const FLAG: u32 = 0;
    #[cfg(not(target_arch = "riscv64"))]
    pub(super) const RESTORER: Option<unsafe extern "C" fn()> = None;
}

/// Not inlined, for the same reason as any call of the kernel's: it may change registers that an
/// `asm!` block cannot name, as every function may.
#[inline(never)]
fn set_handler(signal: u32) {
    let action = &raw const ACTION;
    // SAFETY: the kernel reads the action, which is a constant, and writes nothing. The handler
    // may be called at any time.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        asm!("syscall", inlateout("rax") u64::from(__NR_rt_sigaction) => _,
            in("rdi") u64::from(signal), in("rsi") action, in("rdx") 0_u64, in("r10") SET_LEN,
            clobber_abi("C"), options(nostack, preserves_flags));
        // LLVM may need ebx and esi for itself: they are put back.
        #[cfg(target_arch = "x86")]
        asm!("push ebx", "push esi", "mov ebx, edi", "mov esi, {len}", "int 0x80", "pop esi",
            "pop ebx", len = const SET_LEN, inlateout("eax") __NR_rt_sigaction => _,
            in("edi") signal, in("ecx") action, in("edx") 0, options(preserves_flags));
        #[cfg(target_arch = "aarch64")]
        asm!("svc 0", in("x8") u64::from(__NR_rt_sigaction),
            inlateout("x0") u64::from(signal) => _, in("x1") action, in("x2") 0_u64,
            in("x3") SET_LEN, clobber_abi("C"), options(nostack, preserves_flags));
        // r7 is the frame pointer in Thumb code: it is put back.
        #[cfg(target_arch = "arm")]
        asm!("mov {frame}, r7", "mov r7, {number}", "svc 0", "mov r7, {frame}",
            frame = out(reg) _, number = in(reg) __NR_rt_sigaction, inlateout("r0") signal => _,
            in("r1") action, in("r2") 0, in("r3") SET_LEN, options(nostack, preserves_flags));
        #[cfg(target_arch = "riscv64")]
        asm!("ecall", in("a7") u64::from(__NR_rt_sigaction),
            inlateout("a0") u64::from(signal) => _, in("a1") action, in("a2") 0_u64,
            in("a3") SET_LEN, clobber_abi("C"), options(nostack));
    }
}
