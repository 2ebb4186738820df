//! Shared bytes, and typed access to them.

use core::cmp::Ordering;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, size_of, size_of_val};
use core::ptr::NonNull;

use bytemuck::{AnyBitPattern, NoUninit};

mod atomic;
pub(crate) mod copy;
mod error;
mod fill_compare;
mod rights;
mod slice;

pub use self::atomic::{Atomic, Integer, LoadReadOnly};
pub use self::error::AccessError;
pub(crate) use self::rights::may_write;
pub use self::rights::{ReadOnly, ReadWrite, Rights};
pub use self::slice::Slice;

/// Bytes that other threads and processes may read and write at any time.
///
/// There is no reference or slice of them, because a peer could break whatever Rust assumes of one.
/// Values are copied in and out, and every offset and length is checked. A value that has been
/// copied out no longer changes. That is why all of this is safe to call.
///
/// An integer of 1, 2, 4 or (on 64-bit targets) 8 bytes that is aligned to its size, and is loaded
/// or stored alone, is copied whole. Everything else is copied byte by byte, in any order, as if by
/// relaxed atomic accesses: while a peer writes, a copy may be part of one value and part of
/// another. No copy orders other accesses. To publish what was copied in, follow the copy with a
/// `Release` store to an [`Atomic`]; to read it, first look for that store with an `Acquire` load.
/// No copy makes a system call.
///
/// Copies take about as long as `memcpy`: [the measurements] say how much
/// less or more at each size. From 16 MiB they bypass the caches (`x86_64`), which takes less time
/// for what is not in them, and up to twice as much for what is. Sanitizers do not see what
/// assembly stores.
///
/// [the measurements]: https://docs.rs/crate/rawshm/latest/source/docs/measured.md
///
/// It is `Send` and `Sync`: other threads are peers like other processes. A
/// [`Mapping`](crate::Mapping) and a [`Slice`] dereference to it. It is neither `Copy` nor `Clone`,
/// because a copy could outlive them; a `Slice` is `Copy`, and keeps its lifetime:
///
/// ```compile_fail,E0507
/// let mut buffer = [0; 32];
/// let slice = rawshm::Slice::from_mut(&mut buffer);
/// let bytes = *slice;
/// ```
///
/// ```compile_fail,E0599
/// let mut buffer = [0; 32];
/// let slice = rawshm::Slice::from_mut(&mut buffer);
/// let bytes = (*slice).clone();
/// ```
///
/// # Limitation
///
/// Rust's memory model, like C++'s, does not define what happens when two threads of a process
/// access bytes that overlap in part, at the same time and at least one of them writing, even if
/// both accesses are atomic. Processors and compilers do: each byte is one that was stored. Nothing
/// else is relied on here. To stay within the letter of the model, let all threads agree on where
/// values begin and how large they are.
///
/// # Errors
///
/// Every function that takes an offset returns an [`AccessError`], with the numbers in it, if the
/// bytes it names are not all there. In that case it has accessed none of them.
///
/// # Examples
///
/// ```
/// use rawshm::Slice;
///
/// let mut buffer = [0; 32];
/// let bytes = Slice::from_mut(&mut buffer);
/// bytes.store(8, &[100_i64, 876, 8021])?;
/// assert_eq!(bytes.load::<i64>(16)?, 876);
///
/// let error = bytes.load::<i64>(25).unwrap_err();
/// assert_eq!(error.to_string(), "8 bytes at offset 25 are not within the 32 bytes there are");
/// # Ok::<(), rawshm::AccessError>(())
/// ```
#[repr(transparent)]
pub struct SharedBytes<R> {
    /// What it promises holds for as long as this value exists, with the rights `R`.
    span: Span,
    rights: PhantomData<R>,
}

/// Where shared bytes are: what "accessed atomically only" means in this storey. For as long as the
/// type that has this field says, and with its rights:
///
/// - `len` bytes from `start`, at most `isize::MAX`, can be accessed.
/// - This process accesses them atomically only: single bytes, or integers of 2, 4 or 8 bytes that
///   are aligned to their size.
#[derive(Clone, Copy)]
struct Span {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the memory belongs to the process, not to a thread, and every access is atomic.
unsafe impl Send for Span {}

// SAFETY: every access is atomic.
unsafe impl Sync for Span {}

impl Span {
    /// The address of an offset, if `len` bytes from there are within the span.
    #[inline]
    fn at(self, offset: usize, len: usize) -> Result<NonNull<u8>, AccessError> {
        AccessError::check(offset, len, self.len)?;
        // SAFETY: the offset is at most `self.len`, so the address is within or just past the
        // bytes.
        Ok(unsafe { self.start.add(offset) })
    }

    fn fmt(self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("start", &self.start)
            .field("len", &self.len)
            .finish()
    }
}

impl<R: Rights> SharedBytes<R> {
    /// # Safety
    /// For as long as the value exists, and with the rights `R`, the span is what [`Span`] says.
    pub(crate) const unsafe fn new(start: NonNull<u8>, len: usize) -> Self {
        Self {
            span: Span { start, len },
            rights: PhantomData,
        }
    }

    /// Returns the number of bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.span.len
    }

    /// Returns whether there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.span.len == 0
    }

    /// Returns the address of the first byte, for code that accesses shared bytes by other means,
    /// such as a foreign function.
    ///
    /// Every access through it must be atomic and within [`SharedBytes::len`].
    #[must_use]
    pub const fn as_ptr(&self) -> *const u8 {
        self.span.start.as_ptr().cast_const()
    }

    /// Copies a value out.
    ///
    /// The value need not be aligned. Its type is one for which every bit pattern is valid, so a
    /// peer cannot make an invalid one. A struct of your own [derives](crate#features) `Pod` and
    /// `Zeroable`.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the value reaches beyond the end.
    #[inline]
    pub fn load<T: AnyBitPattern>(&self, offset: usize) -> Result<T, AccessError> {
        let from = self.span.at(offset, size_of::<T>())?;
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: the bytes are within, as `at` has checked. `value` has as many, and is a local.
        unsafe { copy::load(from, value.as_mut_ptr(), size_of::<T>()) };
        // SAFETY: every byte has been written, and every bit pattern is a `T`.
        Ok(unsafe { value.assume_init() })
    }

    /// Copies values out, as many as `into` has.
    ///
    /// They need not be aligned. A number literal without a type is an `i32`, as everywhere in
    /// Rust: for bytes, write `[0_u8; 16]`.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the values reach beyond the end.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut buffer = [7; 32];
    /// let bytes = rawshm::Slice::from_mut(&mut buffer);
    /// let mut columns = [0_i64; 3];
    /// bytes.copy_to(8, &mut columns)?;
    /// assert_eq!(columns, [0x0707_0707_0707_0707; 3]);
    /// # Ok::<(), rawshm::AccessError>(())
    /// ```
    #[inline]
    pub fn copy_to<T: AnyBitPattern>(
        &self,
        offset: usize,
        into: &mut [T],
    ) -> Result<(), AccessError> {
        let len = size_of_val(into);
        let from = self.span.at(offset, len)?;
        // SAFETY: the bytes are within, as `at` has checked. `into` has as many, is borrowed
        // exclusively, and is of a type for which every bit pattern is valid.
        unsafe { copy::from_shared(from, into.as_mut_ptr(), len) };
        Ok(())
    }

    /// Compares the bytes here with those of values, like C's `memcmp`: by the first byte that
    /// differs.
    ///
    /// Each byte is compared at some moment. While a peer writes, there need not be one moment at
    /// which the result was true of all of them.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the bytes to compare reach beyond the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::cmp::Ordering;
    ///
    /// let mut buffer = *b"rawshm 2";
    /// let bytes = rawshm::Slice::from_mut(&mut buffer);
    /// assert_eq!(bytes.compare(0, b"rawshm")?, Ordering::Equal);
    /// assert_eq!(bytes.compare(7, b"3")?, Ordering::Less);
    /// # Ok::<(), rawshm::AccessError>(())
    /// ```
    #[doc(alias = "memcmp")]
    pub fn compare<T: NoUninit>(&self, offset: usize, with: &[T]) -> Result<Ordering, AccessError> {
        let from = self.span.at(offset, size_of_val(with))?;
        // SAFETY: there are as many bytes as `with` has, as `at` has checked.
        Ok(unsafe { fill_compare::compare(from, with) })
    }

    /// Borrows a part of these bytes.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the part reaches beyond the end.
    pub fn slice(&self, offset: usize, len: usize) -> Result<Slice<'_, R>, AccessError> {
        Slice::from(self).slice(offset, len)
    }

    /// Borrows these bytes without the right to write, for code that only reads.
    #[must_use]
    pub fn as_read_only(&self) -> Slice<'_, ReadOnly> {
        Slice::from(self).as_read_only()
    }

    /// Returns a view of an integer, `u32` or `u64`, that is accessed with an ordering.
    ///
    /// # Errors
    ///
    /// - [`AccessError::OutOfBounds`] – the integer reaches beyond the end.
    /// - [`AccessError::Misaligned`] – its address is not a multiple of its size. In a mapping that
    ///   begins at a multiple of the page size, offset and address have the same alignment.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::sync::atomic::Ordering;
    /// use rawshm::{Mapping, Name, Size};
    ///
    /// let name = Name::new(&format!("/rawshm-doc-atomic-{}", std::process::id()))?;
    /// let mapping = Mapping::create(&name, Size::Sparse(4096))?;
    /// rawshm::unlink(&name)?;
    ///
    /// let ready = mapping.atomic::<u32>(0)?;
    /// mapping.store(8, &8021_i64)?;
    /// ready.store(1, Ordering::Release);
    /// assert_eq!(ready.fetch_add(1, Ordering::AcqRel), 1);
    /// # Ok::<(), rawshm::Error>(())
    /// ```
    pub fn atomic<T: Integer>(&self, offset: usize) -> Result<Atomic<'_, T, R>, AccessError> {
        Slice::from(self).atomic(offset)
    }

    pub(crate) const fn start(&self) -> NonNull<u8> {
        self.span.start
    }
}

impl SharedBytes<ReadWrite> {
    /// Returns the address of the first byte, to write by other means.
    ///
    /// Every access through it must be atomic and within [`SharedBytes::len`].
    #[must_use]
    pub const fn as_mut_ptr(&self) -> *mut u8 {
        self.span.start.as_ptr()
    }

    /// Copies a value in.
    ///
    /// The address need not be aligned. The type has no padding, whose bytes a reader would see
    /// uninitialised. A struct of your own [derives](crate#features) `Pod` and `Zeroable`.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the value reaches beyond the end.
    #[inline]
    pub fn store<T: NoUninit>(&self, offset: usize, value: &T) -> Result<(), AccessError> {
        let to = self.span.at(offset, size_of::<T>())?;
        // SAFETY: the bytes are within, as `at` has checked. `value` has as many, all initialised.
        unsafe { copy::store(value, to, size_of::<T>()) };
        Ok(())
    }

    /// Copies values in.
    ///
    /// The address need not be aligned. The type has no padding, whose bytes a reader would see
    /// uninitialised.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the values reach beyond the end.
    #[inline]
    pub fn copy_from<T: NoUninit>(&self, offset: usize, from: &[T]) -> Result<(), AccessError> {
        let len = size_of_val(from);
        let to = self.span.at(offset, len)?;
        // SAFETY: the bytes are within, as `at` has checked. `from` has as many, all initialised.
        unsafe { copy::to_shared(from.as_ptr(), to, len) };
        Ok(())
    }

    /// Copies all of other shared bytes in: those of another mapping, of this one, or of a
    /// [`slice`](SharedBytes::slice) of either.
    ///
    /// If the two overlap, the result is the same as with a buffer in between, like that of C's
    /// `memmove`. This does not hold if they are the same memory at different addresses, as in two
    /// mappings of one object: then each byte becomes one that was in the source, or that the copy
    /// has put there.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the bytes reach beyond the end.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut buffer = *b"abcdef";
    /// let bytes = rawshm::Slice::from_mut(&mut buffer);
    /// let first = bytes.slice(0, 4)?;
    /// bytes.copy_from_shared(2, &first)?;
    /// assert_eq!(&buffer, b"ababcd");
    /// # Ok::<(), rawshm::AccessError>(())
    /// ```
    #[doc(alias = "memmove")]
    #[inline]
    pub fn copy_from_shared<Q: Rights>(
        &self,
        offset: usize,
        from: &SharedBytes<Q>,
    ) -> Result<(), AccessError> {
        let Span { start, len } = from.span;
        let to = self.span.at(offset, len)?;
        // SAFETY: the bytes are within, as `at` has checked. `from` has as many.
        unsafe { copy::within_shared(start, to, len) };
        Ok(())
    }

    /// Stores a value `count` times in a row.
    ///
    /// # Errors
    ///
    /// [`AccessError::OutOfBounds`] – the values reach beyond the end. The error's length is
    /// [`usize::MAX`] if they are more bytes than that.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut buffer = [0; 8];
    /// let bytes = rawshm::Slice::from_mut(&mut buffer);
    /// bytes.fill(1, 3, 0x0101_u16)?;
    /// assert_eq!(buffer, [0, 1, 1, 1, 1, 1, 1, 0]);
    /// # Ok::<(), rawshm::AccessError>(())
    /// ```
    #[doc(alias = "memset")]
    pub fn fill<T: NoUninit>(
        &self,
        offset: usize,
        count: usize,
        value: T,
    ) -> Result<(), AccessError> {
        let len = count.saturating_mul(size_of::<T>());
        let to = self.span.at(offset, len)?;
        // SAFETY: there are as many bytes, as `at` has checked: at most `isize::MAX`, so the
        // multiplication has not saturated.
        unsafe { fill_compare::fill(to, len, &value) };
        Ok(())
    }
}

impl<R> fmt::Debug for SharedBytes<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.span.fmt("SharedBytes", f)
    }
}
