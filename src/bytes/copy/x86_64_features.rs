//! What the processor and the system have of what copies on `x86_64` can use.

use core::arch::asm;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

pub(crate) const KNOWN: u8 = 1;
pub(crate) const AVX: u8 = 2;
pub(crate) const AVX512: u8 = 4;
pub(crate) const STRING: u8 = 8;

/// Which of the features used here the processor and the system have. They are asked once, because
/// that takes microseconds in a virtual machine.
#[inline]
pub(super) fn features() -> u8 {
    match FEATURES.load(Relaxed) {
        0 => {
            let features = ask();
            FEATURES.store(features, Relaxed);
            features
        }
        features => features,
    }
}

/// 0 before they are asked.
pub(crate) static FEATURES: AtomicU8 = AtomicU8::new(0);

#[cold]
pub(crate) fn ask() -> u8 {
    let mut features = KNOWN;
    let [last, vendor, ..] = cpuid(0);
    let [_, _, ecx, _] = cpuid(1);
    // The processor has AVX and XGETBV, and the system saves the registers.
    let saved = if ecx & (0b11 << 27) == 0b11 << 27 {
        xgetbv()
    } else {
        0
    };
    if saved & 0b110 == 0b110 {
        features |= AVX;
    }
    if vendor.to_le_bytes() == *b"Genu" && last >= 7 {
        let [_, ebx, ..] = cpuid(7);
        // With AVX512F. On AMD's processors, that is not faster.
        if ebx & (1 << 16) != 0 && saved & 0b1110_0110 == 0b1110_0110 {
            features |= AVX512;
        }
        // With ERMS, `rep movsb` writes lines without reading them first. AMD's is slow at some
        // distances between source and target.
        if ebx & (1 << 9) != 0 {
            features |= STRING;
        }
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
