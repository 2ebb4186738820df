//! The assembly of copies on `x86_64`.

use core::arch::asm;
use core::arch::x86_64::__m128i;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use super::{Unit, unit};

pub(crate) type Vector = __m128i;

unit! { u8, reg_byte, "mov {unit}, [{base} + {at}]", "mov [{base} + {at}], {unit}" }
unit! { u16, reg, "mov {unit:x}, [{base} + {at}]", "mov [{base} + {at}], {unit:x}" }
unit! { u32, reg, "mov {unit:e}, [{base} + {at}]", "mov [{base} + {at}], {unit:e}" }
unit! { u64, reg, "mov {unit}, [{base} + {at}]", "mov [{base} + {at}], {unit}" }
unit! { __m128i, xmm_reg, "movdqu {unit}, [{base} + {at}]", "movdqu [{base} + {at}], {unit}" }

/// A copy of `len` bytes, which are more than eight vectors.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes, the processor has the instructions, and if
/// the two overlap, this copy is one for such an overlap.
pub(crate) type Copy = unsafe fn(from: *const u8, to: *mut u8, len: usize);

/// Up to this length source and target fit into the first cache, and wide stores pay. For longer
/// copies they do not, and narrow loads run further ahead of the stores.
const AVX_UP_TO: usize = 16 << 10;

/// From this length on `rep movsb` makes up for its slow start, on processors where it is fast.
const STRING_FROM: usize = 8 << 10;

/// If the target is less than this after the source, whole pages aside, `rep movsb` is slow: its
/// loads seem to wait for its stores.
const ALIASED: usize = 256;

const PAGE: usize = 4096;

/// From this length on a copy would displace everything else from the caches, and most of itself.
const STREAM_FROM: usize = 16 << 20;

const KNOWN: u8 = 1;
pub(crate) const AVX: u8 = 2;
const STRING: u8 = 4;

/// Copies `len` bytes, which are more than 128, also if source and target overlap.
///
/// # Safety
/// `from` can be read and `to` written for `len` bytes.
pub(crate) unsafe fn long(from: *const u8, to: *mut u8, len: usize) {
    let (source, target) = (from.addr(), to.addr());
    let apart = source.wrapping_sub(target) >= len;
    let copy: Copy = if target.wrapping_sub(source) < len {
        backwards
    } else if apart && len >= STREAM_FROM {
        stream
    } else if apart
        && len >= STRING_FROM
        && target.wrapping_sub(source) % PAGE >= ALIASED
        && features() & STRING != 0
    {
        string
    } else if len <= AVX_UP_TO && features() & AVX != 0 {
        avx
    } else {
        sse
    };
    // SAFETY: the caller's; the copy is one for this processor and for this overlap.
    unsafe { copy(from, to, len) };
}

/// Which of the features used here the processor and the system have. They are asked once, because
/// that takes microseconds in a virtual machine.
pub(crate) fn features() -> u8 {
    static FEATURES: AtomicU8 = AtomicU8::new(0);
    let mut features = FEATURES.load(Relaxed);
    if features == 0 {
        features = KNOWN;
        let [last, vendor, ..] = cpuid(0);
        let [_, _, ecx, _] = cpuid(1);
        // The processor has AVX and XGETBV, and the system saves the registers.
        if ecx & (0b11 << 27) == 0b11 << 27 && xgetbv() & 0b110 == 0b110 {
            features |= AVX;
        }
        // With ERMS, Intel's `rep movsb` writes lines without reading them first. AMD's is slow at
        // some distances between source and target.
        if vendor.to_le_bytes() == *b"Genu" && last >= 7 && cpuid(7)[1] & (1 << 9) != 0 {
            features |= STRING;
        }
        FEATURES.store(features, Relaxed);
    }
    features
}

/// EAX, EBX, ECX and EDX of this leaf.
fn cpuid(leaf: u32) -> [u32; 4] {
    let (eax, ebx, ecx, edx);
    // SAFETY: every x86_64 processor has CPUID. RBX is saved, because the compiler reserves it.
    unsafe {
        asm!("mov {ebx:r}, rbx", "cpuid", "xchg {ebx:r}, rbx", ebx = out(reg) ebx,
            inout("eax") leaf => eax, inout("ecx") 0 => ecx, out("edx") edx,
            options(nomem, nostack, preserves_flags));
    }
    [eax, ebx, ecx, edx]
}

/// The low half of the register that says which registers the system saves. Only for processors
/// that have XGETBV.
fn xgetbv() -> u32 {
    let eax;
    // SAFETY: the caller has checked that the processor has it.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") eax, out("edx") _,
            options(nomem, nostack, preserves_flags));
    }
    eax
}

/// A macro, because three copies differ in their loops only. The first 32 bytes and the last 64 are
/// loaded before the loop and stored after it, so that the loop's stores are aligned.
macro_rules! forwards {
    ($name:ident, $start:literal, $mov:literal, [$($step:literal)*], $end:literal) => {
        /// # Safety
        /// As [`Copy`]; the target does not begin within the source.
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
forwards! { avx, "", "vmovdqu", [
    "vmovdqu xmm0, [rsi + rdi]" "vinsertf128 ymm0, ymm0, [rsi + rdi + 16], 1"
    "vmovdqu xmm1, [rsi + rdi + 32]" "vinsertf128 ymm1, ymm1, [rsi + rdi + 48], 1"
    "vmovdqa [rdi], ymm0" "vmovdqa [rdi + 32], ymm1"
], "vzeroupper" }
forwards! { stream, "sfence", "movdqu", [
    "movdqu xmm0, [rsi + rdi]" "movdqu xmm1, [rsi + rdi + 16]" "movdqu xmm2, [rsi + rdi + 32]"
    "movdqu xmm3, [rsi + rdi + 48]" "movntdq [rdi], xmm0" "movntdq [rdi + 16], xmm1"
    "movntdq [rdi + 32], xmm2" "movntdq [rdi + 48], xmm3"
], "sfence" }

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
