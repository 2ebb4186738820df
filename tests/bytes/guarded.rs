//! Memory between pages that must not be accessed.

use std::ptr;
use std::slice;

/// No page is larger.
const PAGE: usize = 64 << 10;

/// Whole pages of memory; an access to the page before or after them is a `SIGSEGV`.
pub struct Guarded {
    first: *mut u8,
    len: usize,
}

impl Guarded {
    pub fn new(len: usize) -> Self {
        let len = len.next_multiple_of(PAGE);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: it takes unused memory.
        let all = unsafe {
            libc::mmap(
                ptr::null_mut(),
                len + 2 * PAGE,
                libc::PROT_NONE,
                flags,
                -1,
                0,
            )
        };
        assert_ne!(all, libc::MAP_FAILED);
        let first = all.cast::<u8>().wrapping_add(PAGE);
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: it is a part of what was just mapped.
        assert_eq!(unsafe { libc::mprotect(first.cast(), len, access) }, 0);
        Self { first, len }
    }

    /// The first bytes, right after a guard page.
    pub fn first(&mut self, len: usize) -> &mut [u8] {
        assert!(len <= self.len);
        // SAFETY: these are mapped, and `self` is borrowed as long as they are.
        unsafe { slice::from_raw_parts_mut(self.first, len) }
    }

    /// The last bytes, right before a guard page.
    pub fn last(&mut self, len: usize) -> &mut [u8] {
        assert!(len <= self.len);
        // SAFETY: these are mapped, and `self` is borrowed as long as they are.
        unsafe { slice::from_raw_parts_mut(self.first.add(self.len - len), len) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: what `new` mapped, and nothing borrows it any more.
        unsafe { libc::munmap(self.first.wrapping_sub(PAGE).cast(), self.len + 2 * PAGE) };
    }
}
