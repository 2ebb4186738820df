//! The pair that reports with `errno`, under POSIX's own names.
//!
//! Not on macOS: there the crate itself calls libSystem's functions of these names, so a definition
//! here would call itself.

use core::ffi::{c_char, c_int};

use rawshm::Errno;

use crate::Mode;

unsafe extern "C" {
    /// The address of this thread's `errno`, in glibc and in musl.
    safe fn __errno_location() -> *mut c_int;
}

/// The result, or -1 and `errno` set; on success `errno` is unchanged.
fn result(result: Result<c_int, Errno>) -> c_int {
    result.unwrap_or_else(|errno| {
        // SAFETY: the C library's variable, which only this thread uses.
        unsafe { __errno_location().write(errno.raw_os_error()) };
        -1
    })
}

/// # Safety
/// As `rawshm.h` says.
#[unsafe(no_mangle)]
unsafe extern "C" fn shm_open(name: *const c_char, oflag: c_int, mode: Mode) -> c_int {
    // SAFETY: the caller's.
    result(unsafe { crate::open(name, oflag, mode) })
}

/// # Safety
/// As `rawshm.h` says.
#[unsafe(no_mangle)]
unsafe extern "C" fn shm_unlink(name: *const c_char) -> c_int {
    // SAFETY: the caller's.
    result(unsafe { crate::unlink(name) })
}
