//! The C drop-in: `shm_open` and `shm_unlink`, by the crate's own objects. `rawshm.h` beside this is its documentation.

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
/// The name is null, or ends with a NUL.
unsafe fn open(name: *const c_char, flags: c_int, mode: Mode) -> Result<c_int, Errno> {
    let mut room = MaybeUninit::uninit();
    // SAFETY: the caller's.
    let name = unsafe { validate(&mut room, name) }?;
    #[cfg_attr(
        not(target_os = "macos"),
        expect(clippy::useless_conversion, reason = "macOS has a shorter type")
    )]
    let mode = mode.into();
    let opened = Directory::DEFAULT.open_with_flags(name, flags, mode);
    opened.map(IntoRawFd::into_raw_fd).map_err(Error::errno)
}

/// # Safety
/// The name is null, or ends with a NUL.
unsafe fn unlink(name: *const c_char) -> Result<c_int, Errno> {
    let mut room = MaybeUninit::uninit();
    // SAFETY: the caller's.
    let name = unsafe { validate(&mut room, name) }?;
    rawshm::unlink(name).map(|()| 0).map_err(Error::errno)
}

/// # Safety
/// The name is null, or ends with a NUL.
unsafe fn validate(room: &mut MaybeUninit<Name>, name: *const c_char) -> Result<&Name, Errno> {
    if name.is_null() {
        return Err(Errno::FAULT);
    }
    // Counted here, and volatile lest the compiler make a `strlen` of it, which a freestanding program may lack.
    let mut len: usize = 0;
    loop {
        // SAFETY: the caller's: none of the bytes before it was the NUL.
        let byte = unsafe { name.wrapping_add(len).read_volatile() };
        if byte == 0 {
            break;
        }
        len = len.wrapping_add(1);
    }
    // SAFETY: `len` bytes, which nobody changes during the call.
    let name = unsafe { slice::from_raw_parts(name.cast(), len) };
    Name::write(room, name).map_err(Error::errno)
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

/// No input leads here: what cannot happen stops, without a symbol of anybody's.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
