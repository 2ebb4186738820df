//! Headers of a hostile writer lead to an error or to some value, but to no panic, to no endless
//! loop and to no byte outside the slots.

#![cfg(target_os = "linux")]

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use rawshm::snapshot::{self, Deadline, Layout, Overrun, Reader, Writer};
use rawshm::{Extent, Mapping, Object, ReadOnly, ReadWrite, Size};
use rawshm_tests::UniqueName;
use rawshm_tests::header::{HEADER, LAST, LAST_LOWER, SLOTS, VERSION, slot, stamp, stride};
use rawshm_tests::watchdog::{watchdog, watched};

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(5)).expect("a clock")
}

fn passed() -> Deadline {
    Deadline::after(Duration::ZERO).expect("a clock")
}

/// Changes bytes in a loop, until this is dropped.
struct Hostile {
    ended: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Hostile {
    /// Begins, and returns after the first change.
    fn new(mapping: Mapping<ReadWrite>, act: fn(&Mapping<ReadWrite>)) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let (say, begun) = mpsc::channel();
        let thread = thread::spawn({
            let ended = ended.clone();
            move || {
                act(&mapping);
                say.send(()).expect("a listener");
                while !ended.load(Ordering::Relaxed) {
                    act(&mapping);
                }
            }
        });
        begun.recv().expect("it has begun");
        let thread = Some(thread);
        Self { ended, thread }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One byte repeated, so that a load from elsewhere shows. It fills almost a page.
type Marked = [u8; 4000];
const MARK: u8 = 0x11;
const ELSEWHERE: u8 = 0xee;

/// The value of a number that the marks never change.
fn mark(mapping: &Mapping<ReadWrite>, number: u64, slots: u64) {
    let slot = slot(number, slots, 4000);
    mapping.store(slot, &stamp(number)).expect("within");
    mapping.store(slot + 64, &[MARK; 4000]).expect("within");
}

/// A snapshot with one mark in its slots, and another one in all bytes after them.
fn marked(name: &UniqueName, slots: u32) -> Mapping<ReadWrite> {
    drop(Writer::create(name, slots, &[MARK; 4000]).expect("created"));
    let object = Object::open_read_write(name).expect("opened");
    let size = object.size().expect("a size");
    object
        .resize(Size::Sparse(size.next_multiple_of(4096)))
        .expect("grown");
    let mapping = object.map(Extent::Whole).expect("mapped");
    let fill = vec![ELSEWHERE; mapping.len() - HEADER];
    mapping.copy_from(HEADER, &fill).expect("within");
    for number in 1..=slots.into() {
        mark(&mapping, number, slots.into());
    }
    mapping
}

/// Opens as this type, does all that a reader can do, and returns what it found first.
fn read<T: Layout>(object: &Object<ReadWrite>) -> Result<(u64, T), snapshot::Error> {
    let mut reader = Reader::<T>::of(object)?;
    let loaded = reader.load_with_sequence()?;
    let _ = reader.load();
    let _ = reader.load_part(0, &mut [0]);
    let _ = reader.try_next();
    let _ = reader.is_retired();
    let _ = reader.wait(loaded.0, passed());
    let _ = reader.next(passed());
    let _ = reader.next(passed());
    Ok(loaded)
}

/// Does all that a writer can do.
fn write<T: Layout>(name: &UniqueName, value: &T) -> Result<(), snapshot::Error> {
    let mut writer = Writer::<T>::open(name)?;
    let last = writer.sequence();
    writer.store(value);
    assert_eq!(writer.sequence(), last.wrapping_add(1) % (1 << 63));
    let _ = writer.load();
    writer.notify()?;
    let reader = Reader::<T>::open(name)?;
    assert_eq!(reader.load_with_sequence()?.0, writer.sequence());
    Ok(())
}

/// A header with some bytes changed.
fn header() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>(), 0..=HEADER);
    let mutations = prop::collection::vec((0..HEADER, any::<u8>()), 0..4);
    // Values that pass each check, and values that almost do.
    let slots = prop_oneof![
        Just(2_u32),
        Just(4),
        Just(16),
        Just(64),
        Just(65536),
        any::<u32>()
    ];
    let last = prop_oneof![Just(0_u64), Just(2), Just(3), Just(u64::MAX), any::<u64>()];
    let fingerprint = prop_oneof![
        Just((u8::FINGERPRINT, 1_u64)),
        Just((u64::FINGERPRINT, 8)),
        Just((<[i64; 3]>::FINGERPRINT, 24)),
        Just((<[u8; 0]>::FINGERPRINT, 0)),
        Just((<[u8; 1000]>::FINGERPRINT, 1000)),
    ];
    let valid = (slots, last, fingerprint, mutations);
    let valid = valid.prop_map(|(slots, last, (print, size), mutations)| {
        let mut header = b"rawshm:S".to_vec();
        header.extend(2_u32.to_ne_bytes());
        header.extend(0x0102_0304_u32.to_ne_bytes());
        header.extend(print.to_ne_bytes());
        header.extend(size.to_ne_bytes());
        header.extend(slots.to_ne_bytes());
        header.extend(0_u32.to_ne_bytes());
        header.extend(last.to_ne_bytes());
        header.resize(HEADER, 0);
        for (place, byte) in mutations {
            header[place] = byte;
        }
        header
    });
    prop_oneof![1 => bytes, 4 => valid]
}

/// Sizes of which at most a page of slots is reserved.
fn object_size() -> impl Strategy<Value = u64> {
    prop_oneof![0..=4096_u64, Just(64), Just(192), Just(4096)]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_are_an_error_or_some_value(header in header(), size in object_size()) {
        let name = UniqueName::new();
        let object = Object::create(&name, Size::Sparse(size)).expect("created");
        if let Ok(mapping) = object.map(Extent::Whole) {
            let fit = header.len().min(mapping.len());
            mapping.copy_from(0, &header[..fit]).expect("within");
        }
        let _ = read::<u8>(&object);
        let _ = read::<u64>(&object);
        let _ = read::<[i64; 3]>(&object);
        let _ = read::<[u8; 0]>(&object);
        let _ = read::<[u8; 1000]>(&object);
        let _ = read::<[u64; 1 << 14]>(&object);
        let _ = write(&name, &1_u8);
        let _ = write(&name, &1_u64);
        let _ = write(&name, &[1_i64; 3]);
        let _ = write(&name, &[1_u8; 0]);
        let _ = write(&name, &[1_u8; 1000]);
        // Whatever it was, it can be replaced.
        let writer = Writer::replace(&name, 2, &7_u16).expect("replaced");
        prop_assert_eq!(Reader::<u16>::open(&name).expect("opened").load(), Ok(7));
        prop_assert!(object.is_unlinked().expect("a status"));
        drop(writer);
    }

    #[test]
    fn a_header_that_changes_after_the_opening_leads_nowhere_else(
        slots in any::<u32>(),
        lasts in prop::collection::vec(any::<u64>(), 1..8),
        others in any::<[u8; 64]>(),
    ) {
        let name = UniqueName::new();
        let mapping = marked(&name, 2);
        let mut reader = Reader::<Marked>::open(&name).expect("opened");
        mapping.store(SLOTS, &slots).expect("within");
        for last in lasts {
            mapping.store(LAST, &last).expect("within");
            // There is no such value, unless the stamp of its slot says so.
            if last / 2 > 2 {
                prop_assert_eq!(reader.load_with_sequence(), Err(Overrun));
            }
            let number = last / 2;
            mark(&mapping, number, 2);
            let (found, value) = reader.load_with_sequence().expect("it stays");
            prop_assert_eq!(found, number);
            prop_assert!(value.iter().all(|byte| *byte == MARK), "from elsewhere");
        }
        mapping.store(0, &others).expect("within");
        if let Ok(value) = reader.load() {
            prop_assert!(value.iter().all(|byte| *byte == MARK), "from elsewhere");
        }
        let _ = reader.next(passed());
        let _ = reader.next(passed());
    }

    #[test]
    fn a_header_that_changes_under_a_writer_leads_it_nowhere_else(others in any::<[u8; 64]>()) {
        let name = UniqueName::new();
        let mapping = marked(&name, 2);
        let mut writer = Writer::<Marked>::open(&name).expect("opened");
        mapping.store(0, &others).expect("within");
        for _ in 0..5 {
            writer.store(&[0x22; 4000]);
            prop_assert!(writer.load() == [0x22; 4000]);
        }
        let mut all = vec![0; mapping.len()];
        mapping.copy_to(0, &mut all).expect("within");
        let after = HEADER + 2 * stride(4000);
        prop_assert!(all[after..].iter().all(|byte| *byte == ELSEWHERE), "written elsewhere");
    }
}

#[test]
fn any_number_of_63_bits_is_valid_and_the_last_one_wraps() {
    for slots in [2_u32, 4, 8] {
        let name = UniqueName::new();
        let mapping = marked(&name, slots);
        for number in [(1 << 63) - 1, (1 << 63) - 2, 1 << 31, 1 << 62] {
            mapping.store(LAST, &stamp(number)).expect("within");
            mark(&mapping, number, slots.into());
            let reader = Reader::<Marked>::open(&name).expect("opened");
            let (found, value) = reader.load_with_sequence().expect("a value");
            assert!(found == number && value == [MARK; 4000]);
            let mut writer = Writer::<Marked>::open(&name).expect("taken over");
            assert_eq!(writer.sequence(), number);
            for next in 1..=u64::from(slots) + 3 {
                writer.store(&[0x33; 4000]);
                let (found, value) = reader.load_with_sequence().expect("a value");
                assert!(found == (number + next) % (1 << 63) && value == [0x33; 4000]);
            }
        }
    }
}

#[test]
fn a_header_whose_value_is_not_there_is_an_overrun_until_the_next_store() {
    let name = UniqueName::new();
    let mapping = marked(&name, 2);
    mapping.store(LAST, &stamp(7)).expect("within");
    let mut reader = Reader::<Marked>::open(&name).expect("opened");
    assert!(matches!(reader.load(), Err(Overrun)));
    let mut writer = Writer::<Marked>::open(&name).expect("taken over");
    assert_eq!(writer.sequence(), 7);
    assert!(matches!(reader.load(), Err(Overrun)));
    writer.store(&[0x33; 4000]);
    assert!(reader.load() == Ok([0x33; 4000]));
    assert!(reader.next(watchdog()) == Ok(Some([0x33; 4000])));
}

#[test]
fn a_stamp_that_changes_all_the_time_is_an_overrun() {
    // A copy takes long enough for the stamp to change, and a thousand copies fit into a time
    // slice.
    type Long = [u64; 2048];
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &[0_u64; 2048]).expect("created"));
    let reader = Reader::<Long>::open(&name).expect("opened");
    let mapping = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    let _hostile = Hostile::new(mapping, |mapping| {
        let stamp = slot(1, 2, size_of::<Long>());
        let stamp = mapping.atomic::<u64>(stamp).expect("within");
        stamp.fetch_add(4, Ordering::Relaxed);
    });
    watched(move |_| {
        // While the other thread does not run, a load succeeds.
        let error = loop {
            if let Err(error) = reader.load() {
                break error;
            }
        };
        assert_eq!(error, Overrun);
    });
}

#[test]
fn a_header_that_changes_all_the_time_keeps_no_wait_from_ending() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u32).expect("created"));
    let mut reader = Reader::<u32>::open(&name).expect("opened");
    let mapping = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    let _hostile = Hostile::new(mapping, |mapping| {
        let word = mapping.atomic::<u32>(LAST_LOWER).expect("within");
        word.fetch_add(2, Ordering::Relaxed);
    });
    watched(move |_| {
        assert_eq!(reader.wait(u64::MAX, passed()), Ok(false));
        assert_eq!(reader.wait(u64::MAX, soon()), Ok(false));
        assert_eq!(reader.try_next(), Ok(Some(1)));
        assert_eq!(reader.next(soon()), Ok(None));
    });
}

#[test]
fn a_header_that_does_not_change_with_the_value_keeps_no_wait_from_ending() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u32).expect("created"));
    let mapping = Mapping::open_read_write(&name, Extent::Whole).expect("mapped");
    let mut reader = Reader::<u32>::open(&name).expect("opened");
    mapping.store(LAST_LOWER, &(u32::MAX - 1)).expect("within");
    assert_eq!(reader.next(watchdog()), Ok(Some(1)));
    assert_eq!(reader.next(soon()), Ok(None));
    mapping.store(slot(2, 2, 4), &stamp(2)).expect("within");
    assert_eq!(reader.next(watchdog()), Ok(Some(0)));
}

/// Moves the sleepers on the word of a read-only mapping to another word, and returns how many.
fn requeue(mapping: &Mapping<ReadOnly>, to: &AtomicU32) -> i64 {
    const ALL: i64 = 1000;
    let word = mapping.as_ptr().wrapping_add(LAST_LOWER);
    let (call, how) = (libc::SYS_futex, libc::FUTEX_REQUEUE);
    // SAFETY: the call accesses only the two words, which exist.
    let moved = unsafe { libc::syscall(call, word, how, 0_u32, ALL, to.as_ptr(), 0_u32) };
    assert!(moved >= 0, "{}", std::io::Error::last_os_error());
    moved
}

#[test]
fn a_reader_that_a_hostile_one_keeps_asleep_has_the_value_at_its_deadline() {
    let name = UniqueName::new();
    let mut writer = Writer::create(&name, 2, &1_u32).expect("created");
    let hostile = Mapping::open(&name, Extent::Whole).expect("mapped to read");
    let elsewhere = AtomicU32::new(0);
    for _ in 0..100 {
        let sequence = writer.sequence();
        let reader = Reader::<u32>::open(&name).expect("opened");
        let sleeping = thread::spawn(move || {
            let deadline = Deadline::after(Duration::from_millis(100)).expect("a clock");
            let another = reader.wait(sequence, deadline);
            (another, reader.load())
        });
        let mut moved = 0;
        while moved == 0 && !sleeping.is_finished() {
            moved = requeue(&hostile, &elsewhere);
        }
        writer.store(&7);
        // A signal may have ended its sleep, which then began anew where it was.
        if moved == 1 && writer.notify() == Ok(0) {
            let woken = sleeping.join().expect("the reader");
            assert_eq!(woken, (Ok(true), Ok(7)));
            return;
        }
        // Or its time was up before it slept.
        sleeping.join().expect("the reader").0.expect("a wait");
    }
    panic!("its sleep is never moved");
}

#[test]
fn a_header_that_changes_while_it_is_opened_is_an_error_or_some_value() {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &1_u32).expect("created"));
    let object = Object::open_read_write(&name).expect("opened");
    let mapping = object.map(Extent::Whole).expect("mapped");
    let _hostile = Hostile::new(mapping, |mapping| {
        for (version, slots) in [(2_u32, 2_u32), (2, 65536), (7, 0)] {
            mapping.store(VERSION, &version).expect("within");
            mapping.store(SLOTS, &slots).expect("within");
        }
    });
    watched(move |progress| {
        for _ in 0..2000 {
            progress.step();
            match read::<u32>(&object) {
                Ok((1, _))
                | Err(
                    snapshot::Error::Version { .. }
                    | snapshot::Error::Slots { .. }
                    | snapshot::Error::ObjectSize { .. },
                ) => {}
                other => panic!("{other:?}"),
            }
        }
    });
}
