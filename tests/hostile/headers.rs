//! Every change of one byte of a snapshot's header, and random ones, beside what its page says.

use rawshm::snapshot::{self, Layout, Overrun, Reader, Writer};
use rawshm::{Extent, Mapping, Object, ReadWrite, Size};
use rawshm_tests::UniqueName;
use rawshm_tests::header::{
    BYTE_ORDER, FINGERPRINT, HEADER, LAST, SLOTS, VALUE_SIZE, VERSION, stamp,
};
use rawshm_tests::random::Random;

use crate::cells::Cells;

/// An object of two slots for a `u64`: the second has the value of number 1, the first none.
type Bytes = [u8; HEADER + 2 * 64];
const OLD: u64 = 0x0123_4567_89ab_cdef;
const NEW: u64 = 7;

/// A snapshot's bytes, as a writer makes them.
fn whole() -> Bytes {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &OLD).expect("created"));
    let mapping = Mapping::open(&name, Extent::Whole).expect("mapped");
    assert_eq!(mapping.len(), size_of::<Bytes>());
    mapping.load(0).expect("within")
}

/// The bytes as the page of the module `snapshot` describes them.
struct Described<'a>(&'a Bytes);

impl Described<'_> {
    fn u32(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.0[at..at + 4].try_into().expect("4 bytes"))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.0[at..at + 8].try_into().expect("8 bytes"))
    }

    /// All that is wrong with it, for a reader of a `u64`.
    fn faults(&self) -> Vec<snapshot::Error> {
        use snapshot::Error;
        let mut faults = Vec::new();
        let magic: [u8; 8] = self.0[..8].try_into().expect("8 bytes");
        if magic != *b"rawshm:S" {
            faults.push(Error::Foreign { found: magic });
        }
        if self.u32(BYTE_ORDER) != 0x0102_0304 {
            faults.push(Error::ByteOrder);
        }
        let (found, expected) = (self.u32(VERSION), 2);
        if found != expected {
            faults.push(Error::Version { found, expected });
        }
        let (found, expected) = (self.u64(VALUE_SIZE), 8);
        if found != expected {
            faults.push(Error::ValueSize { found, expected });
        }
        let (found, expected) = (self.u64(FINGERPRINT), u64::FINGERPRINT);
        if found != expected {
            faults.push(Error::Fingerprint { found, expected });
        }
        let slots = self.u32(SLOTS);
        let possible: Vec<u32> = (1..=16).map(|power| 1 << power).collect();
        if !possible.contains(&slots) {
            faults.push(Error::Slots { found: slots });
        }
        let (found, expected) = (192, 64 + 64 * u64::from(slots));
        if possible.contains(&slots) && found < expected {
            faults.push(Error::ObjectSize { found, expected });
        }
        faults
    }

    /// Whether it is a snapshot of this version, of whatever type.
    fn is_known(&self) -> bool {
        let unknown = |fault: &_| {
            use snapshot::Error::{ByteOrder, Foreign, Version};
            matches!(fault, Foreign { .. } | ByteOrder | Version { .. })
        };
        !self.faults().iter().any(unknown)
    }

    fn is_retired(&self) -> bool {
        self.u64(LAST) % 2 == 1
    }

    fn last(&self) -> u64 {
        self.u64(LAST) & !1
    }

    /// The stamp in the slot of a number.
    fn stamp(&self, number: u64) -> u64 {
        self.u64(if number % 2 == 0 { HEADER } else { HEADER + 64 })
    }

    /// What is loaded: the number and the value, if the slot of the last number has it.
    fn loaded(&self) -> Result<(u64, u64), Overrun> {
        let number = self.last() / 2;
        match (self.stamp(number) == self.last(), number % 2) {
            (true, 0) => Ok((number, 0)),
            (true, _) => Ok((number, OLD)),
            (false, _) => Err(Overrun),
        }
    }

    /// The number after which a writer goes on that takes over.
    fn taken_over(&self) -> u64 {
        let number = self.last() / 2;
        let next = (number + 1) % (1 << 63);
        if self.stamp(next) == stamp(next) {
            next
        } else {
            number
        }
    }
}

/// Checks that a result is one of these errors, or none if there are none.
fn fits<T>(what: &str, result: &Result<T, snapshot::Error>, faults: &[snapshot::Error]) {
    match result {
        Ok(_) => assert_eq!(faults, [], "{what}"),
        Err(error) => assert!(faults.contains(error), "{what}: {error:?}, not {faults:?}"),
    }
}

/// Opens, takes over, replaces and reaps an object with these bytes.
fn check(bytes: &Bytes) -> &'static str {
    let described = Described(bytes);
    let faults = described.faults();
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(192)).expect("created");
    let mapping = object.map(Extent::Whole).expect("mapped");
    let put = || mapping.store(0, bytes).expect("within");

    put();
    let opened = Reader::<u64>::open(&name);
    fits("open", &opened, &faults);
    if let Ok(reader) = &opened {
        assert_eq!(reader.is_retired(), described.is_retired());
        assert_eq!(reader.load_with_sequence(), described.loaded());
    }
    let taken = Writer::<u64>::open(&name);
    if described.is_known() && described.is_retired() {
        fits("take over", &taken, &[snapshot::Error::Retired]);
    } else {
        fits("take over", &taken, &faults);
    }
    if let (Ok(mut writer), Ok(reader)) = (taken, opened) {
        assert_eq!(writer.sequence(), described.taken_over());
        writer.store(&NEW);
        let next = (described.taken_over() + 1) % (1 << 63);
        assert_eq!(reader.load_with_sequence(), Ok((next, NEW)));
    }
    put();
    ends(&mapping, &described, || {
        drop(Writer::replace(&name, 2, &NEW).expect("replaced"));
        assert_eq!(Reader::<u64>::open(&name).expect("new").load(), Ok(NEW));
        assert_eq!(snapshot::reap(&name), Ok(true));
    });
    match faults.first() {
        None => "is opened",
        Some(_) if described.is_known() => "is refused as another snapshot",
        Some(_) => "is refused as no snapshot",
    }
}

/// Checks that the readers of an object learn of its end, and that nothing else in it changes.
fn ends(mapping: &Mapping<ReadWrite>, described: &Described<'_>, end: impl FnOnce()) {
    end();
    let mut expected = *described.0;
    if described.is_known() {
        let retired = described.u64(LAST) | 1;
        expected[LAST..LAST + 8].copy_from_slice(&retired.to_ne_bytes());
    }
    let found: Bytes = mapping.load(0).expect("within");
    assert_eq!(found[..HEADER], expected[..HEADER], "after its end");
}

/// Checks these bytes, and adds what came of it.
fn add(cells: &mut Cells, what: &str, bytes: &Bytes) {
    let checked = std::panic::catch_unwind(|| check(bytes));
    cells.add(checked.map_err(|panic| {
        let why = panic.downcast_ref::<String>().cloned();
        format!("{what}: {}", why.unwrap_or_default())
    }));
}

#[test]
fn every_change_of_a_byte_of_a_header_is_answered_as_documented() {
    let mut cells = Cells::all("headers with a changed byte");
    let whole = whole();
    add(&mut cells, "unchanged", &whole);
    for at in 0..HEADER {
        // Those of a single bit are among them.
        for change in 1..=u8::MAX {
            let mut bytes = whole;
            bytes[at] ^= change;
            add(&mut cells, &format!("byte {at} ^ {change:#x}"), &bytes);
        }
    }
    cells.end();
}

/// A field, and values that it may be given.
fn change(random: &mut Random, bytes: &mut Bytes) {
    let numbers = [
        0_u64,
        1,
        2,
        3,
        4,
        8,
        64,
        192,
        1 << 16,
        1 << 17,
        1 << 32,
        1 << 63,
    ];
    let number = random
        .of(&numbers)
        .wrapping_add(random.below(3))
        .wrapping_sub(1);
    let fields = [
        0,
        VERSION,
        BYTE_ORDER,
        FINGERPRINT,
        VALUE_SIZE,
        SLOTS,
        LAST,
        48,
    ];
    let field = random.of(&fields);
    match random.below(4) {
        0 => bytes[random.index(HEADER)] ^= 1 << random.below(8),
        1 => bytes[LAST..LAST + 8].copy_from_slice(&number.to_ne_bytes()),
        2 => bytes[field..field + 4].copy_from_slice(&number.to_ne_bytes()[..4]),
        _ => {
            for byte in &mut bytes[field..field + 8] {
                *byte = random.below(256).try_into().expect("a byte");
            }
        }
    }
}

#[test]
fn random_changes_of_a_header_are_answered_as_documented() {
    let mut cells = Cells::one_of(10, "headers with random changes");
    let whole = whole();
    for cell in 0..50_000 {
        let mut bytes = whole;
        for _ in 0..=cells.random.below(3) {
            change(&mut cells.random, &mut bytes);
        }
        if cells.takes() {
            let header = bytes[..HEADER].escape_ascii();
            add(&mut cells, &format!("cell {cell}, {header}"), &bytes);
        }
    }
    cells.end();
}
