//! Parts of shared bytes.

use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use super::{ReadWrite, SharedBytes};

/// A part of [`SharedBytes`].
#[derive(Debug)]
pub struct Slice<'a, R> {
    bytes: SharedBytes<R>,
    borrowed: PhantomData<&'a ()>,
}

impl<'a> Slice<'a, ReadWrite> {
    /// Treats a buffer of this process as shared bytes, for code that is generic over where its bytes are, and tests.
    #[must_use]
    pub const fn from_mut(buffer: &'a mut [u8]) -> Self {
        let len = buffer.len();
        // SAFETY: a slice's pointer is never null.
        let start = unsafe { NonNull::new_unchecked(buffer.as_mut_ptr()) };
        // SAFETY: the buffer is borrowed exclusively for `'a`, so that only the `SharedBytes` accesses it.
        let bytes = unsafe { SharedBytes::new(start, len) };
        Self {
            bytes,
            borrowed: PhantomData,
        }
    }
}

impl<R> Slice<'_, R> {
    /// What keeps the bytes outlives the slice.
    pub(crate) const fn new(bytes: SharedBytes<R>) -> Self {
        Self {
            bytes,
            borrowed: PhantomData,
        }
    }
}

impl<R> Deref for Slice<'_, R> {
    type Target = SharedBytes<R>;

    fn deref(&self) -> &SharedBytes<R> {
        &self.bytes
    }
}
