//! The assembly of copies on `aarch64`.

use core::arch::asm;

use super::{Unit, unit};

unit! { u8, reg, "ldrb {unit:w}, [{base}, {at}]", "strb {unit:w}, [{base}, {at}]" }
unit! { u16, reg, "ldrh {unit:w}, [{base}, {at}]", "strh {unit:w}, [{base}, {at}]" }
unit! { u32, reg, "ldr {unit:w}, [{base}, {at}]", "str {unit:w}, [{base}, {at}]" }
unit! { u64, reg, "ldr {unit}, [{base}, {at}]", "str {unit}, [{base}, {at}]" }

/// Copies `len` bytes, which are more than 64, also if source and target overlap.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes.
#[expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one copy, by the length and the overlap"
)]
#[inline(never)]
pub(crate) unsafe fn long(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's.
    unsafe {
        if len <= 128 {
            pairs_64(from, to, len);
        } else if len <= 256 {
            pairs_128(from, to, len);
        } else if to.addr().wrapping_sub(from.addr()) < len {
            backwards(from, to, len);
        } else {
            forwards(from, to, len);
        }
    }
}

/// Copies `len` bytes, which are from 16 to 32, also if source and target overlap.
///
/// # Safety
/// As [`long`].
#[inline]
pub(crate) unsafe fn up_to_32(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: there is a vector at the start and one at the end.
    unsafe {
        asm!(
            "add {at}, {from}, {len}",
            "ldr {head:q}, [{from}]",
            "ldur {tail:q}, [{at}, #-16]",
            "add {at}, {to}, {len}",
            "stur {tail:q}, [{at}, #-16]",
            "str {head:q}, [{to}]",
            from = in(reg) from, to = in(reg) to, len = in(reg) len, at = out(reg) _,
            head = out(vreg) _, tail = out(vreg) _, options(nostack, preserves_flags),
        );
    }
}

/// Copies pairs of vectors at the start, and as many at the end, which may overlap them: all are
/// loaded before any is stored. A pair is named by its registers and its place.
macro_rules! pairs {
    ($name:ident, $size:literal, [$($one:tt $two:tt $head:tt)*],
        [$($three:tt $four:tt $tail:tt)*]) => {
        /// # Safety
        /// As [`long`], and `len` is from this size to twice as much.
        #[inline]
        pub(crate) unsafe fn $name(from: *const u8, to: *mut u8, len: usize) {
            // SAFETY: as many bytes can be read and written, by this function's own contract.
            unsafe {
                asm!(
                    "add {at}, {from}, {len}",
                    $(concat!("ldp ", $one, ", ", $two, ", [{from}, #", $head, "]"),)*
                    $(concat!("ldp ", $three, ", ", $four, ", [{at}, #-", $tail, "]"),)*
                    "add {at}, {to}, {len}",
                    $(concat!("stp ", $three, ", ", $four, ", [{at}, #-", $tail, "]"),)*
                    $(concat!("stp ", $one, ", ", $two, ", [{to}, #", $head, "]"),)*
                    from = in(reg) from, to = in(reg) to, len = in(reg) len, at = out(reg) _,
                    $(out($one) _, out($two) _,)*
                    $(out($three) _, out($four) _,)*
                    options(nostack, preserves_flags),
                );
            }
        }
    };
}

pairs! { up_to_64, 32, ["q0" "q1" "0"], ["q2" "q3" "32"] }
pairs! { pairs_64, 64, ["q0" "q1" "0" "q2" "q3" "32"], ["q4" "q5" "64" "q6" "q7" "32"] }
pairs! { pairs_128, 128, ["q0" "q1" "0" "q2" "q3" "32" "q4" "q5" "64" "q6" "q7" "96"],
["q16" "q17" "128" "q18" "q19" "96" "q20" "q21" "64" "q22" "q23" "32"] }

/// The first vector and the last eight are loaded before the loop and stored after it, so that the
/// loop's stores are aligned.
///
/// # Safety
/// As [`long`], and `len` is more than 144; the target does not begin within the source.
pub(crate) unsafe fn forwards(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: as many bytes can be read and written, by this function's own contract.
    unsafe {
        asm!(
            "ldr q24, [{from}]",
            "add {at}, {from}, {len}",
            "ldp q16, q17, [{at}, #-128]",
            "ldp q18, q19, [{at}, #-96]",
            "ldp q20, q21, [{at}, #-64]",
            "ldp q22, q23, [{at}, #-32]",
            "add {tail}, {to}, {len}",
            "sub {tail}, {tail}, #128",
            "sub {from}, {from}, {to}",
            "orr {next}, {to}, #15",
            "add {next}, {next}, #1",
            "2:",
            "add {at}, {from}, {next}",
            "ldp q0, q1, [{at}]",
            "ldp q2, q3, [{at}, #32]",
            "ldp q4, q5, [{at}, #64]",
            "ldp q6, q7, [{at}, #96]",
            "stp q0, q1, [{next}]",
            "stp q2, q3, [{next}, #32]",
            "stp q4, q5, [{next}, #64]",
            "stp q6, q7, [{next}, #96]",
            "add {next}, {next}, #128",
            "cmp {next}, {tail}",
            "b.lo 2b",
            "stp q16, q17, [{tail}]",
            "stp q18, q19, [{tail}, #32]",
            "stp q20, q21, [{tail}, #64]",
            "stp q22, q23, [{tail}, #96]",
            "str q24, [{to}]",
            from = inout(reg) from => _, to = in(reg) to, len = in(reg) len,
            at = out(reg) _, next = out(reg) _, tail = out(reg) _,
            out("q0") _, out("q1") _, out("q2") _, out("q3") _, out("q4") _, out("q5") _,
            out("q6") _, out("q7") _, out("q16") _, out("q17") _, out("q18") _, out("q19") _,
            out("q20") _, out("q21") _, out("q22") _, out("q23") _, out("q24") _,
            options(nostack),
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
