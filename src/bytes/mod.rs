//! Shared bytes, and typed access to them.

use core::cmp::Ordering;
use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, align_of, size_of, size_of_val};
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
/// There is no way to a reference or a slice of them: whatever Rust assumes of those, a peer could break. Values are
/// copied in and out, every offset and length is checked, and what was copied out changes no more. Hence all of this
/// is safe to call.
///
/// An integer of 1, 2, 4 or (on 64-bit targets) 8 bytes that is aligned to its size, and loaded or stored alone, is copied
/// whole. Anything else is copied byte by byte, as if each were a relaxed atomic access, and in any order: it may be
/// part of one value and part of another while a peer is writing. No copy orders others: use an [`Atomic`] for that, to
/// publish what was copied in by a `Release` store, and to look for it by an `Acquire` load. None makes a system call.
///
/// Long copies are as fast as `memcpy`. From 16 MiB on they go past the caches (`x86_64`).
///
/// One limit is the language's: Rust's memory model, like C++'s, does not say what happens when two threads of a
/// process access, at the same time and with at least one writing, bytes that overlap in part, be it atomically.
/// Processors do, and so do the compilers: each byte is one that was stored. Nothing else is relied on here; who wants
/// to be within the letter of the model has threads agree on where values begin and how large they are, as they do
/// anyway.
///
/// It is `Send` and `Sync`, as are a [`Mapping`](crate::Mapping) and a [`Slice`], which dereference to it: threads are
/// peers like any other.
///
/// # Errors
///
/// Every function that takes an offset gives an [`AccessError`] if it lies outside, with the numbers in it, and has
/// not accessed anything then.
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
pub struct SharedBytes<R> {
    /// `len` bytes from here on, no more than an `isize` can tell, can be accessed with the rights `R`, and nobody accesses
    /// them but atomically, for as long as this value exists.
    start: NonNull<u8>,
    len: usize,
    rights: PhantomData<R>,
}

// SAFETY: a `SharedBytes` is not bound to a thread: its memory belongs to the process, and all access is atomic.
unsafe impl<R> Send for SharedBytes<R> {}

// SAFETY: all access through a shared `SharedBytes` is atomic.
unsafe impl<R> Sync for SharedBytes<R> {}

impl<R: Rights> SharedBytes<R> {
    /// # Safety
    /// `len` bytes from `start` on can be accessed with the rights `R`, and nobody accesses them but atomically, for as
    /// long as the value exists.
    pub(crate) const unsafe fn new(start: NonNull<u8>, len: usize) -> Self {
        Self {
            start,
            len,
            rights: PhantomData,
        }
    }

    /// Gives the number of bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Says whether there are no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Gives the address of the first byte, for code that accesses shared bytes by other means, such as a foreign
    /// function. Every access through it must be atomic and within [`SharedBytes::len`].
    #[must_use]
    pub const fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr().cast_const()
    }

    /// Copies a value out.
    ///
    /// The value need not be aligned. It is any type for which every bit pattern is valid, so that a peer cannot
    /// make one that is not.
    ///
    /// # Errors
    ///
    /// If the value reaches beyond the end.
    #[inline]
    pub fn load<T: AnyBitPattern>(&self, offset: usize) -> Result<T, AccessError> {
        let from = self.at(offset, size_of::<T>())?;
        let mut value = MaybeUninit::<T>::uninit();
        // SAFETY: `at` has checked that the bytes are within; `value` has as many, and is this function's own.
        unsafe { copy::load(from, value.as_mut_ptr().cast(), size_of::<T>()) };
        // SAFETY: every byte has been written, and any bit pattern is a `T`.
        Ok(unsafe { value.assume_init() })
    }

    /// Copies values out, as many as `into` has.
    ///
    /// They need not be aligned. A number literal that nothing gives a type is an `i32`, as everywhere in Rust: for bytes,
    /// write `[0_u8; 16]`.
    ///
    /// # Errors
    ///
    /// If they reach beyond the end.
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
        let from = self.at(offset, len)?;
        // SAFETY: `at` has checked that the bytes are within; `into` is a slice of as many, borrowed exclusively, of a
        // type for which every bit pattern is valid, and no slice of shared bytes exists.
        unsafe { copy::from_shared(from, into.as_mut_ptr().cast(), len) };
        Ok(())
    }

    /// Compares the bytes here with those of values, as C's `memcmp` does: by the first byte that differs.
    ///
    /// It says what was so, at some moment for each byte: while a peer writes, there need not have been a moment for all
    /// of them.
    ///
    /// # Errors
    ///
    /// If there are fewer bytes here than the values have.
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
        let from = self.at(offset, size_of_val(with))?;
        // SAFETY: `at` has checked that there are as many bytes as `with` has.
        Ok(unsafe { fill_compare::compare(from, bytemuck::cast_slice(with)) })
    }

    /// Gives a part of these bytes.
    ///
    /// # Errors
    ///
    /// If it reaches beyond the end.
    pub fn slice(&self, offset: usize, len: usize) -> Result<Slice<'_, R>, AccessError> {
        let start = self.at(offset, len)?;
        // SAFETY: a part of the bytes of `self`, which the slice borrows.
        let bytes = unsafe { SharedBytes::new(start, len) };
        Ok(Slice::new(bytes))
    }

    /// Gives a view of an integer, `u32` or `u64`, that is accessed with an ordering.
    ///
    /// # Errors
    ///
    /// If it reaches beyond the end, or its address is not a multiple of its size. In a mapping that begins at a
    /// multiple of the page size, offset and address have the same alignment.
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
        let start = self.at(offset, size_of::<T>())?;
        if start.cast::<T::Cell>().is_aligned() {
            // SAFETY: within the bytes of `self`, which the view borrows, and aligned.
            Ok(unsafe { Atomic::new(start.cast()) })
        } else {
            let align = align_of::<T::Cell>();
            Err(AccessError::Misaligned { offset, align })
        }
    }

    pub(crate) const fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The address of an offset from which `len` bytes are within.
    fn at(&self, offset: usize, len: usize) -> Result<NonNull<u8>, AccessError> {
        match self.len.checked_sub(offset) {
            // SAFETY: the offset is at most `self.len`, so it stays within or right behind the bytes.
            Some(rest) if len <= rest => Ok(unsafe { self.start.add(offset) }),
            _ => Err(AccessError::OutOfBounds {
                offset,
                len,
                available: self.len,
            }),
        }
    }
}

impl SharedBytes<ReadWrite> {
    /// Gives the address of the first byte, to write by other means: see [`SharedBytes::as_ptr`].
    #[must_use]
    pub const fn as_mut_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// Copies a value in.
    ///
    /// The address need not be aligned. The type has no padding, whose bytes would be undefined for a reader.
    ///
    /// # Errors
    ///
    /// If the value reaches beyond the end.
    #[inline]
    pub fn store<T: NoUninit>(&self, offset: usize, value: &T) -> Result<(), AccessError> {
        let to = self.at(offset, size_of::<T>())?;
        let from: *const T = value;
        // SAFETY: `at` has checked that the bytes are within; `value` has as many, all of them initialised, and no
        // reference to shared bytes exists.
        unsafe { copy::store(from.cast(), to, size_of::<T>()) };
        Ok(())
    }

    /// Copies values in.
    ///
    /// The address need not be aligned. The type has no padding, whose bytes would be undefined for a reader.
    ///
    /// # Errors
    ///
    /// If they reach beyond the end.
    #[inline]
    pub fn copy_from<T: NoUninit>(&self, offset: usize, from: &[T]) -> Result<(), AccessError> {
        let len = size_of_val(from);
        let to = self.at(offset, len)?;
        // SAFETY: `at` has checked that the bytes are within; `from` is a slice of as many, all of them initialised, and
        // no slice of shared bytes exists.
        unsafe { copy::to_shared(from.as_ptr().cast(), to, len) };
        Ok(())
    }

    /// Copies all of other shared bytes in: of another mapping, of this one, or a [`slice`](SharedBytes::slice) of either.
    ///
    /// If the two overlap, the result is the same as with a buffer in between, as of C's `memmove`. It is not if they are
    /// the same memory at different addresses, as two mappings of one object are: then each byte becomes one that was
    /// somewhere in the source, or would have become so by the copy.
    ///
    /// # Errors
    ///
    /// If there are more than there is room for.
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
        let to = self.at(offset, from.len)?;
        // SAFETY: `at` has checked that the bytes are within; `from` has as many, and no slice of either exists.
        unsafe { copy::within_shared(from.start, to, from.len) };
        Ok(())
    }

    /// Stores a value `count` times, one behind the other.
    ///
    /// # Errors
    ///
    /// If they reach beyond the end. The error's length is [`usize::MAX`] if they are more bytes than that.
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
        let to = self.at(offset, len)?;
        // SAFETY: `at` has checked that there are as many bytes. They are at most `isize::MAX`, so nothing was cut off.
        unsafe { fill_compare::fill(to, len, bytemuck::bytes_of(&value)) };
        Ok(())
    }

    /// The same bytes, with fewer rights, for who consumes `self`.
    pub(crate) const fn read_only(&self) -> SharedBytes<ReadOnly> {
        SharedBytes {
            start: self.start,
            len: self.len,
            rights: PhantomData,
        }
    }
}

impl<R> fmt::Debug for SharedBytes<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBytes")
            .field("start", &self.start)
            .field("len", &self.len)
            .finish()
    }
}
