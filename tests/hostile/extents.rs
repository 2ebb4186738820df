//! Sizes, extents and bounds at their limits, each with each, beside arithmetic of 128 bits.

use rawshm::{
    AccessError, Errno, Error, Extent, Mapping, Object, Operation, Options, ReadWrite, Size,
};
use rawshm_tests::UniqueName;

use crate::cells::Cells;

/// The smallest page of any machine.
const PAGE: u64 = 4096;
/// What the offsets of mappings are rounded down to.
const GRANULE: u64 = 64 << 10;
const LARGEST: u64 = u64::MAX >> 1;

/// Numbers at which something changes, and those beside them.
fn limits() -> Vec<u64> {
    let turns = [
        1,
        8,
        PAGE,
        GRANULE,
        1 << 31,
        1 << 32,
        LARGEST - GRANULE,
        LARGEST - PAGE,
        LARGEST,
        u64::MAX - GRANULE,
        u64::MAX - PAGE,
        u64::MAX - 1,
    ];
    let mut limits: Vec<_> = turns.iter().flat_map(|at| [at - 1, *at, at + 1]).collect();
    limits.sort_unstable();
    limits.dedup();
    limits
}

fn lengths() -> Vec<usize> {
    let fit = limits().into_iter().map(usize::try_from);
    fit.filter_map(Result::ok).collect()
}

/// The library is built with the profile of its tests.
#[test]
fn arithmetic_that_overflows_panics_in_these_tests() {
    use std::hint::black_box;
    let sum = std::panic::catch_unwind(|| black_box(u8::MAX) + black_box(1));
    assert!(sum.is_err());
}

/// What creating or resizing to this size comes to.
fn sized(size: u64) -> Result<(), Error> {
    if size > LARGEST {
        return Err(Error::new(Operation::Resize, Errno::FBIG));
    }
    Ok(())
}

/// What mapping a part comes to: its length, or why it is refused.
fn mapped(size: u64, extent: Extent) -> Result<usize, Errno> {
    let (offset, len) = match extent {
        Extent::Part { offset, len } => (offset, len as u128),
        _ => (0, u128::from(size)),
    };
    let end = u128::from(offset) + len;
    let lead = u128::from(offset % GRANULE);
    match extent {
        _ if end > u128::from(u64::MAX) => Err(Errno::OVERFLOW),
        _ if end > u128::from(size) => Err(Errno::NXIO),
        Extent::Whole if len == 0 => Err(Errno::NXIO),
        _ if len == 0 => Err(Errno::INVAL),
        // No process has as many addresses.
        _ if lead + len > 1 << 46 => Err(Errno::NOMEM),
        // The kernel counts whole pages.
        _ if end.next_multiple_of(page()) > LARGEST.into() => Err(Errno::OVERFLOW),
        _ => Ok(usize::try_from(len).expect("less than the memory")),
    }
}

/// The size of a page of this machine.
fn page() -> u128 {
    // SAFETY: no pointer is passed.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    size.try_into().expect("a size")
}

/// Maps in each way, and compares the outcome.
fn map(object: &Object<ReadWrite>, name: &UniqueName, extent: Extent) -> Result<String, String> {
    let size = object.size().expect("a size");
    let expected = mapped(size, extent).map_err(|errno| Error::new(Operation::Map, errno));
    let ways = [
        object.map(extent),
        Mapping::open_read_write(name, extent),
        Options::new().open_mapping_read_write(name, extent),
    ];
    for way in ways {
        let found = way
            .as_ref()
            .map(|mapping| mapping.len())
            .map_err(|error| *error);
        if found != expected {
            return Err(format!("{extent:?} of {size}: {found:?}, not {expected:?}"));
        }
        // Its last byte is there.
        if let Ok(mapping) = way {
            let last = mapping.load::<u8>(mapping.len() - 1);
            assert_eq!(last, Ok(0), "{extent:?} of {size}");
        }
    }
    Ok(expected.map_or_else(|error| error.to_string(), |_| "mapped".to_owned()))
}

#[test]
#[cfg(target_pointer_width = "64")]
fn every_part_of_every_size_is_mapped_or_refused_as_documented() {
    let mut cells = Cells::all("sizes and parts");
    for size in limits() {
        let name = UniqueName::new();
        let created = Object::create(&name, Size::Sparse(size));
        let found = created.as_ref().map(drop).map_err(|error| *error);
        let is_right = found == sized(size);
        cells.add(if is_right {
            Ok("sized or refused")
        } else {
            Err(format!("create {size}: {found:?}"))
        });
        let Ok(object) = created else { continue };
        cells.add(map(&object, &name, Extent::Whole));
        for offset in limits() {
            for len in lengths() {
                cells.add(map(&object, &name, Extent::Part { offset, len }));
            }
        }
    }
    cells.end();
}

#[test]
fn every_size_of_a_resize_is_as_documented_and_one_that_is_refused_changes_nothing() {
    let mut cells = Cells::all("resizes");
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(0)).expect("created");
    for from in limits().into_iter().filter(|size| *size <= LARGEST) {
        for to in limits() {
            object.resize(Size::Sparse(from)).expect("possible");
            let found = object.resize(Size::Sparse(to));
            let size = object.size().expect("a size");
            let expected = if sized(to).is_ok() { to } else { from };
            let is_right = found == sized(to) && size == expected;
            cells.add(if is_right {
                Ok("resized or refused")
            } else {
                Err(format!("{from} to {to}: {found:?}, {size}"))
            });
        }
    }
    cells.end();
}

/// Whether bytes from an offset on are within, as the error has it.
fn within(offset: usize, len: u128, available: usize) -> Result<(), AccessError> {
    if offset as u128 + len <= available as u128 {
        return Ok(());
    }
    Err(AccessError::OutOfBounds {
        offset,
        len: usize::try_from(len).unwrap_or(usize::MAX),
        available,
    })
}

#[test]
fn every_offset_and_length_of_an_access_is_within_or_refused() {
    let mut cells = Cells::all("accesses");
    let mut add = |what: &str, found: Result<(), AccessError>, expected| {
        cells.add(if found == expected {
            Ok(if expected.is_ok() {
                "within"
            } else {
                "refused"
            })
        } else {
            Err(format!("{what}: {found:?}, not {expected:?}"))
        });
    };
    let mut buffer = vec![[0_u64; 3]; 3000];
    for available in [1, 7, 8, 9, 24, 4095, 4096, 4097, 65_537] {
        let name = UniqueName::new();
        let size = Size::Sparse(available.try_into().expect("small"));
        let mapping = Mapping::create(&name, size).expect("created");
        let near = [available - 1, available, available + 1];
        for offset in lengths().into_iter().chain(near) {
            let alone = within(offset, 24, available);
            add("load", mapping.load::<[u64; 3]>(offset).map(drop), alone);
            add("store", mapping.store(offset, &[0_u64; 3]), alone);
            for len in lengths().into_iter().chain(near) {
                let bytes = within(offset, len as u128, available);
                let what = format!("{len} from {offset} of {available}");
                add(&what, mapping.slice(offset, len).map(drop), bytes);
                let values = within(offset, len as u128 * 24, available);
                let what = format!("{len} times 24 bytes from {offset} of {available}");
                add(&what, mapping.fill(offset, len, [0_u64; 3]), values);
                if let Some(buffer) = buffer.get_mut(..len) {
                    add(&what, mapping.copy_to(offset, buffer), values);
                    add(&what, mapping.copy_from(offset, buffer), values);
                    add(&what, mapping.compare(offset, buffer).map(drop), values);
                }
            }
        }
    }
    cells.end();
}
