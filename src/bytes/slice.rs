//! Parts of shared bytes.

use core::fmt;
use core::marker::PhantomData;
use core::mem::{align_of, size_of};
use core::ops::Deref;
use core::ptr::NonNull;

use super::{AccessError, Atomic, Integer, ReadOnly, ReadWrite, SharedBytes, Span};

/// A part of [`SharedBytes`], borrowed for `'a`.
///
/// It is `Copy`. What is made from it with [`Slice::slice`] and [`Slice::atomic`] is borrowed for
/// `'a` too, so a function can return it:
///
/// ```
/// use rawshm::{AccessError, Atomic, ReadWrite, SharedBytes};
///
/// /// The counter at the start of the second line of 64 bytes.
/// fn counter(bytes: &SharedBytes<ReadWrite>) -> Result<Atomic<'_, u32, ReadWrite>, AccessError> {
///     bytes.slice(64, 64)?.atomic(0)
/// }
/// ```
///
/// Code that only reads can take a `Slice<'_, ReadOnly>` or a `&SharedBytes<ReadOnly>`, whatever
/// the rights of its caller are:
///
/// ```
/// use rawshm::{AccessError, ReadOnly, SharedBytes, Slice};
///
/// fn sum(columns: &SharedBytes<ReadOnly>) -> Result<i64, AccessError> {
///     Ok(columns.load::<[i64; 3]>(0)?.iter().sum())
/// }
///
/// let mut buffer = [0; 24];
/// let bytes = Slice::from_mut(&mut buffer);
/// bytes.store(0, &[100_i64, 876, 8021])?;
/// assert_eq!(sum(&bytes.as_read_only())?, 8997);
/// # Ok::<(), AccessError>(())
/// ```
///
/// A slice does not outlive the bytes:
///
/// ```compile_fail,E0597
/// use rawshm::Slice;
///
/// let slice = {
///     let mut buffer = [0; 32];
///     Slice::from_mut(&mut buffer)
/// };
/// assert_eq!(slice.len(), 32);
/// ```
pub struct Slice<'a, R> {
    /// What it promises holds for `'a`, with the rights `R`.
    span: Span,
    borrowed: PhantomData<&'a R>,
}

impl<'a> Slice<'a, ReadWrite> {
    /// Uses a buffer of this process as shared bytes: for tests, and for code that can work on a
    /// mapping or on a buffer.
    #[must_use]
    pub const fn from_mut(buffer: &'a mut [u8]) -> Self {
        let len = buffer.len();
        // SAFETY: a slice's pointer is never null.
        let start = unsafe { NonNull::new_unchecked(buffer.as_mut_ptr()) };
        // SAFETY: the buffer is borrowed exclusively for `'a`, so only this slice accesses it.
        unsafe { Self::new(Span { start, len }) }
    }
}

impl<'a, R> Slice<'a, R> {
    /// # Safety
    /// As the field says.
    const unsafe fn new(span: Span) -> Self {
        Self {
            span,
            borrowed: PhantomData,
        }
    }

    /// Borrows the same bytes without the right to write.
    #[must_use]
    pub const fn as_read_only(self) -> Slice<'a, ReadOnly> {
        // SAFETY: the bytes of `self`, with fewer rights.
        unsafe { Slice::new(self.span) }
    }

    /// Borrows a part of these bytes for `'a`, as long as the bytes themselves are borrowed.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the part reaches beyond the end.
    pub fn slice(self, offset: usize, len: usize) -> Result<Self, AccessError> {
        let start = self.span.at(offset, len)?;
        // SAFETY: a part of the bytes of `self`.
        Ok(unsafe { Self::new(Span { start, len }) })
    }

    /// Returns a view of an integer for `'a`, as long as the bytes themselves are borrowed: see
    /// [`SharedBytes::atomic`].
    ///
    /// # Errors
    ///
    /// - [`AccessError::OutOfBounds`] – the integer reaches beyond the end.
    /// - [`AccessError::Misaligned`] – its address is not a multiple of its size.
    pub fn atomic<T: Integer>(self, offset: usize) -> Result<Atomic<'a, T, R>, AccessError> {
        let start = self.span.at(offset, size_of::<T>())?;
        if start.cast::<T::Cell>().is_aligned() {
            // SAFETY: aligned, and within the span, which is accessible and accessed atomically
            // only for `'a`.
            Ok(unsafe { Atomic::new(start.cast()) })
        } else {
            let align = align_of::<T::Cell>();
            Err(AccessError::Misaligned { offset, align })
        }
    }
}

impl<'a, R> From<&'a SharedBytes<R>> for Slice<'a, R> {
    fn from(bytes: &'a SharedBytes<R>) -> Self {
        // SAFETY: the bytes are what their span promises for as long as they are borrowed, `'a`.
        unsafe { Self::new(bytes.span) }
    }
}

impl<'a> From<Slice<'a, ReadWrite>> for Slice<'a, ReadOnly> {
    fn from(slice: Slice<'a, ReadWrite>) -> Self {
        slice.as_read_only()
    }
}

impl<R> Clone for Slice<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Slice<'_, R> {}

impl<R> Deref for Slice<'_, R> {
    type Target = SharedBytes<R>;

    #[inline]
    fn deref(&self) -> &SharedBytes<R> {
        let bytes: *const SharedBytes<R> = (&raw const self.span).cast();
        // SAFETY: `SharedBytes` is a transparent `Span`. What this one promises holds for `'a`,
        // which outlives the reference, and a `SharedBytes` cannot be copied out of a reference.
        unsafe { &*bytes }
    }
}

impl<R> fmt::Debug for Slice<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.span.fmt("Slice", f)
    }
}
