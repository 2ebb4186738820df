//! The assembly of copies on `aarch64`.

use core::arch::aarch64::uint8x16_t;
use core::arch::asm;

use super::{Unit, unit};

pub(crate) type Vector = uint8x16_t;

unit! { u8, reg, "ldrb {unit:w}, [{base}, {at}]", "strb {unit:w}, [{base}, {at}]" }
unit! { u16, reg, "ldrh {unit:w}, [{base}, {at}]", "strh {unit:w}, [{base}, {at}]" }
unit! { u32, reg, "ldr {unit:w}, [{base}, {at}]", "str {unit:w}, [{base}, {at}]" }
unit! { u64, reg, "ldr {unit}, [{base}, {at}]", "str {unit}, [{base}, {at}]" }
unit! { uint8x16_t, vreg, "ldr {unit:q}, [{base}, {at}]", "str {unit:q}, [{base}, {at}]" }

/// Copies `len` bytes, which are more than 128, also if source and target overlap.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes.
pub(crate) unsafe fn long(from: *const u8, to: *mut u8, len: usize) {
    if to.addr().wrapping_sub(from.addr()) < len {
        // SAFETY: the caller's.
        unsafe { backwards(from, to, len) };
    } else {
        // SAFETY: the caller's.
        unsafe { forwards(from, to, len) };
    }
}

/// The first vector and the last four are loaded before the loop and stored after it, so that the
/// loop's stores are aligned.
///
/// # Safety
/// As [`long`]; the target does not begin within the source.
pub(crate) unsafe fn forwards(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: more than eight vectors can be read and written, by this function's own contract.
    unsafe {
        asm!(
            "ldr q4, [{from}]",
            "add {at}, {from}, {len}",
            "ldp q5, q6, [{at}, #-64]",
            "ldp q7, q16, [{at}, #-32]",
            "add {tail}, {to}, {len}",
            "sub {tail}, {tail}, #64",
            "sub {from}, {from}, {to}",
            "orr {next}, {to}, #15",
            "add {next}, {next}, #1",
            "2:",
            "add {at}, {from}, {next}",
            "ldp q0, q1, [{at}]",
            "ldp q2, q3, [{at}, #32]",
            "stp q0, q1, [{next}]",
            "stp q2, q3, [{next}, #32]",
            "add {next}, {next}, #64",
            "cmp {next}, {tail}",
            "b.lo 2b",
            "stp q5, q6, [{tail}]",
            "stp q7, q16, [{tail}, #32]",
            "str q4, [{to}]",
            from = inout(reg) from => _, to = in(reg) to, len = in(reg) len,
            at = out(reg) _, next = out(reg) _, tail = out(reg) _,
            out("q0") _, out("q1") _, out("q2") _, out("q3") _, out("q4") _, out("q5") _,
            out("q6") _, out("q7") _, out("q16") _, options(nostack),
        );
    }
}

/// The last vector and the first four are loaded before the loop and stored after it, so that the
/// loop's stores are aligned.
///
/// # Safety
/// As [`long`]; the source does not begin within the target.
pub(crate) unsafe fn backwards(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: more than eight vectors can be read and written, by this function's own contract.
    unsafe {
        asm!(
            "add {at}, {from}, {len}",
            "ldr q4, [{at}, #-16]",
            "ldp q5, q6, [{from}]",
            "ldp q7, q16, [{from}, #32]",
            "add {next}, {to}, {len}",
            "sub {last}, {next}, #16",
            "and {next}, {next}, #-16",
            "sub {from}, {from}, {to}",
            "add {head}, {to}, #64",
            "2:",
            "add {at}, {from}, {next}",
            "ldp q0, q1, [{at}, #-32]",
            "ldp q2, q3, [{at}, #-64]",
            "stp q0, q1, [{next}, #-32]",
            "stp q2, q3, [{next}, #-64]",
            "sub {next}, {next}, #64",
            "cmp {next}, {head}",
            "b.hi 2b",
            "stp q5, q6, [{to}]",
            "stp q7, q16, [{to}, #32]",
            "str q4, [{last}]",
            from = inout(reg) from => _, to = in(reg) to, len = in(reg) len,
            at = out(reg) _, next = out(reg) _, last = out(reg) _, head = out(reg) _,
            out("q0") _, out("q1") _, out("q2") _, out("q3") _, out("q4") _, out("q5") _,
            out("q6") _, out("q7") _, out("q16") _, options(nostack),
        );
    }
}
