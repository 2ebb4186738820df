//! The format of a snapshot's object, and what a writer leaves in it that is killed in the middle
//! of a store.

use std::time::Duration;

#[cfg(target_os = "linux")]
use rawshm::snapshot::Follower;
use rawshm::snapshot::{self, Deadline, Layout, Reader, Writer};
use rawshm::{Extent, Mapping, Name};
use rawshm_tests::UniqueName;
use rawshm_tests::header::{
    BYTE_ORDER, FINGERPRINT, LAST, LAST_LOWER, SLOTS, VALUE_SIZE, VERSION, retire_unheard, slot,
    stamp, unpublish,
};
#[cfg(target_os = "linux")]
use rawshm_tests::rungs;
use rawshm_tests::watchdog::watchdog;

#[test]
fn the_object_is_laid_out_as_documented() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 4, &[1_u32, 2, 3]).expect("created");
    writer.store(&[4, 5, 6]);
    let object = Mapping::open(&name, Extent::Whole).expect("mapped");
    assert_eq!(object.load(0), Ok(*b"rawshm:S"));
    assert_eq!(object.load(VERSION), Ok(2_u32));
    assert_eq!(object.load(BYTE_ORDER), Ok(0x0102_0304_u32));
    assert_eq!(object.load(FINGERPRINT), Ok(<[u32; 3]>::FINGERPRINT));
    assert_eq!(object.load(VALUE_SIZE), Ok(12_u64));
    assert_eq!(object.load(SLOTS), Ok(4_u32));
    assert_eq!(object.load(36), Ok(0_u32));
    assert_eq!(object.load(LAST), Ok(4_u64));
    assert_eq!(object.load(LAST_LOWER), Ok(4_u32));
    assert_eq!(object.load(48), Ok([0_u64; 2]));
    assert_eq!(object.load(64), Ok([0_u64; 8]));
    assert_eq!(object.load(64 + 64), Ok(2_u64));
    assert_eq!(object.load(64 + 64 + 8), Ok([1_u32, 2, 3]));
    assert_eq!(object.load(64 + 2 * 64), Ok(4_u64));
    assert_eq!(object.load(64 + 2 * 64 + 8), Ok([4_u32, 5, 6]));
    if cfg!(target_os = "linux") {
        assert_eq!(object.len(), 64 + 4 * 64);
    }
    writer.retire();
    assert_eq!(object.load(LAST), Ok(5_u64));
}

/// Values of `WORDS` words, which are at `OFFSET` in slots of `STRIDE` bytes.
#[track_caller]
fn each_in_its_slot<const WORDS: usize, const OFFSET: usize, const STRIDE: usize>(slots: u32)
where
    [u64; WORDS]: Layout,
{
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, slots, &[1_u64; WORDS]).expect("created");
    let object = Mapping::open(&name, Extent::Whole).expect("mapped");
    for number in 1..=40 {
        let slot = 64 + usize::try_from(number % u64::from(slots)).expect("few") * STRIDE;
        assert_eq!(object.load(slot), Ok(2 * number));
        assert_eq!(object.load(slot + OFFSET), Ok([number; WORDS]));
        writer.store(&[number + 1; WORDS]);
    }
}

#[test]
fn each_value_is_in_the_slot_of_its_number() {
    for slots in [2, 4, 16] {
        each_in_its_slot::<1, 8, 64>(slots);
        each_in_its_slot::<7, 8, 64>(slots);
        each_in_its_slot::<8, 64, 128>(slots);
        each_in_its_slot::<9, 64, 192>(slots);
    }
}

#[test]
fn the_next_writer_adopts_a_value_that_is_whole_but_not_published() {
    for slots in [2, 4] {
        let name = UniqueName::new();
        let mut writer = Writer::create(&name, slots, &1_u32).expect("created");
        let mut reader = Reader::<u32>::open(&name).expect("opened");
        assert_eq!(reader.try_next(), Ok(Some(1)));
        writer.store(&2);
        drop(writer);
        unpublish(&name, 1);
        let object = Mapping::open(&name, Extent::Whole).expect("mapped");
        let late = Reader::<u32>::open(&name).expect("opened");
        assert_eq!(late.load_with_sequence(), Ok((1, 1)));
        assert_eq!(reader.try_next(), Ok(Some(2)));
        assert_eq!(reader.load_with_sequence(), Ok((2, 2)), "never backwards");
        assert_eq!(reader.try_next(), Ok(None));

        let mut writer = Writer::<u32>::open(&name).expect("taken over");
        assert_eq!((writer.sequence(), writer.load()), (2, 2));
        assert_eq!(object.load(LAST), Ok(stamp(2)));
        assert_eq!(late.load_with_sequence(), Ok((2, 2)));
        writer.store(&3);
        assert_eq!(reader.try_next(), Ok(Some(3)));
    }
}

/// Leaves two values, of which the second is whole, but not published: as a writer that is killed
/// in between.
fn unpublished(name: &Name) {
    let mut writer = Writer::create(name, 4, &1_u32).expect("created");
    writer.store(&2);
    unpublish(name, 1);
}

#[test]
fn waiting_and_loading_agree_on_the_last_value() {
    let name = UniqueName::new();
    unpublished(&name);
    let reader = Reader::<u32>::open(&name).expect("opened");
    let soon = Deadline::after(Duration::from_millis(5)).expect("a clock");
    assert_eq!(reader.load_with_sequence(), Ok((1, 1)));
    assert_eq!(reader.wait(1, soon), Ok(false));
    for none in [2, (1 << 63) - 1, 1 << 63, u64::MAX] {
        assert_eq!(reader.wait(none, soon), Ok(false), "{none}");
    }
    let writer = Writer::<u32>::open(&name).expect("taken over");
    assert_eq!(reader.wait(1, watchdog()), Ok(true));
    assert_eq!(reader.load_with_sequence(), Ok((2, 2)));
    writer.retire();
    assert_eq!(reader.wait(2, watchdog()), Err(snapshot::Error::Retired));

    let name = UniqueName::new();
    unpublished(&name);
    let mut reader = Reader::<u32>::open(&name).expect("opened");
    retire_unheard(&name);
    assert_eq!(reader.wait(1, watchdog()), Err(snapshot::Error::Retired));
    assert_eq!(reader.next(watchdog()), Ok(Some(1)));
    assert_eq!(reader.next(watchdog()), Ok(Some(2)));
    assert_eq!(reader.next(watchdog()), Err(snapshot::Error::Retired));
}

#[cfg(target_os = "linux")]
#[test]
fn a_follower_returns_each_value_once_also_if_the_name_goes_and_comes_back() {
    let name = UniqueName::new();
    unpublished(&name);
    let mut follower = Follower::<u32>::new(&name);
    assert_eq!(follower.next(watchdog()), Ok(Some(1)));
    assert_eq!(follower.next(watchdog()), Ok(Some(2)));
    // It is away when the follower asks, and back when that opens it.
    let mut asked = 0;
    let answer = || {
        asked += 1;
        rungs::Answer::FailsWith(libc::ENOENT)
    };
    let next = rungs::where_supervised(libc::SYS_newfstatat, answer, || {
        follower.next(Deadline::after(Duration::from_millis(2500)).expect("a clock"))
    });
    assert_eq!(next, Ok(None));
    assert_eq!(asked, 1);
}

#[test]
fn the_next_writer_uses_the_number_of_a_value_that_is_not_whole() {
    for slots in [2, 4] {
        let name = UniqueName::new();
        drop(Writer::create(&name, slots, &1_u32).expect("created"));
        let mut reader = Reader::<u32>::open(&name).expect("opened");
        let object = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
        // Killed in the middle of the second value.
        let begun = slot(2, slots.into(), 4);
        object.store(begun, &(stamp(2) | 1)).expect("within");
        object.store(begun + 8, &7_u32).expect("within");
        assert_eq!(reader.try_next(), Ok(Some(1)));
        assert_eq!(reader.try_next(), Ok(None));
        assert_eq!(reader.load_with_sequence(), Ok((1, 1)));

        let mut writer = Writer::<u32>::open(&name).expect("taken over");
        assert_eq!((writer.sequence(), writer.load()), (1, 1));
        assert_eq!(object.load(LAST), Ok(stamp(1)));
        assert_eq!(reader.load_with_sequence(), Ok((1, 1)));
        writer.store(&2);
        assert_eq!(writer.sequence(), 2);
        assert_eq!(reader.try_next(), Ok(Some(2)));
        assert_eq!(object.load(begun), Ok(stamp(2)));
    }
}
