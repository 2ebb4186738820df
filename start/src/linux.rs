//! The start code: from the kernel's entry to the program's function, and from what that returns to
//! `exit_group`.

use core::arch::asm;
use core::ffi::c_char;
use core::panic::PanicInfo;
use core::slice;

use linux_raw_sys::general::__NR_exit_group;

use crate::{Operand, say};

/// Makes a program of a function that takes [`Arguments`] and returns the exit status.
///
/// It defines the entry point and the panic handler. A panic writes `panicked` to standard error,
/// in a debug build with its place, and ends the program with status 101. There is no other
/// message, since formatting takes more than the rest of a small program. With `main!(run, silent)`
/// an optimised build writes nothing at all, and is smaller.
///
/// A macro, because each program has one entry point and one panic handler.
///
/// # Examples
/// ```ignore
/// #![no_std]
/// #![no_main]
///
/// rawshm_start::main!(run);
///
/// fn run(mut arguments: rawshm_start::Arguments) -> u8 {
///     u8::from(arguments.next().is_none())
/// }
/// ```
#[macro_export]
macro_rules! main {
    ($run:path) => {
        $crate::main!(@ $run, true);
    };
    ($run:path, silent) => {
        $crate::main!(@ $run, false);
    };
    (@ $run:path, $speaks:literal) => {
        const _: () = {
            #[cfg(test)]
            ::core::compile_error!(
                "a program without std has no unit tests: put `test = false` and `bench = false` \
                 into its [[bin]] in Cargo.toml, and tests into src/lib.rs or tests/"
            );
            #[cfg(not(any(doc, test, panic = "abort")))]
            ::core::compile_error!(
                "a program without std cannot unwind: put `panic = \"abort\"` into [profile.dev] \
                 and [profile.release] in Cargo.toml, the workspace's if there is one"
            );
            const _: () = ::core::assert!(
                ::core::option_env!("RAWSHM_START_LINKS").is_some(),
                "the linker's flags are missing: `main` in build.rs has to call \
                 `rawshm_start::link!()`"
            );

            // Assembly is allowed in a module, and not in a constant.
            mod entry {
                $crate::entry!();
            }

            mod memory {
                $crate::memory!();
            }

            /// # Safety
            /// Called once, by the entry point, with the stack pointer that the kernel left.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn rawshm_main(stack: *const usize) -> ! {
                // SAFETY: the caller's.
                let arguments = unsafe { $crate::Arguments::new(stack) };
                $crate::exit($run(arguments))
            }

            #[panic_handler]
            fn panic(info: &::core::panic::PanicInfo<'_>) -> ! {
                $crate::panicked(info, $speaks)
            }

            /// The unwinding tables of a debug build's `core` refer to it. Nothing here unwinds.
            #[unsafe(no_mangle)]
            extern "C" fn rust_eh_personality() {}

            /// As well, if `core` itself is not optimised.
            #[cfg(debug_assertions)]
            #[unsafe(no_mangle)]
            extern "C" fn _Unwind_Resume() {}
        };
    };
}

/// The first instructions of a program. The stack pointer is aligned as the ABI requires, and
/// points to argc. After it come argv and the environment.
#[doc(hidden)]
#[macro_export]
macro_rules! entry {
    () => {
        #[cfg(target_arch = "x86_64")]
        ::core::arch::global_asm!(
            ".globl rawshm_start",
            "rawshm_start: mov rdi, rsp",
            "call rawshm_main",
        );
        #[cfg(target_arch = "x86")]
        ::core::arch::global_asm!(
            ".globl rawshm_start",
            "rawshm_start: mov eax, esp",
            "sub esp, 12",
            "push eax",
            "call rawshm_main",
        );
        #[cfg(target_arch = "aarch64")]
        ::core::arch::global_asm!(
            ".globl rawshm_start",
            "rawshm_start: mov x0, sp",
            "bl rawshm_main",
        );
        #[cfg(target_arch = "arm")]
        ::core::arch::global_asm!(
            ".arm",
            ".globl rawshm_start",
            "rawshm_start: mov r0, sp",
            "bl rawshm_main",
        );
        #[cfg(target_arch = "riscv64")]
        ::core::arch::global_asm!(
            ".globl rawshm_start",
            "rawshm_start: mv a0, sp",
            "call rawshm_main",
        );
    };
}

#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "x86",
    target_arch = "aarch64",
    target_arch = "arm",
    target_arch = "riscv64"
)))]
compile_error!(
    "there is no start code for this architecture yet; to help, add it to `entry` and to `exit`"
);

/// The exit status of a panic, the same as std's.
const PANICKED: u8 = 101;

/// What a panic does. In an optimised build without the names of files, which are not the same
/// everywhere.
#[doc(hidden)]
#[inline]
pub fn panicked(info: &PanicInfo<'_>, speaks: bool) -> ! {
    match info.location() {
        Some(place) if cfg!(debug_assertions) => {
            let line = Operand::Number(place.line().into());
            say("panicked at %:%\n", &[place.file().into(), line]);
        }
        _ if speaks => say("panicked\n", &[]),
        _ => {}
    }
    exit(PANICKED)
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

/// The arguments after the program's name, and the environment.
///
/// # Examples
/// ```
/// fn run(mut arguments: rawshm_start::Arguments) -> u8 {
///     let folder = arguments.variable(b"FOLDER").unwrap_or(b"/dev/shm");
///     let Some(name) = arguments.next() else {
///         return 2;
///     };
///     u8::from(folder.len() + name.len() > 255)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Arguments {
    /// Points into argv, at most to the null after its last element.
    argv: *const *const c_char,
}

impl Arguments {
    /// The arguments of this process.
    ///
    /// # Safety
    /// `stack` is the stack pointer that the kernel left.
    #[doc(hidden)]
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

    /// The value of an environment variable. None if it is not set, or if the name has a `=`, as no
    /// variable's has.
    #[must_use]
    pub fn variable(&self, name: &[u8]) -> Option<&'static [u8]> {
        let mut rest = self.clone();
        while rest.next().is_some() {}
        // The environment begins after the null, and ends with one, too.
        rest.argv = rest.argv.wrapping_add(1);
        rest.find_map(|variable| {
            let mut parts = variable.splitn(2, |byte| *byte == b'=');
            (parts.next()? == name).then(|| parts.next())?
        })
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
