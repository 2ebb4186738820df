//! The functions that compilers assume to exist.

/// Defines them. The linker drops those that nothing calls.
///
/// A macro, because only programs without a C library may have them: in others they would take the
/// place of its own, which are faster.
///
/// All accesses are volatile: otherwise the compiler could replace the loop in `memcpy` with a call
/// of `memcpy`.
#[doc(hidden)]
#[macro_export]
macro_rules! memory {
    () => {
        /// # Safety
        /// As C's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
            // SAFETY: the caller's.
            unsafe { forward(to, from, len) };
            to
        }

        /// # Safety
        /// As C's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, len: usize) -> *mut u8 {
            if to.cast_const() <= from {
                // SAFETY: the caller's; each byte is read before it is overwritten.
                unsafe { forward(to, from, len) };
            } else {
                for at in (0..len).rev() {
                    // SAFETY: the caller's.
                    let byte = unsafe { from.wrapping_add(at).read_volatile() };
                    // SAFETY: the caller's.
                    unsafe { to.wrapping_add(at).write_volatile(byte) };
                }
            }
            to
        }

        /// # Safety
        /// As C's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn memset(to: *mut u8, byte: i32, len: usize) -> *mut u8 {
            let [byte, ..] = byte.to_le_bytes();
            for at in 0..len {
                // SAFETY: the caller's.
                unsafe { to.wrapping_add(at).write_volatile(byte) };
            }
            to
        }

        /// # Safety
        /// As C's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
            for at in 0..len {
                // SAFETY: the caller's.
                let one = unsafe { one.wrapping_add(at).read_volatile() };
                // SAFETY: the caller's.
                let other = unsafe { other.wrapping_add(at).read_volatile() };
                if one != other {
                    return i32::from(one).wrapping_sub(i32::from(other));
                }
            }
            0
        }

        /// # Safety
        /// As C's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, len: usize) -> i32 {
            // SAFETY: the caller's.
            unsafe { memcmp(one, other, len) }
        }

        /// # Safety
        /// As C's.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn strlen(text: *const u8) -> usize {
            let mut len: usize = 0;
            // SAFETY: the caller's.
            while unsafe { text.wrapping_add(len).read_volatile() } != 0 {
                len = len.wrapping_add(1);
            }
            len
        }

        /// # Safety
        /// As `memcpy`, but the ranges may overlap if `to` is not after `from`.
        unsafe fn forward(to: *mut u8, from: *const u8, len: usize) {
            for at in 0..len {
                // SAFETY: the caller's.
                let byte = unsafe { from.wrapping_add(at).read_volatile() };
                // SAFETY: the caller's.
                unsafe { to.wrapping_add(at).write_volatile(byte) };
            }
        }
    };
}
