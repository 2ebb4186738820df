//! The forms of copies, each by itself: one processor uses only some of them.

#[path = "../../src/bytes/copy/mod.rs"]
#[allow(
    dead_code,
    unfulfilled_lint_expectations,
    reason = "the crate's, which uses all of it and has lints of its own"
)]
mod copy;
#[path = "../../src/bytes/copy/portable.rs"]
#[allow(
    dead_code,
    unfulfilled_lint_expectations,
    reason = "the crate's, which uses all of it and has lints of its own"
)]
mod portable;

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::ptr::NonNull;
#[cfg(all(target_arch = "x86_64", not(miri)))]
use std::sync::{Mutex, atomic::Ordering::Relaxed};

use crate::guarded::Guarded;
use crate::pattern;
use portable::{Access, Actual, In, Memory, Out};

/// Where the target may begin within the source, or the other way around.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Overlap {
    None,
    TargetFirst,
    SourceFirst,
    Any,
}

struct Form {
    name: &'static str,
    /// The shortest copy that it is for, and the longest.
    lengths: RangeInclusive<usize>,
    overlap: Overlap,
    copy: unsafe fn(*const u8, *mut u8, usize),
}

/// The functions that the crate calls.
#[expect(
    clippy::undocumented_unsafe_blocks,
    reason = "the caller's: source and target are buffers of the test's own"
)]
fn whole() -> Vec<Form> {
    let form = |name, overlap, copy| Form::new(name, 0..=usize::MAX, overlap, copy);
    vec![
        form("load", Overlap::None, |from, to, len| unsafe {
            copy::load(at(from), to, len);
        }),
        form("store", Overlap::None, |from, to, len| unsafe {
            copy::store(from, at(to), len);
        }),
        form("from_shared", Overlap::None, |from, to, len| unsafe {
            copy::from_shared(at(from), to, len);
        }),
        form("to_shared", Overlap::None, |from, to, len| unsafe {
            copy::to_shared(from, at(to), len);
        }),
        form("within_shared", Overlap::Any, |from, to, len| unsafe {
            copy::within_shared(at(from), at(to), len);
        }),
        form("portable from", Overlap::None, |from, to, len| unsafe {
            portable::from_shared(at(from), to, len);
        }),
        form("portable to", Overlap::None, |from, to, len| unsafe {
            portable::to_shared(from, at(to), len);
        }),
        form("portable within", Overlap::Any, |from, to, len| unsafe {
            portable::within_shared(at(from), at(to), len);
        }),
    ]
}

fn at(address: *const u8) -> NonNull<u8> {
    NonNull::new(address.cast_mut()).expect("memory")
}

/// The parts that are for some lengths only, and the whole with the features of each processor that
/// this one can be taken for.
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn parts() -> Vec<Form> {
    use copy::registers::arch::x86_64_features::{AVX, AVX512, KNOWN, STRING};
    use copy::registers::arch::{
        avx, avx512, backwards, sse, stream, string, up_to_32, up_to_64, up_to_128,
    };
    let form = Form::new;
    let long = |name, shortest, overlap, copy| form(name, shortest..=usize::MAX, overlap, copy);
    let whole = |name, copy| form(name, 0..=usize::MAX, Overlap::Any, copy);
    let mut forms = vec![
        form("up to 32", 16..=32, Overlap::Any, up_to_32 as _),
        form("up to 64", 32..=64, Overlap::Any, up_to_64 as _),
        form("up to 128", 64..=128, Overlap::Any, up_to_128 as _),
        long("sse", 129, Overlap::TargetFirst, sse as _),
        long("backwards", 129, Overlap::SourceFirst, backwards as _),
        long("stream", 129, Overlap::TargetFirst, stream as _),
        long("string", 129, Overlap::None, string as _),
        whole("without AVX", with::<KNOWN> as _),
        whole("with ERMS only", with::<{ KNOWN | STRING }> as _),
    ];
    if is_x86_feature_detected!("avx") {
        forms.push(long("avx", 65, Overlap::TargetFirst, avx as _));
        forms.push(whole("with AVX", with::<{ KNOWN | AVX }>));
        forms.push(whole("and ERMS", with::<{ KNOWN | AVX | STRING }>));
    }
    if is_x86_feature_detected!("avx512f") {
        const ALL: u8 = KNOWN | AVX | AVX512;
        forms.push(long("avx512", 65, Overlap::TargetFirst, avx512 as _));
        forms.push(whole("with AVX-512", with::<ALL>));
        forms.push(whole("and ERMS", with::<{ ALL | STRING }>));
    }
    forms
}

/// Copies as on a processor with these features, and no others.
///
/// # Safety
/// That of the copy; this processor has the features.
#[cfg(all(target_arch = "x86_64", not(miri)))]
unsafe fn with<const FEATURES: u8>(from: *const u8, to: *mut u8, len: usize) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock();
    copy::registers::arch::x86_64_features::FEATURES.store(FEATURES, Relaxed);
    // SAFETY: the caller's.
    unsafe { copy::within_shared(at(from), at(to), len) };
}

#[cfg(all(target_arch = "aarch64", not(miri)))]
fn parts() -> Vec<Form> {
    use copy::registers::arch::{backwards, forwards, up_to_32, up_to_64};
    let form = Form::new;
    let long = |name, shortest, overlap, copy| form(name, shortest..=usize::MAX, overlap, copy);
    vec![
        form("up to 32", 16..=32, Overlap::Any, up_to_32 as _),
        form("up to 64", 32..=64, Overlap::Any, up_to_64 as _),
        long("forwards", 145, Overlap::TargetFirst, forwards as _),
        long("backwards", 129, Overlap::SourceFirst, backwards as _),
    ]
}

#[cfg(any(miri, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn parts() -> Vec<Form> {
    Vec::new()
}

fn forms() -> impl Iterator<Item = Form> {
    whole().into_iter().chain(parts())
}

impl Form {
    fn new(
        name: &'static str,
        lengths: RangeInclusive<usize>,
        overlap: Overlap,
        copy: unsafe fn(*const u8, *mut u8, usize),
    ) -> Self {
        Self {
            name,
            lengths,
            overlap,
            copy,
        }
    }

    fn copy(&self, from: &[u8], to: &mut [u8]) {
        assert_eq!(from.len(), to.len());
        // SAFETY: both are slices of as many bytes.
        unsafe { (self.copy)(from.as_ptr(), to.as_mut_ptr(), from.len()) };
    }

    fn lengths(&self, lengths: impl IntoIterator<Item = usize>) -> impl Iterator<Item = usize> {
        let right = self.lengths.clone();
        lengths.into_iter().filter(move |len| right.contains(len))
    }
}

#[test]
fn every_form_copies_every_length_at_every_alignment_and_nothing_around_it() {
    const UNTOUCHED: u8 = 0xee;
    let longest = if cfg!(miri) { 70 } else { 700 };
    let source = pattern(longest + 64);
    let mut target = vec![UNTOUCHED; longest + 192];
    for form in forms() {
        for len in form.lengths(0..=longest) {
            let alignments = (0..64).step_by(if cfg!(miri) { 9 } else { 5 });
            for (from, to) in alignments.flat_map(|from| [(from, 64), (3, 64 + from)]) {
                form.copy(&source[from..from + len], &mut target[to..to + len]);
                let what = || format!("{}, {len} bytes from {from} to {to}", form.name);
                let (before, rest) = target.split_at(to);
                let (copied, after) = rest.split_at(len);
                assert!(*copied == source[from..from + len], "{}", what());
                let mut around = before.iter().chain(after);
                assert!(around.all(|byte| *byte == UNTOUCHED), "{}", what());
                target[to..to + len].fill(UNTOUCHED);
            }
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "it maps memory")]
fn no_form_touches_what_is_beside_the_bytes() {
    let longest = (1 << 20) + 77;
    let (mut source, mut target) = (Guarded::new(longest), Guarded::new(longest));
    source.last(longest).copy_from_slice(&pattern(longest));
    for form in forms() {
        for len in form.lengths((0..=600).chain([4095, 4096, 4097, 65_536, 65_537, longest])) {
            form.copy(source.last(len), target.last(len));
            assert!(source.last(len) == target.last(len), "{}, {len}", form.name);
            form.copy(source.first(len), target.first(len));
            assert!(
                source.first(len) == target.first(len),
                "{}, {len}",
                form.name
            );
        }
    }
}

#[test]
fn what_overlaps_is_copied_right_by_the_forms_for_that() {
    let longest = if cfg!(miri) { 300 } else { 2000 };
    for form in forms() {
        let step = if cfg!(miri) { 67 } else { 7 };
        for len in form.lengths((1..=longest).step_by(step)) {
            let distances = (0..=70.min(len)).chain([len / 2, len - 1, len]);
            for distance in distances.step_by(if cfg!(miri) { 11 } else { 1 }) {
                for (from, to, overlap) in [
                    (1 + distance, 1, Overlap::TargetFirst),
                    (1, 1 + distance, Overlap::SourceFirst),
                ] {
                    if form.overlap != overlap && form.overlap != Overlap::Any {
                        continue;
                    }
                    let mut expected = pattern(len + distance + 2);
                    let mut buffer = expected.clone();
                    expected.copy_within(from..from + len, to);
                    let start = buffer.as_mut_ptr();
                    // SAFETY: both places are within the buffer.
                    unsafe { (form.copy)(start.add(from), start.add(to), len) };
                    let name = form.name;
                    assert!(
                        buffer == expected,
                        "{name}, {len} bytes from {from} to {to}"
                    );
                }
            }
        }
    }
}

#[test]
#[cfg(all(target_arch = "x86_64", not(miri)))]
fn what_the_processor_has_is_what_std_says() {
    use copy::registers::arch::x86_64_features::{AVX, AVX512, ask};
    let features = ask();
    assert_eq!(features & AVX != 0, is_x86_feature_detected!("avx"));
    // It is used on Intel's processors only.
    assert!(features & AVX512 == 0 || is_x86_feature_detected!("avx512f"));
}

/// Memory of which the accesses are recorded: the address and the size of each.
struct Recorded;

thread_local! {
    static ACCESSES: RefCell<Vec<(usize, usize)>> = const { RefCell::new(Vec::new()) };
}

impl Memory for Recorded {}

impl<U> Access<U> for Recorded
where
    Actual: Access<U>,
{
    unsafe fn load(at: *const U) -> U {
        ACCESSES.with_borrow_mut(|accesses| accesses.push((at.addr(), size_of::<U>())));
        // SAFETY: the caller's.
        unsafe { Actual::load(at) }
    }

    unsafe fn store(at: *mut U, unit: U) {
        ACCESSES.with_borrow_mut(|accesses| accesses.push((at.addr(), size_of::<U>())));
        // SAFETY: the caller's.
        unsafe { Actual::store(at, unit) }
    }
}

#[test]
fn no_access_of_the_portable_form_is_larger_than_the_type_that_is_copied() {
    fn check<T>(largest: usize) {
        let mut shared = pattern(200);
        let mut private = vec![0_u8; 100];
        for at in 0..16 {
            for count in 0..=100 / size_of::<T>() {
                let len = count * size_of::<T>();
                let shared = shared[at..].as_mut_ptr();
                let private = private.as_mut_ptr();
                // SAFETY: both buffers have as many bytes.
                unsafe { portable::copy::<Recorded, In, T>(shared, private, len) };
                check_accesses(shared.addr(), len, largest);
                // SAFETY: both buffers have as many bytes.
                unsafe { portable::copy::<Recorded, Out, T>(shared, private, len) };
                check_accesses(shared.addr(), len, largest);
            }
        }
    }
    check::<u8>(1);
    check::<[u8; 8]>(1);
    check::<u16>(2);
    check::<u32>(4);
    check::<[u32; 6]>(4);
    check::<u64>(align_of::<u64>().min(size_of::<usize>()));
    check::<[u64; 3]>(align_of::<u64>().min(size_of::<usize>()));
    check::<u128>(size_of::<usize>());
}

/// Looks at the accesses since the last look: each byte once, in order, all of one size, which is
/// as large as it may be.
fn check_accesses(start: usize, len: usize, largest: usize) {
    let bits = start | len | largest;
    let unit = bits & bits.wrapping_neg();
    let expected: Vec<_> = (start..start + len)
        .step_by(unit)
        .map(|at| (at, unit))
        .collect();
    assert_eq!(ACCESSES.take(), expected, "{len} bytes at {start:#x}");
}
