//! Copies on the same memory with rawshm, memcpy and relaxed words.

use std::cell::Cell;
use std::error::Error;
use std::hint::black_box;
use std::ptr::{NonNull, copy_nonoverlapping};
use std::slice::{from_raw_parts, from_raw_parts_mut};

use rawshm::{Mapping, Name, ReadWrite, Size};

use crate::sampling::{Case, Outcome};

/// Relaxed words: the crate's copies for processors that it has no assembly for.
#[path = "../../src/bytes/copy/portable.rs"]
#[allow(
    dead_code,
    unfulfilled_lint_expectations,
    reason = "the crate's own file, which uses all of it and has other lints"
)]
mod words;

/// Where copies are made.
#[derive(Clone, Copy)]
pub struct Place {
    /// Every copy uses memory that has not been touched for a long time.
    pub far: bool,
    /// How far source and target are from the start of a page, or out of the caches of a line.
    shift: (usize, usize),
}

impl Place {
    pub const fn new(far: bool, shift: (usize, usize)) -> Self {
        Self { far, shift }
    }
}

/// Two objects, and private memory of the same size. All of it has been touched, so that no copy
/// causes a page fault.
pub struct Memory {
    shared: Mapping<ReadWrite>,
    other: Mapping<ReadWrite>,
    private: *mut u8,
    len: usize,
    /// The offset of the next copy in the region.
    next: Cell<usize>,
}

/// Added to the sizes of the mappings.
const ODD: usize = 1 << 20;

/// The distance between two copies, so that none finds lines that were prefetched for the last one.
const GAP: usize = 192;
const LINE: usize = 64;

impl Memory {
    pub fn new(one: &Name, other: &Name, len: usize) -> Outcome<Self> {
        // Not a power of two apart: addresses at such distances compete for the same cache sets.
        let size = |more: usize| Ok::<_, Box<dyn Error>>(Size::Reserved((len + more).try_into()?));
        let shared = Mapping::create(one, size(ODD)?)?;
        let other = Mapping::create(other, size(3 * ODD)?)?;
        shared.fill(0, len, 1_u8)?;
        other.fill(0, len, 1_u8)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: the kernel chooses an unused address.
        let private = unsafe { libc::mmap(std::ptr::null_mut(), len, access, flags, -1, 0) };
        if private == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error().into());
        }
        let private: *mut u8 = private.cast();
        // SAFETY: `len` bytes were just mapped.
        unsafe { private.write_bytes(1, len) };
        Ok(Self {
            shared,
            other,
            private,
            len,
            next: Cell::new(0),
        })
    }

    /// Three for each direction: memcpy, rawshm and words. The last case repeats the first.
    pub fn cases(&self, place: Place, size: usize) -> Vec<Case<'_>> {
        let shared = self.shared.as_mut_ptr();
        let other = self.other.as_mut_ptr();
        let private = self.private;
        let memcpy = |from: *mut u8, to: *mut u8| {
            self.case(place, size, move |source, target, size| {
                // SAFETY: both ranges are within the memory, and nothing else uses them.
                unsafe { copy_nonoverlapping(from.add(source), to.add(target), size) };
                Ok(())
            })
        };
        vec![
            memcpy(shared, private),
            self.case(place, size, move |source, target, size| {
                // SAFETY: the range is within the memory, and nothing else uses it.
                let into = unsafe { from_raw_parts_mut(private.add(target), size) };
                Ok(self.shared.copy_to(source, into)?)
            }),
            self.case(place, size, move |source, target, size| {
                let from = address(&self.shared, source, size)?;
                // SAFETY: both ranges are within the memory, and nothing else uses them.
                unsafe { words::from_shared::<u64>(from, private.add(target).cast(), size) };
                Ok(())
            }),
            memcpy(private, shared),
            self.case(place, size, move |source, target, size| {
                // SAFETY: the range is within the memory, and nothing else uses it.
                let from = unsafe { from_raw_parts(private.add(source), size) };
                Ok(self.shared.copy_from(target, from)?)
            }),
            self.case(place, size, move |source, target, size| {
                let to = address(&self.shared, target, size)?;
                // SAFETY: both ranges are within the memory, and nothing else uses them.
                unsafe { words::to_shared::<u64>(private.add(source).cast(), to, size) };
                Ok(())
            }),
            memcpy(shared, other),
            self.case(place, size, move |source, target, size| {
                let from = self.shared.slice(source, size)?;
                Ok(self.other.copy_from_shared(target, &from)?)
            }),
            self.case(place, size, move |source, target, size| {
                let from = address(&self.shared, source, size)?;
                let to = address(&self.other, target, size)?;
                // SAFETY: both ranges are within the memory, and nothing else uses them.
                unsafe { words::within_shared(from, to, size) };
                Ok(())
            }),
            memcpy(shared, private),
        ]
    }

    /// The same for three integers, a size that the compiler knows.
    pub fn values(&self) -> Vec<Case<'_>> {
        const SIZE: usize = size_of::<[i64; 3]>();
        let shared = self.shared.as_mut_ptr();
        let other = self.other.as_mut_ptr();
        let private = self.private;
        let memcpy = |from: *mut u8, to: *mut u8| {
            Case::new(move || {
                // SAFETY: both hold more than three integers.
                unsafe { copy_nonoverlapping(black_box(from), black_box(to), SIZE) };
                Ok(())
            })
        };
        vec![
            memcpy(shared, private),
            Case::new(move || {
                let columns: [i64; 3] = black_box(&self.shared).load(black_box(0))?;
                // SAFETY: the memory holds more than three integers.
                unsafe {
                    black_box(private)
                        .cast::<[i64; 3]>()
                        .write_unaligned(columns);
                };
                Ok(())
            }),
            Case::new(move || {
                let from = address(&self.shared, black_box(0), SIZE)?;
                // SAFETY: both hold more than three integers.
                unsafe { words::from_shared::<u64>(from, black_box(private).cast(), SIZE) };
                Ok(())
            }),
            memcpy(private, shared),
            Case::new(move || {
                // SAFETY: the memory holds more than three integers.
                let columns: [i64; 3] =
                    unsafe { black_box(private).cast::<[i64; 3]>().read_unaligned() };
                Ok(black_box(&self.shared).store(black_box(0), &columns)?)
            }),
            Case::new(move || {
                let to = address(&self.shared, black_box(0), SIZE)?;
                // SAFETY: both hold more than three integers.
                unsafe { words::to_shared::<u64>(black_box(private).cast(), to, SIZE) };
                Ok(())
            }),
            memcpy(shared, other),
            Case::new(move || {
                let columns: [i64; 3] = black_box(&self.shared).load(black_box(0))?;
                Ok(black_box(&self.other).store(black_box(0), &columns)?)
            }),
            Case::new(move || {
                let from = address(&self.shared, black_box(0), SIZE)?;
                let to = address(&self.other, black_box(0), SIZE)?;
                // SAFETY: both hold more than three integers.
                unsafe { words::within_shared(from, to, SIZE) };
                Ok(())
            }),
            memcpy(shared, private),
        ]
    }

    /// A case whose offsets and size the compiler cannot know.
    fn case<'a>(
        &'a self,
        place: Place,
        size: usize,
        copy: impl Fn(usize, usize, usize) -> Outcome + 'a,
    ) -> Case<'a> {
        let (source, target) = place.shift;
        let step = size.next_multiple_of(LINE) + GAP;
        Case::new(move || {
            let at = if place.far { self.advance(step) } else { 0 };
            copy(
                black_box(at + source),
                black_box(at + target),
                black_box(size),
            )
        })
    }

    /// Moves on to memory that was last touched a whole region ago.
    fn advance(&self, step: usize) -> usize {
        let at = self.next.get();
        let at = if at + step > self.len { 0 } else { at };
        self.next.set(at + step);
        at
    }
}

/// The address of `len` bytes, with the checks of all accesses in rawshm.
fn address(shared: &Mapping<ReadWrite>, offset: usize, len: usize) -> Outcome<NonNull<u8>> {
    let bytes = black_box(shared).slice(offset, len)?;
    Ok(NonNull::new(bytes.as_mut_ptr()).ok_or("no memory")?)
}
