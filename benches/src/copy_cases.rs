//! Copies on the same memory by rawshm, by memcpy and by relaxed words.

use std::cell::Cell;
use std::error::Error;
use std::hint::black_box;
use std::ptr::{NonNull, copy_nonoverlapping};
use std::slice::{from_raw_parts, from_raw_parts_mut};

use rawshm::{Mapping, Name, ReadWrite, Size};

use crate::sampling::{Case, Outcome};

/// Relaxed words: what the crate does where it has no assembly for the processor.
#[path = "../../src/bytes/copy/portable.rs"]
#[allow(
    dead_code,
    unfulfilled_lint_expectations,
    reason = "the crate's, which uses all of it and has lints of its own"
)]
mod words;

/// Where copies are made.
#[derive(Clone, Copy)]
pub struct Place {
    /// Every copy is of memory that has long not been touched.
    far: bool,
    /// How far source and target are from the start of a cache line.
    shift: (usize, usize),
}

impl Place {
    pub const fn new(far: bool, unaligned: bool) -> Self {
        let shift = if unaligned { (1, 3) } else { (0, 0) };
        Self { far, shift }
    }
}

/// Two objects, and as much private memory. All of it has been touched, so that no copy meets a page fault.
pub struct Memory {
    shared: Mapping<ReadWrite>,
    other: Mapping<ReadWrite>,
    private: *mut u8,
    len: usize,
    /// How far the copies in the region have come.
    next: Cell<usize>,
}

/// Added to the sizes of what is mapped.
const ODD: usize = 1 << 20;

/// Between two copies, so that none finds lines that were fetched ahead for the last one.
const GAP: usize = 192;
const LINE: usize = 64;

impl Memory {
    pub fn new(one: &Name, other: &Name, len: usize) -> Outcome<Self> {
        // Not a power of two apart: at such distances addresses compete for places in the cache.
        let size = |more: usize| Ok::<_, Box<dyn Error>>(Size::Reserved((len + more).try_into()?));
        let shared = Mapping::create(one, size(ODD)?)?;
        let other = Mapping::create(other, size(3 * ODD)?)?;
        shared.fill(0, len, 1_u8)?;
        other.fill(0, len, 1_u8)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: it takes memory that nobody uses.
        let private = unsafe { libc::mmap(std::ptr::null_mut(), len, access, flags, -1, 0) };
        if private == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error().into());
        }
        let private: *mut u8 = private.cast();
        // SAFETY: so many bytes were just mapped.
        unsafe { private.write_bytes(1, len) };
        Ok(Self {
            shared,
            other,
            private,
            len,
            next: Cell::new(0),
        })
    }

    /// Three for each direction: memcpy, rawshm and words; the last is the first once more.
    pub fn cases(&self, place: Place, size: usize) -> Vec<Case<'_>> {
        let shared = self.shared.as_mut_ptr();
        let other = self.other.as_mut_ptr();
        let private = self.private;
        let memcpy = |name, from: *mut u8, to: *mut u8| {
            self.case(name, place, size, move |source, target, size| {
                // SAFETY: both have room for it, and nothing else uses them meanwhile.
                unsafe { copy_nonoverlapping(from.add(source), to.add(target), size) };
                Ok(())
            })
        };
        vec![
            memcpy("memcpy out", shared, private),
            self.case("out", place, size, move |source, target, size| {
                // SAFETY: there is room for it, and nothing else uses it meanwhile.
                let into = unsafe { from_raw_parts_mut(private.add(target), size) };
                Ok(self.shared.copy_to(source, into)?)
            }),
            self.case("words out", place, size, move |source, target, size| {
                let from = address(&self.shared, source, size)?;
                // SAFETY: both have room for it, and nothing else uses them meanwhile.
                unsafe { words::from_shared(from, private.add(target), size) };
                Ok(())
            }),
            memcpy("memcpy in", private, shared),
            self.case("in", place, size, move |source, target, size| {
                // SAFETY: there is so much, and nothing else uses it meanwhile.
                let from = unsafe { from_raw_parts(private.add(source), size) };
                Ok(self.shared.copy_from(target, from)?)
            }),
            self.case("words in", place, size, move |source, target, size| {
                let to = address(&self.shared, target, size)?;
                // SAFETY: both have room for it, and nothing else uses them meanwhile.
                unsafe { words::to_shared(private.add(source), to, size) };
                Ok(())
            }),
            memcpy("memcpy between", shared, other),
            self.case("between", place, size, move |source, target, size| {
                let from = self.shared.slice(source, size)?;
                Ok(self.other.copy_from_shared(target, &from)?)
            }),
            self.case("words between", place, size, move |source, target, size| {
                let from = address(&self.shared, source, size)?;
                let to = address(&self.other, target, size)?;
                // SAFETY: both have room for it, and nothing else uses them meanwhile.
                unsafe { words::within_shared(from, to, size) };
                Ok(())
            }),
            memcpy("memcpy out, once more", shared, private),
        ]
    }

    /// The same for three integers of which the compiler knows that they are three.
    pub fn values(&self) -> Vec<Case<'_>> {
        const SIZE: usize = size_of::<[i64; 3]>();
        let shared = self.shared.as_mut_ptr();
        let other = self.other.as_mut_ptr();
        let private = self.private;
        let memcpy = |name, from: *mut u8, to: *mut u8| {
            Case::new(name, move || {
                // SAFETY: both have room for it.
                unsafe { copy_nonoverlapping(black_box(from), black_box(to), SIZE) };
                Ok(())
            })
        };
        vec![
            memcpy("memcpy out", shared, private),
            Case::new("load", move || {
                let columns: [i64; 3] = black_box(&self.shared).load(black_box(0))?;
                // SAFETY: there is room for it, at the start of a page.
                unsafe {
                    black_box(private)
                        .cast::<[i64; 3]>()
                        .write_unaligned(columns);
                };
                Ok(())
            }),
            Case::new("words out", move || {
                let from = address(&self.shared, black_box(0), SIZE)?;
                // SAFETY: both have room for it.
                unsafe { words::from_shared(from, black_box(private), SIZE) };
                Ok(())
            }),
            memcpy("memcpy in", private, shared),
            Case::new("store", move || {
                // SAFETY: there are so many, at the start of a page.
                let columns: [i64; 3] =
                    unsafe { black_box(private).cast::<[i64; 3]>().read_unaligned() };
                Ok(black_box(&self.shared).store(black_box(0), &columns)?)
            }),
            Case::new("words in", move || {
                let to = address(&self.shared, black_box(0), SIZE)?;
                // SAFETY: both have room for it.
                unsafe { words::to_shared(black_box(private), to, SIZE) };
                Ok(())
            }),
            memcpy("memcpy between", shared, other),
            Case::new("between", move || {
                let columns: [i64; 3] = black_box(&self.shared).load(black_box(0))?;
                Ok(black_box(&self.other).store(black_box(0), &columns)?)
            }),
            Case::new("words between", move || {
                let from = address(&self.shared, black_box(0), SIZE)?;
                let to = address(&self.other, black_box(0), SIZE)?;
                // SAFETY: both have room for it.
                unsafe { words::within_shared(from, to, SIZE) };
                Ok(())
            }),
            memcpy("memcpy out, once more", shared, private),
        ]
    }

    /// A case that is told offsets and a size of which the compiler knows nothing.
    fn case<'a>(
        &'a self,
        name: &str,
        place: Place,
        size: usize,
        copy: impl Fn(usize, usize, usize) -> Outcome + 'a,
    ) -> Case<'a> {
        let (source, target) = place.shift;
        let step = size.next_multiple_of(LINE) + GAP;
        Case::new(name, move || {
            let at = if place.far { self.advance(step) } else { 0 };
            copy(
                black_box(at + source),
                black_box(at + target),
                black_box(size),
            )
        })
    }

    /// Goes on to memory that was last touched a whole region ago.
    fn advance(&self, step: usize) -> usize {
        let at = self.next.get();
        let at = if at + step > self.len { 0 } else { at };
        self.next.set(at + step);
        at
    }
}

/// The address of so many bytes, checked as in every access of rawshm's.
fn address(shared: &Mapping<ReadWrite>, offset: usize, len: usize) -> Outcome<NonNull<u8>> {
    let bytes = black_box(shared).slice(offset, len)?;
    Ok(NonNull::new(bytes.as_mut_ptr()).ok_or("no memory")?)
}
