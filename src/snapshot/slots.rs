//! A snapshot's memory: the header and the slots of a mapping that has been checked.

use core::fmt;
use core::marker::PhantomData;
use core::mem::{MaybeUninit, size_of};
use core::ptr::NonNull;
use core::sync::atomic::{Ordering, fence};

use rustix::fd::AsFd as _;

use super::error::Error;
use super::header::{Header, LEN, Shape, Words};
use super::layout::Layout;
use super::seqlock::{Source, Target};
use crate::bytes::copy;
use crate::error::{Operation, because};
use crate::{Extent, Mapping, Object, ReadWrite, Rights, Status};

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

    /// The number of slots less one.
    #[inline]
    pub(super) fn mask(&self) -> u64 {
        self.shape.mask
    }

    #[inline]
    pub(super) fn words(&self) -> Words<'_, R> {
        // SAFETY: the mapping begins with a page and has a header, see the field. It is accessed as
        // `SharedBytes` are, and borrowed for as long as the words exist.
        unsafe { Words::at(self.mapping.start()) }
    }

    #[inline]
    fn slot(&self, slot: u64) -> NonNull<u8> {
        let offset = self.shape.slot::<T>(slot);
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            reason = "less than the length of the mapping, which is a usize"
        )]
        let offset = offset as usize;
        // SAFETY: a slot that the mapping has, see the fields.
        unsafe { self.mapping.start().byte_add(offset) }
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
    fn sequence(&self) -> Option<u64> {
        self.words().sequence()
    }

    #[inline]
    fn copy(&self, slot: u64, into: &mut MaybeUninit<T>) {
        // SAFETY: the mapping has the slot, which is no smaller than a value, and is accessed as
        // `SharedBytes` are; `into` is borrowed exclusively.
        unsafe { copy::load(self.slot(slot), into.as_mut_ptr(), size_of::<T>()) };
    }

    #[inline]
    fn acquire(&self) {
        fence(Ordering::Acquire);
    }
}

impl<T: Layout> Target for Slots<T, ReadWrite> {
    type Value = T;

    #[inline]
    fn copy(&self, slot: u64, value: &T) {
        // SAFETY: the mapping has the slot, which is no smaller than the value, and is accessed as
        // `SharedBytes` are; the value has no padding, as it is `Pod`.
        unsafe { copy::store(value, self.slot(slot), size_of::<T>()) };
    }

    #[inline]
    fn publish(&self, sequence: u64) {
        self.words().publish(sequence);
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
