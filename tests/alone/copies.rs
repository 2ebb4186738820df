//! Checks copies without std and without a C library, for targets that have only core here. The
//! exit status is 0 if all copies are right, and otherwise the number of the check that failed.

#![no_std]
#![no_main]

#[path = "../../src/bytes/copy/mod.rs"]
#[allow(
    dead_code,
    unfulfilled_lint_expectations,
    reason = "the crate's, which uses all of it"
)]
mod copy;
#[macro_use]
#[path = "../../start/src/memory.rs"]
mod memory;
memory!();

use core::arch::asm;
use core::ptr::NonNull;

const LONGEST: usize = 700;
const ROOM: usize = LONGEST + 192;
const UNTOUCHED: u8 = 0xee;

#[cfg(target_arch = "x86")]
core::arch::global_asm!(".globl _start", "_start:", "and esp, -16", "call begin");

#[cfg_attr(not(target_arch = "x86"), unsafe(export_name = "_start"))]
#[cfg_attr(target_arch = "x86", unsafe(no_mangle))]
extern "C" fn begin() -> ! {
    exit(check().err().unwrap_or(0))
}

/// Core's code for unwinding refers to this, and nothing calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(101)
}

fn check() -> Result<(), i32> {
    every_length_at_every_alignment()?;
    overlaps()?;
    values()?;
    #[cfg(target_arch = "aarch64")]
    pages()?;
    Ok(())
}

type Copy = unsafe fn(*const u8, *mut u8, usize);

const COPIES: [Copy; 3] = [
    |from, to, len| unsafe { copy::from_shared(at(from), to, len) },
    |from, to, len| unsafe { copy::to_shared(from, at(to), len) },
    |from, to, len| unsafe { copy::within_shared(at(from), at(to), len) },
];

fn at(address: *const u8) -> NonNull<u8> {
    NonNull::new(address.cast_mut()).unwrap()
}

fn pattern(buffer: &mut [u8]) {
    let mut state = 1_u32;
    for byte in buffer {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = state.to_be_bytes()[0];
    }
}

fn expect(right: bool, check: i32) -> Result<(), i32> {
    if right { Ok(()) } else { Err(check) }
}

fn every_length_at_every_alignment() -> Result<(), i32> {
    let mut source = [0; ROOM];
    pattern(&mut source);
    let mut target = [UNTOUCHED; ROOM];
    for (which, copy) in (1..).zip(COPIES) {
        for len in 0..=LONGEST {
            for shift in 0..32 {
                for (from, to) in [(shift, 64), (3, 64 + shift)] {
                    unsafe { copy(source.as_ptr().add(from), target.as_mut_ptr().add(to), len) };
                    expect(target[to..to + len] == source[from..from + len], which)?;
                    expect(
                        target[to - 32..to].iter().all(|byte| *byte == UNTOUCHED),
                        10 + which,
                    )?;
                    let after = &target[to + len..to + len + 32];
                    expect(after.iter().all(|byte| *byte == UNTOUCHED), 20 + which)?;
                    target[to..to + len].fill(UNTOUCHED);
                }
            }
        }
    }
    Ok(())
}

fn overlaps() -> Result<(), i32> {
    for len in (1..=300).chain([511, 512, 513, 690]) {
        for distance in [0, 1, 7, 8, 15, 16, 17, 31, 32, 63, 64, 65, 100] {
            for (from, to) in [(distance + 1, 1), (1, distance + 1)] {
                let mut expected = [0; ROOM];
                pattern(&mut expected);
                let mut buffer = expected;
                expected.copy_within(from..from + len, to);
                let start = buffer.as_mut_ptr();
                unsafe { copy::within_shared(at(start.add(from)), at(start.add(to)), len) };
                expect(buffer == expected, 40)?;
            }
        }
    }
    Ok(())
}

fn values() -> Result<(), i32> {
    fn check<const N: usize>(shared: *mut u8) -> Result<(), i32> {
        for shift in 0..16 {
            let mut value = [0_u8; N];
            pattern(&mut value);
            let mut loaded = [0_u8; N];
            unsafe { copy::store(value.as_ptr(), at(shared.wrapping_add(shift)), N) };
            unsafe { copy::load(at(shared.wrapping_add(shift)), loaded.as_mut_ptr(), N) };
            expect(loaded == value, 50)?;
        }
        Ok(())
    }
    let mut buffer = [0; 128];
    let shared = buffer.as_mut_ptr();
    check::<1>(shared)?;
    check::<2>(shared)?;
    check::<3>(shared)?;
    check::<7>(shared)?;
    check::<8>(shared)?;
    check::<12>(shared)?;
    check::<24>(shared)?;
    check::<31>(shared)?;
    check::<40>(shared)?;
    check::<63>(shared)?;
    check::<64>(shared)?;
    check::<100>(shared)
}

/// Memory between pages that must not be accessed.
#[cfg(target_arch = "aarch64")]
fn pages() -> Result<(), i32> {
    const PAGE: usize = 65_536;
    const LEN: usize = 4 * PAGE;
    fn map() -> *mut u8 {
        let all = system_call(222, [0, LEN + 2 * PAGE, 0, 0x22, usize::MAX, 0]);
        let first = all + PAGE;
        system_call(226, [first, LEN, 3, 0, 0, 0]);
        core::ptr::with_exposed_provenance_mut(first)
    }
    let (source, target) = (map(), map());
    pattern(unsafe { core::slice::from_raw_parts_mut(source, LEN) });
    for copy in COPIES {
        for len in (0..600).chain([4095, 4096, 4097, PAGE + 1, LEN - 1, LEN]) {
            for (from, to) in [
                (0, 0),
                (0, LEN - len),
                (LEN - len, 0),
                (LEN - len, LEN - len),
            ] {
                let (from, to) = (source.wrapping_add(from), target.wrapping_add(to));
                unsafe { copy(from, to, len) };
                let from = unsafe { core::slice::from_raw_parts(from, len) };
                expect(from == unsafe { core::slice::from_raw_parts(to, len) }, 60)?;
            }
        }
    }
    Ok(())
}

#[cfg(target_arch = "aarch64")]
fn system_call(number: usize, arguments: [usize; 6]) -> usize {
    let [a, b, c, d, e, f] = arguments;
    let result;
    unsafe {
        asm!("svc 0", in("x8") number, inout("x0") a => result, in("x1") b, in("x2") c,
            in("x3") d, in("x4") e,
            in("x5") f, options(nostack));
    }
    result
}

/// `exit_group`.
fn exit(status: i32) -> ! {
    #[cfg(target_arch = "aarch64")]
    unsafe {
        asm!("svc 0", in("x8") 94, in("x0") status, options(noreturn));
    }
    #[cfg(target_arch = "riscv64")]
    unsafe {
        asm!("ecall", in("a7") 94, in("a0") status, options(noreturn));
    }
    #[cfg(target_arch = "arm")]
    unsafe {
        asm!("svc 0", in("r7") 248, in("r0") status, options(noreturn));
    }
    #[cfg(target_arch = "x86")]
    unsafe {
        asm!("int 0x80", in("eax") 252, in("ebx") status, options(noreturn));
    }
}
