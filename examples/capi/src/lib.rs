//! The C drop-in: `shm_open` and `shm_unlink`, made of the crate's own objects. `rawshm.h` is its
//! documentation.

#![no_std]

use core::ffi::{c_char, c_int};
use core::mem::MaybeUninit;
use core::slice;

use rawshm::fd::IntoRawFd;
use rawshm::{Directory, Errno, Error, Name};

#[cfg(target_os = "linux")]
mod posix;

#[cfg(not(target_os = "macos"))]
type Mode = u32;
#[cfg(target_os = "macos")]
type Mode = u16;

/// # Safety
/// The name is null, or a C string that does not change during the call.
unsafe fn open(name: *const c_char, flags: c_int, mode: Mode) -> Result<c_int, Errno> {
    let mut buffer = MaybeUninit::uninit();
    // SAFETY: the caller's.
    let name = unsafe { validate(&mut buffer, name) }?;
    #[cfg_attr(
        not(target_os = "macos"),
        expect(clippy::useless_conversion, reason = "macOS has a shorter type")
    )]
    let mode = mode.into();
    let opened = Directory::DEFAULT.open_with_flags(name, flags, mode);
    opened.map(IntoRawFd::into_raw_fd).map_err(Error::errno)
}

/// # Safety
/// The name is null, or a C string that does not change during the call.
unsafe fn unlink(name: *const c_char) -> Result<c_int, Errno> {
    let mut buffer = MaybeUninit::uninit();
    // SAFETY: the caller's.
    let name = unsafe { validate(&mut buffer, name) }?;
    rawshm::unlink(name).map(|()| 0).map_err(Error::errno)
}

/// # Safety
/// The name is null, or a C string that does not change during the call.
unsafe fn validate(buffer: &mut MaybeUninit<Name>, name: *const c_char) -> Result<&Name, Errno> {
    if name.is_null() {
        return Err(Errno::FAULT);
    }
    // Volatile, or the compiler would replace the loop with a call of `strlen`, which a
    // freestanding program may lack.
    let mut len: usize = 0;
    loop {
        // SAFETY: the caller's; none of the bytes before it was the NUL.
        let byte = unsafe { name.wrapping_add(len).read_volatile() };
        if byte == 0 {
            break;
        }
        len = len.wrapping_add(1);
    }
    // SAFETY: `len` bytes, and the caller's: they do not change during the call.
    let name = unsafe { slice::from_raw_parts(name.cast(), len) };
    Name::write(buffer, name).map_err(Error::errno)
}

/// The result, or the negative errno.
fn result(result: Result<c_int, Errno>) -> c_int {
    result.unwrap_or_else(|errno| errno.raw_os_error().wrapping_neg())
}

/// # Safety
/// As `rawshm.h` says.
#[unsafe(no_mangle)]
unsafe extern "C" fn rawshm_open(name: *const c_char, oflag: c_int, mode: Mode) -> c_int {
    // SAFETY: the caller's.
    result(unsafe { open(name, oflag, mode) })
}

/// # Safety
/// As `rawshm.h` says.
#[unsafe(no_mangle)]
unsafe extern "C" fn rawshm_unlink(name: *const c_char) -> c_int {
    // SAFETY: the caller's.
    result(unsafe { unlink(name) })
}

/// No input leads here. It stops the thread, since it may call no function of any library.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
