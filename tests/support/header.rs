//! Where everything is in a snapshot's object, as its documentation says.

use rawshm::{Extent, Mapping, Name};

pub const VERSION: usize = 8;
pub const BYTE_ORDER: usize = 12;
pub const FINGERPRINT: usize = 16;
pub const VALUE_SIZE: usize = 24;
pub const SLOTS: usize = 32;
/// The stamp of the last value.
pub const LAST: usize = 40;
/// The half of it on which readers sleep.
pub const LAST_LOWER: usize = if cfg!(target_endian = "little") {
    LAST
} else {
    LAST + 4
};
/// The size of the header.
pub const HEADER: usize = 64;

/// The stamp of a value.
#[must_use]
pub const fn stamp(number: u64) -> u64 {
    number << 1
}

/// The offset of a value in its slot.
#[must_use]
pub const fn value_offset(value_size: usize) -> usize {
    if value_size <= 56 { 8 } else { 64 }
}

/// The distance between two slots.
#[must_use]
pub const fn stride(value_size: usize) -> usize {
    (value_offset(value_size) + value_size).next_multiple_of(64)
}

/// The offset of the slot of a number.
#[must_use]
pub fn slot(number: u64, slots: u64, value_size: usize) -> usize {
    let slot = usize::try_from(number % slots).expect("few slots");
    HEADER + slot * stride(value_size)
}

/// Puts this number into the header, which has a later one: as if the writer was killed before it
/// has published the value after it.
///
/// # Panics
/// If there is no such snapshot.
pub fn unpublish(name: &Name, last: u64) {
    let mapping = Mapping::open_read_write(name, Extent::Whole).expect("mapped");
    mapping.store(LAST, &stamp(last)).expect("within");
}

/// Retires a snapshot as a process does that is killed before it wakes the readers.
///
/// # Panics
/// If there is no such snapshot.
pub fn retire_unheard(name: &Name) {
    let mapping = Mapping::open_read_write(name, Extent::Whole).expect("mapped");
    let last: u64 = mapping.load(LAST).expect("within");
    mapping.store(LAST, &(last | 1)).expect("within");
}
