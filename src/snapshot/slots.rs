//! A snapshot's memory: the header and the slots of a mapping that has been checked.

use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, size_of};
use core::ptr::NonNull;
use core::sync::atomic::{Ordering, fence};

use rustix::fd::AsFd as _;

use super::error::Error;
use super::header::{Header, LAST, LEN, Shape, value_offset};
use super::layout::Layout;
use super::seqlock::{Source, Stamp, Target};
use super::word::StampWord;
use crate::bytes::copy;
use crate::error::{Operation, because};
use crate::{AccessError, Extent, Mapping, Object, ReadWrite, Rights, Status};

/// A mapping of a snapshot of values of type `T`.
pub(super) struct Slots<T, R: Rights> {
    /// Begins with a page, and has a header and the slots of the shape.
    mapping: Mapping<R>,
    shape: Shape,
    values: PhantomData<fn() -> T>,
}

impl<T: Layout, R: Rights> Slots<T, R> {
    /// Maps the whole of an object and checks its header.
    pub(super) fn map<Q: Rights>(object: &Object<Q>, status: Status) -> Result<Self, Error> {
        Self::new(map_whole(object, status)?)
    }

    /// Checks the header of a mapping, which begins at the start of an object. What a peer changes
    /// in the header later does not matter here.
    pub(super) fn new(mapping: Mapping<R>) -> Result<Self, Error> {
        let size = u64::try_from(mapping.len()).unwrap_or(u64::MAX);
        let shape = mapping.load::<Header>(0)?.check::<T>(size)?;
        // SAFETY: the mapping begins with a page, and the check has compared its length.
        Ok(unsafe { Self::of_shape(mapping, shape) })
    }

    /// # Safety
    /// The mapping begins at the start of an object, and is at least as long as the shape.
    pub(super) unsafe fn of_shape(mapping: Mapping<R>, shape: Shape) -> Self {
        Self {
            mapping,
            shape,
            values: PhantomData,
        }
    }

    /// The stamp in the header.
    #[inline]
    pub(super) fn last_word(&self) -> StampWord<'_, R> {
        // SAFETY: the mapping begins with a page and a header, see the field, in which the stamp
        // is at a multiple of 8.
        let start = unsafe { self.mapping.start().byte_add(LAST) };
        // SAFETY: within the mapping, which is accessed as `SharedBytes` are, and borrowed for as
        // long as the word exists.
        unsafe { StampWord::at(start) }
    }

    /// The slot of a number.
    #[inline]
    fn slot(&self, number: u64) -> NonNull<u8> {
        let offset = self.shape.slot::<T>(number);
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            reason = "less than the length of the mapping, which is a usize"
        )]
        let offset = offset as usize;
        // SAFETY: a slot that the mapping has, see the fields.
        unsafe { self.mapping.start().byte_add(offset) }
    }

    /// The value in the slot of a number.
    #[inline]
    fn value(&self, number: u64) -> NonNull<u8> {
        // SAFETY: a slot has its value there.
        unsafe { self.slot(number).byte_add(const { value_offset::<T>() }) }
    }

    /// The part of the values that begins at an offset.
    pub(super) fn part(&self, offset: usize, len: usize) -> Result<Part<'_, T, R>, AccessError> {
        AccessError::check(offset, len, size_of::<T>())?;
        Ok(Part {
            slots: self,
            offset,
        })
    }

    /// The stamp in the slot of a number.
    #[inline]
    fn stamp_word(&self, number: u64) -> StampWord<'_, R> {
        // SAFETY: a slot begins with its stamp, at a multiple of 64, within the mapping, which is
        // accessed as `SharedBytes` are, and borrowed for as long as the word exists.
        unsafe { StampWord::at(self.slot(number)) }
    }
}

/// Maps the whole of an object that has a header at least.
fn map_whole<R: Rights, Q: Rights>(
    object: &Object<R>,
    status: Status,
) -> Result<Mapping<Q>, Error> {
    let size = status.size();
    if size < LEN {
        return Err(Error::ObjectSize {
            found: size,
            expected: LEN,
        });
    }
    let part = Extent::Whole
        .within(size)
        .map_err(because(Operation::Map))?;
    Ok(Mapping::new(object.as_fd(), part, status.page_rest())?)
}

impl<T: Layout, R: Rights> Source for Slots<T, R> {
    type Value = MaybeUninit<T>;

    #[inline]
    fn last(&self) -> Option<Stamp> {
        self.last_word().load()
    }

    #[inline]
    fn stamp(&self, number: u64) -> Option<Stamp> {
        self.stamp_word(number).load()
    }

    #[inline]
    fn copy(&self, number: u64, into: &mut MaybeUninit<T>) {
        // SAFETY: the mapping has the value, which is accessed as `SharedBytes` are; `into` is
        // borrowed exclusively.
        unsafe { copy::load(self.value(number), into.as_mut_ptr(), size_of::<T>()) };
    }

    #[inline]
    fn acquire(&self) {
        fence(Ordering::Acquire);
    }
}

/// A part of the values of a snapshot.
pub(super) struct Part<'a, T, R: Rights> {
    slots: &'a Slots<T, R>,
    /// At most the size of a value.
    offset: usize,
}

impl<T: Layout, R: Rights> Source for Part<'_, T, R> {
    type Value = [u8];

    #[inline]
    fn last(&self) -> Option<Stamp> {
        self.slots.last()
    }

    #[inline]
    fn stamp(&self, number: u64) -> Option<Stamp> {
        self.slots.stamp(number)
    }

    #[inline]
    fn copy(&self, number: u64, into: &mut [u8]) {
        let rest = size_of::<T>().saturating_sub(self.offset);
        let len = rest.min(into.len());
        // SAFETY: the value has the offset, see the field.
        let part = unsafe { self.slots.value(number).byte_add(self.offset) };
        // SAFETY: the value has at least as many bytes after the offset, which are accessed as
        // `SharedBytes` are; `into` has as many and is borrowed exclusively.
        unsafe { copy::from_shared(part, into.as_mut_ptr(), len) };
    }

    #[inline]
    fn acquire(&self) {
        self.slots.acquire();
    }
}

#[cfg(target_has_atomic = "64")]
impl<T: Layout> Target for Slots<T, ReadWrite> {
    type Value = T;

    #[inline]
    fn set_stamp(&self, stamp: Stamp) {
        self.stamp_word(stamp.number())
            .store(stamp, Ordering::Relaxed);
    }

    #[inline]
    fn copy(&self, number: u64, value: &T) {
        // SAFETY: the mapping has the value, which is accessed as `SharedBytes` are; the one to
        // copy has no padding, as it is `Pod`.
        unsafe { copy::store(value, self.value(number), size_of::<T>()) };
    }

    #[inline]
    fn publish(&self, stamp: Stamp) {
        self.last_word().store(stamp, Ordering::Release);
    }

    #[inline]
    fn release(&self) {
        fence(Ordering::Release);
    }
}

impl<T, R: Rights> fmt::Debug for Slots<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mapping.fmt(f)
    }
}
