//! Mappings: extents, rights, and the calls on a mapping.

use rawshm::{Advice, Errno, Error, Extent, Mapping, Object, Operation, Options, Size};
use rawshm_tests::UniqueName;

fn map_error<T>(result: Result<T, Error>) -> Errno {
    let error = result.err().expect("an error");
    assert_eq!(error.operation(), Operation::Map);
    error.errno()
}

fn part(offset: u64, len: usize) -> Extent {
    Extent::Part { offset, len }
}

#[test]
#[cfg(target_os = "linux")]
fn a_request_beyond_the_size_is_an_error() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(100)).expect("created");
    for extent in [
        Extent::first(101),
        part(100, 1),
        part(99, 2),
        part(1 << 40, 1),
    ] {
        assert_eq!(map_error(object.map(extent)), Errno::NXIO);
        assert_eq!(map_error(Mapping::open(&name, extent)), Errno::NXIO);
        assert_eq!(
            map_error(Mapping::open_read_write(&name, extent)),
            Errno::NXIO
        );
    }
    assert_eq!(object.map(Extent::first(100)).expect("mapped").len(), 100);
    assert_eq!(object.map(part(99, 1)).expect("mapped").len(), 1);
}

#[test]
fn an_empty_request_is_an_error() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(100)).expect("created");
    assert_eq!(map_error(object.map(Extent::first(0))), Errno::INVAL);
    assert_eq!(map_error(object.map(part(50, 0))), Errno::INVAL);
    assert_eq!(map_error(object.map(part(u64::MAX, 1))), Errno::OVERFLOW);
    assert_eq!(map_error(object.map(part(1, usize::MAX))), Errno::OVERFLOW);
}

#[test]
#[cfg(target_os = "linux")]
fn the_whole_of_an_empty_object_cannot_be_mapped_and_nothing_is_left_behind() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(0)).expect("created");
    assert_eq!(map_error(object.map(Extent::Whole)), Errno::INVAL);
    let name = UniqueName::new();
    assert_eq!(
        map_error(Mapping::create(&name, Size::Sparse(0))),
        Errno::INVAL
    );
    assert!(name.path().symlink_metadata().is_err());
}

#[test]
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn an_object_larger_than_the_address_space_is_not_left_behind() {
    let name = UniqueName::new();
    let created = Mapping::create(&name, Size::Sparse(1 << 56));
    assert_eq!(map_error(created), Errno::NOMEM);
    assert!(name.path().symlink_metadata().is_err());
}

#[test]
#[cfg(target_os = "linux")]
fn a_size_that_a_peer_has_changed_is_the_size_that_counts() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(4096)).expect("created");
    let reader = Object::open(&name).expect("opened");
    object.resize(Size::Sparse(10)).expect("shrunk");
    assert_eq!(map_error(reader.map(Extent::first(4096))), Errno::NXIO);
    object.resize(Size::Sparse(1 << 20)).expect("grown");
    assert_eq!(reader.map(Extent::Whole).expect("mapped").len(), 1 << 20);
}

#[test]
#[cfg(target_os = "linux")]
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

#[test]
fn a_mapping_outlives_its_object_and_its_name() {
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(8)).expect("created");
    let writer = object.map(Extent::first(8)).expect("mapped");
    let reader = Mapping::open(&name, Extent::first(8)).expect("mapped");
    drop(object);
    rawshm::unlink(&name).expect("unlinked");
    writer.store(0, &5_u64).expect("within");
    assert_eq!(reader.load::<u64>(0).expect("within"), 5);
}

#[test]
fn rights_given_up_leave_the_bytes_readable() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(8)).expect("created");
    let writer = Mapping::open_read_write(&name, Extent::first(8)).expect("mapped");
    let reader = mapping.into_read_only().expect("protected");
    writer.store(0, &5_u64).expect("within");
    assert_eq!(reader.load::<u64>(0).expect("within"), 5);
    let object = Object::open_read_write(&name)
        .expect("opened")
        .into_read_only();
    assert_eq!(
        object.map(Extent::first(8)).expect("mapped").load::<u64>(0),
        Ok(5)
    );
}

/// The line of /proc/self/maps or the block of /proc/self/smaps that an address is in.
#[cfg(target_os = "linux")]
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
#[cfg(target_os = "linux")]
fn memory_is_mapped_shared_with_the_rights_of_the_type_and_unmapped_on_drop() {
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
#[cfg(target_os = "linux")]
fn prefaulting_gets_every_page() {
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
fn a_mapping_can_be_locked_and_unlocked() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(4096)).expect("created");
    mapping.lock().expect("one page is within every limit");
    #[cfg(target_os = "linux")]
    {
        let block = area("/proc/self/smaps", mapping.as_ptr()).expect("mapped");
        assert!(block.contains("Locked:                4 kB"), "{block}");
    }
    mapping.unlock().expect("unlocked");
    #[cfg(target_os = "linux")]
    {
        let block = area("/proc/self/smaps", mapping.as_ptr()).expect("mapped");
        assert!(block.contains("Locked:                0 kB"), "{block}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn advice_reaches_the_kernel() {
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
#[cfg(target_os = "linux")]
fn four_gigabytes_cost_one_page() {
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
