//! The assembly of copies on `x86_64`.

pub(crate) mod x86_64_features;

use core::arch::asm;
use core::sync::atomic::Ordering::Relaxed;

use super::{Unit, unit};
use x86_64_features::{AVX, AVX512, FEATURES, STRING, features};

unit! { u8, reg_byte, "mov {unit}, [{base} + {at}]", "mov [{base} + {at}], {unit}" }
unit! { u16, reg, "mov {unit:x}, [{base} + {at}]", "mov [{base} + {at}], {unit:x}" }
unit! { u32, reg, "mov {unit:e}, [{base} + {at}]", "mov [{base} + {at}], {unit:e}" }
unit! { u64, reg, "mov {unit}, [{base} + {at}]", "mov [{base} + {at}], {unit}" }

/// Copies vectors at the start, and as many at the end, which may overlap them: all are loaded
/// before any is stored. A vector is named by its register; one at the end has its place, too.
macro_rules! wide_ends {
    ($from:ident, $to:ident, $len:ident, $width:literal, $mov:literal, $vector:literal,
        $end:literal,
        [$($head:literal)*], [$($tail:literal $place:literal)*]) => {
        asm!(
            $(concat!($mov, " ", $vector, $head, ", [{from} + {width} * ", $head, "]"),)*
            $(concat!($mov, " ", $vector, $tail, ", [{from} + {len} - {width} * ", $place, "]"),)*
            $(concat!($mov, " [{to} + {len} - {width} * ", $place, "], ", $vector, $tail),)*
            $(concat!($mov, " [{to} + {width} * ", $head, "], ", $vector, $head),)*
            $end,
            from = in(reg) $from, to = in(reg) $to, len = in(reg) $len, width = const $width,
            clobber_abi("sysv64"), options(nostack),
        )
    };
}

/// Copies `len` bytes, which are from 16 to 32, also if source and target overlap.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes.
#[inline]
pub(crate) unsafe fn up_to_32(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: there is a vector at the start and one at the end.
    unsafe {
        asm!(
            "movdqu {head}, [{from}]",
            "movdqu {tail}, [{from} + {len} - 16]",
            "movdqu [{to} + {len} - 16], {tail}",
            "movdqu [{to}], {head}",
            from = in(reg) from, to = in(reg) to, len = in(reg) len,
            head = out(xmm_reg) _, tail = out(xmm_reg) _, options(nostack, preserves_flags),
        );
    }
}

/// As [`up_to_32`], from 32 to 64 bytes.
///
/// # Safety
/// As [`up_to_32`].
#[inline(never)]
pub(crate) unsafe fn up_to_64(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's.
    unsafe { wide_ends!(from, to, len, 16, "movdqu", "xmm", "", ["0" "1"], ["2" "2" "3" "1"]) }
}

/// As [`up_to_32`], from 64 to 128 bytes.
///
/// # Safety
/// As [`up_to_32`].
pub(crate) unsafe fn up_to_128(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: the caller's.
    unsafe {
        wide_ends!(from, to, len, 16, "movdqu", "xmm", "",
            ["0" "1" "2" "3"], ["4" "4" "5" "3" "6" "2" "7" "1"]);
    }
}

/// A copy of `len` bytes, which are more than 64.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes, the processor has the instructions, and if
/// the two overlap, this copy is one for such an overlap.
pub(crate) type Copy = unsafe fn(from: *const u8, to: *mut u8, len: usize);

/// Up to this length source and target about fit into the first cache, and nothing is faster than
/// wide loads and stores.
const WIDE_UP_TO: usize = 22 << 10;

/// From `WIDE_UP_TO` to this length, wide loads and stores are used where `rep movsb` is not.
/// Beyond, narrow loads run further ahead of the stores.
const WIDE_AT_MOST: usize = 256 << 10;

/// If the target is less than this after the source, whole pages aside, `rep movsb` is slow: its
/// loads seem to wait for its stores.
const ALIASED: usize = 256;

const PAGE: usize = 4096;

/// From this length on a copy would displace everything else from the caches, and most of itself.
const STREAM_FROM: usize = 16 << 20;

/// Copies `len` bytes, which are more than 64, also if source and target overlap.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes.
#[expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one copy, by the features and the length"
)]
#[inline(never)]
pub(crate) unsafe fn long(from: *const u8, to: *mut u8, len: usize) {
    let features = FEATURES.load(Relaxed);
    // Asked only where all is not loaded at once.
    let is_for_loop = || len <= WIDE_UP_TO && to.addr().wrapping_sub(from.addr()) >= len;
    // SAFETY: the caller's; the copy is one for this processor, this length and this overlap.
    unsafe {
        if features & AVX512 != 0 {
            if len <= 512 || is_for_loop() {
                return avx512(from, to, len);
            }
        } else if features & AVX != 0 && (len <= 256 || is_for_loop()) {
            return avx(from, to, len);
        }
        other(from, to, len);
    }
}

/// As [`long`], for what is not copied at once by wide loads and stores.
///
/// # Safety
/// As [`long`].
#[inline(never)]
unsafe fn other(from: *const u8, to: *mut u8, len: usize) {
    let features = features();
    let (source, target) = (from.addr(), to.addr());
    let apart = source.wrapping_sub(target) >= len;
    let copy: Copy = if len <= 128 {
        up_to_128
    } else if target.wrapping_sub(source) < len {
        backwards
    } else if apart && len >= STREAM_FROM {
        stream
    } else if apart
        && len > WIDE_UP_TO
        && target.wrapping_sub(source) % PAGE >= ALIASED
        && features & STRING != 0
    {
        string
    } else if len > WIDE_AT_MOST || features & AVX == 0 {
        sse
    } else if features & AVX512 == 0 {
        avx
    } else {
        avx512
    };
    // SAFETY: the caller's; the copy is one for this processor, this length and this overlap.
    unsafe { copy(from, to, len) };
}

/// A macro, because three copies differ in their loops only. The first 32 bytes and the last 64 are
/// loaded before the loop and stored after it, so that the loop's stores are aligned.
macro_rules! forwards {
    ($name:ident, $start:literal, $mov:literal, [$($step:literal)*], $end:literal) => {
        /// # Safety
        /// As [`Copy`]; the target does not begin within the source.
        #[inline]
        pub(crate) unsafe fn $name(from: *const u8, to: *mut u8, len: usize) {
            // SAFETY: more than 128 bytes can be read and written, by this function's own contract.
            unsafe {
                asm!(
                    $start,
                    concat!($mov, " xmm4, [rsi]"),
                    concat!($mov, " xmm5, [rsi + 16]"),
                    concat!($mov, " xmm6, [rsi + rdx - 64]"),
                    concat!($mov, " xmm7, [rsi + rdx - 48]"),
                    concat!($mov, " xmm8, [rsi + rdx - 32]"),
                    concat!($mov, " xmm9, [rsi + rdx - 16]"),
                    "lea rcx, [rdi + rdx - 64]",
                    "mov rax, rdi",
                    "sub rsi, rdi",
                    "or rdi, 31",
                    "inc rdi",
                    ".p2align 4",
                    "2:",
                    $($step,)*
                    "add rdi, 64",
                    "cmp rdi, rcx",
                    "jb 2b",
                    concat!($mov, " [rcx], xmm6"),
                    concat!($mov, " [rcx + 16], xmm7"),
                    concat!($mov, " [rcx + 32], xmm8"),
                    concat!($mov, " [rcx + 48], xmm9"),
                    concat!($mov, " [rax], xmm4"),
                    concat!($mov, " [rax + 16], xmm5"),
                    $end,
                    inout("rdi") to => _, inout("rsi") from => _, in("rdx") len,
                    clobber_abi("sysv64"), options(nostack),
                );
            }
        }
    };
}

forwards! { sse, "", "movdqu", [
    "movdqu xmm0, [rsi + rdi]" "movdqu xmm1, [rsi + rdi + 16]" "movdqu xmm2, [rsi + rdi + 32]"
    "movdqu xmm3, [rsi + rdi + 48]" "movdqa [rdi], xmm0" "movdqa [rdi + 16], xmm1"
    "movdqa [rdi + 32], xmm2" "movdqa [rdi + 48], xmm3"
], "" }
forwards! { stream, "sfence", "movdqu", [
    "movdqu xmm0, [rsi + rdi]" "movdqu xmm1, [rsi + rdi + 16]" "movdqu xmm2, [rsi + rdi + 32]"
    "movdqu xmm3, [rsi + rdi + 48]" "movntdq [rdi], xmm0" "movntdq [rdi + 16], xmm1"
    "movntdq [rdi + 32], xmm2" "movntdq [rdi + 48], xmm3"
], "sfence" }

/// A macro, because two copies differ in their vectors only: their size, the instruction that moves
/// one, the one where it is aligned, their name without its last digit, and what follows their use.
/// Up to eight vectors are all loaded before any is stored. Before the loop, the first vector and
/// the last four are loaded, and after it they are stored, so that the loop's stores are aligned.
macro_rules! wide {
    ($name:ident, $width:literal, $mov:literal, $aligned:literal, $vector:literal,
        $end:literal) => {
        /// # Safety
        /// As [`Copy`], and `len` is more than 64. If it is more than 256, the target does not
        /// begin within the source.
        #[inline]
        pub(crate) unsafe fn $name(from: *const u8, to: *mut u8, len: usize) {
            // SAFETY: as many bytes as each block accesses can be read and written, by this
            // function's own contract.
            unsafe {
                if $width == 64 && len <= 128 {
                    wide_ends!(from, to, len, $width, $mov, $vector, $end, ["0"], ["1" "1"]);
                } else if len <= $width * 4 {
                    wide_ends!(from, to, len, $width, $mov, $vector, $end,
                        ["0" "1"], ["2" "2" "3" "1"]);
                } else if len <= $width * 8 {
                    wide_ends!(from, to, len, $width, $mov, $vector, $end,
                        ["0" "1" "2" "3"], ["4" "4" "5" "3" "6" "2" "7" "1"]);
                } else {
                    asm!(
                        concat!($mov, " ", $vector, "4, [rsi]"),
                        concat!($mov, " ", $vector, "5, [rsi + rdx - {width} * 4]"),
                        concat!($mov, " ", $vector, "6, [rsi + rdx - {width} * 3]"),
                        concat!($mov, " ", $vector, "7, [rsi + rdx - {width} * 2]"),
                        concat!($mov, " ", $vector, "8, [rsi + rdx - {width}]"),
                        "lea rcx, [rdi + rdx - {width} * 4]",
                        "mov rax, rdi",
                        "sub rsi, rdi",
                        "or rdi, {width} - 1",
                        "inc rdi",
                        ".p2align 5",
                        "2:",
                        concat!($mov, " ", $vector, "0, [rsi + rdi]"),
                        concat!($mov, " ", $vector, "1, [rsi + rdi + {width}]"),
                        concat!($mov, " ", $vector, "2, [rsi + rdi + {width} * 2]"),
                        concat!($mov, " ", $vector, "3, [rsi + rdi + {width} * 3]"),
                        concat!($aligned, " [rdi], ", $vector, "0"),
                        concat!($aligned, " [rdi + {width}], ", $vector, "1"),
                        concat!($aligned, " [rdi + {width} * 2], ", $vector, "2"),
                        concat!($aligned, " [rdi + {width} * 3], ", $vector, "3"),
                        "sub rdi, -{width} * 4",
                        "cmp rdi, rcx",
                        "jb 2b",
                        concat!($mov, " [rcx], ", $vector, "5"),
                        concat!($mov, " [rcx + {width}], ", $vector, "6"),
                        concat!($mov, " [rcx + {width} * 2], ", $vector, "7"),
                        concat!($mov, " [rcx + {width} * 3], ", $vector, "8"),
                        concat!($mov, " [rax], ", $vector, "4"),
                        $end,
                        inout("rdi") to => _, inout("rsi") from => _, in("rdx") len,
                        width = const $width, clobber_abi("sysv64"), options(nostack),
                    );
                }
            }
        }
    };
}

wide! { avx, 32, "vmovdqu", "vmovdqa", "ymm", "vzeroupper" }
// From zmm20 to zmm28: no SSE or AVX instruction names them, so that none has to be told apart from
// unused ones by `vzeroupper`.
wide! { avx512, 64, "vmovdqu64", "vmovdqa64", "zmm2", "" }

/// The last vector and the first four are loaded before the loop and stored after it.
///
/// # Safety
/// As [`Copy`]; the source does not begin within the target.
pub(crate) unsafe fn backwards(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: more than eight vectors can be read and written, by this function's own contract.
    unsafe {
        asm!(
            "movdqu xmm4, [rsi + rdx - 16]",
            "movdqu xmm5, [rsi]",
            "movdqu xmm6, [rsi + 16]",
            "movdqu xmm7, [rsi + 32]",
            "movdqu xmm8, [rsi + 48]",
            "lea rax, [rdi + rdx - 16]",
            "lea rcx, [rdi + 64]",
            "sub rsi, rdi",
            "add rdx, rdi",
            "and rdx, -16",
            "2:",
            "movdqu xmm0, [rsi + rdx - 16]",
            "movdqu xmm1, [rsi + rdx - 32]",
            "movdqu xmm2, [rsi + rdx - 48]",
            "movdqu xmm3, [rsi + rdx - 64]",
            "movdqa [rdx - 16], xmm0",
            "movdqa [rdx - 32], xmm1",
            "movdqa [rdx - 48], xmm2",
            "movdqa [rdx - 64], xmm3",
            "sub rdx, 64",
            "cmp rdx, rcx",
            "ja 2b",
            "movdqu [rdi], xmm5",
            "movdqu [rdi + 16], xmm6",
            "movdqu [rdi + 32], xmm7",
            "movdqu [rdi + 48], xmm8",
            "movdqu [rax], xmm4",
            in("rdi") to, inout("rsi") from => _, inout("rdx") len => _,
            clobber_abi("sysv64"), options(nostack),
        );
    }
}

/// The first 64 bytes are copied on their own, so that the rest begins at a line of the target.
///
/// # Safety
/// As [`Copy`]; the two do not overlap.
pub(crate) unsafe fn string(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: more than 64 bytes can be read and written, by this function's own contract. Every
    // block begins with the direction flag clear.
    unsafe {
        asm!(
            "movdqu xmm0, [rsi]",
            "movdqu xmm1, [rsi + 16]",
            "movdqu xmm2, [rsi + 32]",
            "movdqu xmm3, [rsi + 48]",
            "movdqu [rdi], xmm0",
            "movdqu [rdi + 16], xmm1",
            "movdqu [rdi + 32], xmm2",
            "movdqu [rdi + 48], xmm3",
            "mov rax, rdi",
            "or rdi, 63",
            "inc rdi",
            "sub rax, rdi",
            "sub rsi, rax",
            "add rcx, rax",
            "rep movsb",
            inout("rdi") to => _, inout("rsi") from => _, inout("rcx") len => _,
            out("rax") _, out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
            options(nostack),
        );
    }
}
