//! Fingerprints of layouts, which tell one type of value from another.

use bytemuck::Pod;

/// A plain type whose values can be published, with a fingerprint of its layout.
///
/// Writer and reader, which may be different programs in different languages, agree on the type if
/// its size and its fingerprint are the same. The language has no fingerprint of a type's layout,
/// so a type of your own describes itself, in words that change whenever its meaning does:
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use rawshm::bytemuck::{Pod, Zeroable};
/// use rawshm::snapshot::{Layout, fingerprint};
///
/// #[derive(Clone, Copy, Pod, Zeroable)]
/// #[bytemuck(crate = "rawshm::bytemuck")]
/// #[repr(C)]
/// struct Pose {
///     x: f64,
///     y: f64,
///     heading: f64,
/// }
///
/// impl Layout for Pose {
///     const FINGERPRINT: u64 = fingerprint("x: f64 [m], y: f64 [m], heading: f64 [rad]");
/// }
/// # }
/// ```
///
/// Integers and floating point numbers have the fingerprint of their Rust name, such as `"i64"`. An
/// array has that of 16 bytes: the fingerprint of its elements and their number, both as 64-bit
/// little-endian integers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Layout`, which the values of a snapshot need",
    label = "not the type of a snapshot's values",
    note = "write `impl Layout for {Self} {{ const FINGERPRINT: u64 = fingerprint(\"…\"); }}`",
    note = "it must be plain data, too: `#[derive(Clone, Copy, Pod, Zeroable)]`, feature `derive`",
    note = "a type of another crate goes into a struct of your own first"
)]
pub trait Layout: Pod {
    /// Differs from the fingerprint of any other layout.
    const FINGERPRINT: u64;
}

/// Returns the fingerprint of a description: the FNV-1a hash of its bytes, in 64 bits.
///
/// # Examples
///
/// ```
/// use rawshm::snapshot::{Layout, fingerprint};
///
/// assert_eq!(fingerprint("i64"), i64::FINGERPRINT);
/// assert_ne!(<[i64; 3]>::FINGERPRINT, <[i64; 4]>::FINGERPRINT);
/// ```
///
/// # References
/// - [RFC 9923](https://www.rfc-editor.org/rfc/rfc9923.html)
#[must_use]
pub const fn fingerprint(description: &str) -> u64 {
    hash(OFFSET_BASIS, description.as_bytes())
}

const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

#[expect(
    clippy::as_conversions,
    reason = "no other conversion is const; it loses nothing"
)]
const fn hash(start: u64, bytes: &[u8]) -> u64 {
    let mut hash = start;
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(PRIME);
        rest = tail;
    }
    hash
}

#[expect(
    clippy::as_conversions,
    reason = "no other conversion is const; no target has a usize of more than 64 bits"
)]
const fn array(element: u64, count: usize) -> u64 {
    let hash_of_element = hash(OFFSET_BASIS, &element.to_le_bytes());
    hash(hash_of_element, &(count as u64).to_le_bytes())
}

/// A macro, as each impl differs in the name of its type only, as a type and as a text.
macro_rules! layouts {
    ($($scalar:ident)*) => {
        $(impl Layout for $scalar {
            const FINGERPRINT: u64 = fingerprint(stringify!($scalar));
        })*
    };
}

layouts! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 }

impl<T: Layout, const N: usize> Layout for [T; N]
where
    [T; N]: Pod,
{
    const FINGERPRINT: u64 = array(T::FINGERPRINT, N);
}
