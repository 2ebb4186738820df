//! Mappings on Linux: sizes to the byte, any offset, and what the kernel says about them.

#![cfg(target_os = "linux")]

use rawshm::{Advice, Errno, Extent, Mapping, Object, Operation, Options, Size};
use rawshm_tests::{UniqueName, assert_failed, is_alone};

fn part(offset: u64, len: usize) -> Extent {
    Extent::Part { offset, len }
}

#[test]
fn a_request_beyond_the_size_is_an_error() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(100)).expect("created");
    for extent in [
        Extent::first(101),
        part(100, 1),
        part(99, 2),
        part(1 << 40, 1),
    ] {
        assert_failed(object.map(extent), Operation::Map, Errno::NXIO);
        assert_failed(Mapping::open(&name, extent), Operation::Map, Errno::NXIO);
        assert_failed(
            Mapping::open_read_write(&name, extent),
            Operation::Map,
            Errno::NXIO,
        );
    }
    assert_eq!(object.map(Extent::first(100)).expect("mapped").len(), 100);
    assert_eq!(object.map(part(99, 1)).expect("mapped").len(), 1);
}

#[test]
fn the_whole_of_an_empty_object_cannot_be_mapped_and_nothing_is_left_behind() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(0)).expect("created");
    assert_failed(object.map(Extent::Whole), Operation::Map, Errno::NXIO);
    let name = UniqueName::new();
    assert_failed(
        Mapping::create(&name, Size::Sparse(0)),
        Operation::Map,
        Errno::NXIO,
    );
    assert!(name.path().symlink_metadata().is_err());
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_object_larger_than_the_address_space_is_not_left_behind() {
    let name = UniqueName::new();
    let created = Mapping::create(&name, Size::Sparse(1 << 56));
    assert_failed(created, Operation::Map, Errno::NOMEM);
    assert!(name.path().symlink_metadata().is_err());
}

#[test]
fn a_size_that_a_peer_has_changed_is_the_size_that_counts() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(4096)).expect("created");
    let reader = Object::open(&name).expect("opened");
    object.resize(Size::Sparse(10)).expect("shrunk");
    assert_failed(reader.map(Extent::first(4096)), Operation::Map, Errno::NXIO);
    object.resize(Size::Sparse(1 << 20)).expect("grown");
    assert_eq!(reader.map(Extent::Whole).expect("mapped").len(), 1 << 20);
}

#[test]
fn any_offset_can_be_mapped() {
    const SIZE: usize = 300_000;
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(300_000)).expect("created");
    let whole = object.map(Extent::Whole).expect("mapped");
    assert_eq!(whole.len(), SIZE);
    for offset in [0, 1, 4095, 4096, 65_535, 65_536, 65_537, 131_072, 299_992] {
        let at = usize::try_from(offset).expect("small");
        let window = object.map(part(offset, SIZE - at)).expect("mapped");
        let value = u64::MAX / (offset + 2);
        window.store(0, &value).expect("within");
        assert_eq!(whole.load::<u64>(at).expect("within"), value);
        assert_eq!(window.len(), SIZE - at);
        assert_eq!(window.as_ptr().addr() % 4096, at % 4096);
        let end = window.len();
        whole.store(SIZE - 1, &9_u8).expect("within");
        assert_eq!(window.load::<u8>(end - 1).expect("within"), 9);
        assert!(window.load::<u8>(end).is_err());
        window.prefault().expect("there is memory");
    }
}

/// The line of `/proc/self/maps` or the block of `/proc/self/smaps` for an address.
fn area(file: &str, address: *const u8) -> Option<String> {
    let text = std::fs::read_to_string(file).expect("/proc");
    let mut found: Option<String> = None;
    for line in text.lines() {
        let range = line.split(' ').next().expect("a word").split_once('-');
        let bounds = range.and_then(|(from, to)| {
            let number = |text| usize::from_str_radix(text, 16).ok();
            Some(number(from)?..number(to)?)
        });
        match (bounds, &mut found) {
            (Some(bounds), None) if bounds.contains(&address.addr()) => {
                found = Some(line.to_owned());
            }
            (Some(_), Some(_)) => break,
            (None, Some(block)) => *block = format!("{block}\n{line}"),
            _ => {}
        }
    }
    found
}

#[test]
fn memory_is_mapped_shared_with_the_rights_of_the_type_and_unmapped_on_drop() {
    if !is_alone(memory_is_mapped_shared_with_the_rights_of_the_type_and_unmapped_on_drop) {
        return;
    }
    let rights = |address| {
        let line = area("/proc/self/maps", address).expect("mapped");
        line.split(' ').nth(1).expect("rights").to_owned()
    };
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(1 << 20)).expect("created");
    let reader = Mapping::open(&name, Extent::Whole).expect("mapped");
    assert_eq!(rights(mapping.as_ptr()), "rw-s");
    assert_eq!(rights(reader.as_ptr()), "r--s");
    let mapping = mapping.into_read_only().expect("protected");
    assert_eq!(rights(mapping.as_ptr()), "r--s");
    let address = mapping.as_ptr();
    let own = |address| {
        let line = area("/proc/self/maps", address)?;
        line.contains(&name.argument()).then_some(())
    };
    assert!(own(address).is_some());
    drop(mapping);
    assert!(own(address).is_none());
}

#[test]
fn debug_output_of_a_mapping_shows_where_it_is() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(4096)).expect("created");
    let text = format!("{mapping:?}");
    assert!(
        text.contains(&format!("{:?}, len: 4096", mapping.as_ptr())),
        "{text}"
    );
}

#[test]
fn prefaulting_gets_every_page() {
    if !is_alone(prefaulting_gets_every_page) {
        return;
    }
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(1 << 20)).expect("created");
    let mapping = object.map(Extent::Whole).expect("mapped");
    assert_eq!(object.allocated(), Ok(0));
    mapping.prefault().expect("there is memory");
    assert_eq!(object.allocated(), Ok(1 << 20));
    let reader = Mapping::open(&name, Extent::Whole).expect("mapped");
    reader.prefault().expect("there is memory");
    let block = area("/proc/self/smaps", reader.as_ptr()).expect("mapped");
    assert!(block.contains("Rss:                1024 kB"), "{block}");
}

#[test]
fn advice_reaches_the_kernel() {
    if !is_alone(advice_reaches_the_kernel) {
        return;
    }
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(4096)).expect("created");
    let flag = |flag: &str| {
        let block = area("/proc/self/smaps", mapping.as_ptr()).expect("mapped");
        let flags = block
            .lines()
            .find(|line| line.starts_with("VmFlags:"))
            .expect("flags");
        flags.split(' ').any(|word| word == flag)
    };
    assert!(!flag("dd"));
    mapping.advise(Advice::DontDump).expect("taken");
    assert!(flag("dd"));
    mapping.advise(Advice::Dump).expect("taken");
    assert!(!flag("dd"));
    mapping.advise(Advice::HugePages).expect("taken");
    assert!(flag("hg"));
    mapping.advise(Advice::NoHugePages).expect("taken");
    assert!(flag("nh"));
}

#[test]
fn four_gigabytes_cost_one_page() {
    if !is_alone(four_gigabytes_cost_one_page) {
        return;
    }
    let name = UniqueName::new();
    let options = Options::new();
    let mapping = options
        .create_mapping(&name, Size::Sparse(4_000_000_000))
        .expect("created");
    mapping.store(0, &[100_i64, 876, 8021]).expect("within");
    let object = Object::open(&name).expect("opened");
    assert_eq!(
        (object.size(), object.allocated()),
        (Ok(4_000_000_000), Ok(4096))
    );
    let block = area("/proc/self/smaps", mapping.as_ptr()).expect("mapped");
    assert!(block.contains("Rss:                   4 kB"), "{block}");
}

#[test]
fn locking_shows_in_what_the_kernel_counts() {
    if !is_alone(locking_shows_in_what_the_kernel_counts) {
        return;
    }
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(4096)).expect("created");
    let locked = || {
        let block = area("/proc/self/smaps", mapping.as_ptr()).expect("mapped");
        let line = block.lines().find(|line| line.starts_with("Locked:"));
        line.expect("a line").split_whitespace().nth(1) == Some("4")
    };
    assert!(!locked());
    mapping.lock().expect("one page is within every limit");
    assert!(locked());
    mapping.unlock().expect("unlocked");
    assert!(!locked());
}
