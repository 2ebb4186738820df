//! Access to shared bytes: bounds, copies, atomics.

use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use rawshm::{AccessError, Atomic, Errno, Error, Extent, Mapping, Operation, ReadOnly, ReadWrite};
use rawshm::{Rights, SharedBytes, Size, Slice};
use rawshm_tests::UniqueName;

const ORDERS: [Ordering; 5] = [Relaxed, Acquire, Release, AcqRel, SeqCst];

fn out_of_bounds(offset: usize, len: usize, available: usize) -> AccessError {
    AccessError::OutOfBounds {
        offset,
        len,
        available,
    }
}

#[test]
fn what_is_stored_is_loaded_at_any_alignment() {
    let mut buffer = [0; 64];
    let bytes = Slice::from_mut(&mut buffer);
    for offset in 0..=40 {
        let value = [-1_i64, i64::MIN, i64::try_from(offset).expect("small")];
        bytes.store(offset, &value).expect("within");
        assert_eq!(bytes.load::<[i64; 3]>(offset).expect("within"), value);
        bytes.store(offset, &[1_u8, 2, 3]).expect("within");
        assert_eq!(bytes.load::<[u8; 3]>(offset).expect("within"), [1, 2, 3]);
    }
}

#[test]
fn nothing_outside_is_accessed_and_the_error_has_the_numbers() {
    let mut buffer = [7; 16];
    let bytes = Slice::from_mut(&mut buffer);
    assert_eq!(bytes.load::<u64>(9), Err(out_of_bounds(9, 8, 16)));
    assert_eq!(bytes.store(13, &1_u32), Err(out_of_bounds(13, 4, 16)));
    assert_eq!(
        bytes.copy_to(0, &mut [0_u8; 17]),
        Err(out_of_bounds(0, 17, 16))
    );
    assert_eq!(bytes.copy_from(16, &[0_u8]), Err(out_of_bounds(16, 1, 16)));
    assert_eq!(
        bytes.slice(17, 0).map(|_| ()),
        Err(out_of_bounds(17, 0, 16))
    );
    let far = usize::MAX;
    assert_eq!(bytes.load::<u8>(far), Err(out_of_bounds(far, 1, 16)));
    assert_eq!(
        bytes.slice(1, far).map(|_| ()),
        Err(out_of_bounds(1, far, 16))
    );
    assert_eq!(
        bytes.atomic::<u32>(far).map(|_| ()),
        Err(out_of_bounds(far, 4, 16))
    );
    assert_eq!(buffer, [7; 16]);
}

#[test]
fn an_empty_access_at_the_end_is_within() {
    let mut buffer = [0; 4];
    let bytes = Slice::from_mut(&mut buffer);
    assert_eq!(bytes.copy_to(4, &mut [0_u8; 0]), Ok(()));
    assert_eq!(bytes.copy_from(4, &[0_u8; 0]), Ok(()));
    assert_eq!(bytes.load::<[u8; 0]>(4), Ok([]));
    assert!(bytes.slice(4, 0).expect("within").is_empty());
    assert!(Slice::from_mut(&mut []).is_empty());
}

#[test]
fn a_slice_is_a_window_with_bounds_of_its_own() {
    let mut buffer = [0; 16];
    let bytes = Slice::from_mut(&mut buffer);
    let slice = bytes.slice(4, 8).expect("within");
    assert_eq!((slice.len(), slice.is_empty()), (8, false));
    slice.store(0, &0xffff_ffff_ffff_ffff_u64).expect("within");
    assert_eq!(slice.store(1, &0_u64), Err(out_of_bounds(1, 8, 8)));
    let inner = slice.slice(4, 4).expect("within");
    inner.store(0, &0_u32).expect("within");
    assert_eq!(
        buffer,
        [0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]
    );
}

#[test]
fn debug_output_shows_addresses_and_lengths_and_no_bytes() {
    let mut buffer = [7; 16];
    let bytes = Slice::from_mut(&mut buffer);
    let text = format!("{bytes:?}");
    assert!(
        text.contains(&format!("start: {:?}, len: 16", bytes.as_ptr())),
        "{text}"
    );
}

#[test]
fn an_access_error_converts_into_an_error() {
    let error = Error::from(out_of_bounds(1, 2, 3));
    assert_eq!(
        (error.operation(), error.errno()),
        (Operation::Access, Errno::FAULT)
    );
    let error = Error::from(AccessError::Misaligned {
        offset: 1,
        align: 4,
    });
    assert_eq!(
        (error.operation(), error.errno()),
        (Operation::Access, Errno::INVAL)
    );
    assert_eq!(
        AccessError::Misaligned {
            offset: 1,
            align: 4
        }
        .to_string(),
        "offset 1 is not aligned to 4 bytes"
    );
}

#[test]
fn a_misaligned_atomic_is_an_error() {
    #[repr(align(8))]
    struct Aligned([u8; 16]);
    let mut buffer = Aligned([0; 16]);
    let bytes = Slice::from_mut(&mut buffer.0);
    for offset in 1..8 {
        let misaligned = AccessError::Misaligned { offset, align: 8 };
        assert_eq!(bytes.atomic::<u64>(offset).map(|_| ()), Err(misaligned));
        assert_eq!(bytes.atomic::<u32>(offset).is_ok(), offset == 4);
    }
}

#[test]
#[cfg_attr(miri, ignore = "it maps objects")]
fn atomics_do_what_they_are_called_with_every_order_and_none_panics() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(16)).expect("created");
    let read_only = Mapping::open(&name, Extent::Whole).expect("opened");
    for order in ORDERS {
        let word = mapping.atomic::<u32>(4).expect("aligned");
        word.store(5, order);
        assert_eq!(word.load(order), 5);
        assert_eq!(word.swap(6, order), 5);
        assert_eq!(word.compare_exchange(5, 7, order), Err(6));
        assert_eq!(word.compare_exchange(6, 7, order), Ok(6));
        assert_eq!(word.fetch_add(u32::MAX, order), 7);
        assert_eq!(word.fetch_sub(1, order), 6);
        assert_eq!(word.fetch_and(0b110, order), 5);
        assert_eq!(word.fetch_or(0b1001, order), 4);
        assert_eq!(word.load(order), 0b1101);
        assert_eq!(
            read_only.atomic::<u32>(4).expect("aligned").load(order),
            0b1101
        );

        let double = mapping.atomic::<u64>(8).expect("aligned");
        double.store(1 << 40, order);
        assert_eq!(double.fetch_add(1, order), 1 << 40);
        assert_eq!(double.swap(3, order), (1 << 40) + 1);
        assert_eq!(double.compare_exchange(3, 12, order), Ok(3));
        assert_eq!(double.fetch_sub(2, order), 12);
        assert_eq!(double.fetch_and(8, order), 10);
        assert_eq!(double.fetch_or(1, order), 8);
        assert_eq!(double.load(order), 9);
        #[cfg(target_pointer_width = "64")]
        assert_eq!(read_only.atomic::<u64>(8).expect("aligned").load(order), 9);
    }
}

#[test]
fn a_number_that_threads_add_to_loses_none() {
    const ROUNDS: u64 = if cfg!(miri) { 40 } else { 10_000 };
    let mut buffer = [0_u64; 1];
    let bytes = Slice::from_mut(rawshm::bytemuck::cast_slice_mut(&mut buffer));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let number = bytes.atomic::<u64>(0).expect("aligned");
                for _ in 0..ROUNDS {
                    number.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(buffer, [4 * ROUNDS]);
}

#[test]
fn an_integer_that_is_aligned_to_its_own_size_only_is_never_torn() {
    const ROUNDS: u32 = if cfg!(miri) { 40 } else { 200_000 };
    let mut buffer = [0_u64; 1];
    let bytes = Slice::from_mut(rawshm::bytemuck::cast_slice_mut(&mut buffer));
    // Four bytes after the start of a word, and two after a multiple of four.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                let [one, other, ..] = round.to_ne_bytes();
                let (four, two) = (u32::from_ne_bytes([one; 4]), u16::from_ne_bytes([other; 2]));
                bytes.store(4, &four).expect("within");
                bytes.store(2, &two).expect("within");
            }
        });
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                let four = bytes.load::<u32>(4).expect("within").to_ne_bytes();
                let two = bytes.load::<u16>(2).expect("within").to_ne_bytes();
                assert!(four.iter().all(|byte| *byte == four[0]), "{four:?}");
                assert_eq!(two[0], two[1]);
            }
        });
    });
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_aligned_integer_is_never_torn() {
    const ROUNDS: u64 = if cfg!(miri) { 40 } else { 200_000 };
    let mut buffer = [0_u64; 1];
    let bytes = Slice::from_mut(rawshm::bytemuck::cast_slice_mut(&mut buffer));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                let half = round & 0xffff_ffff;
                bytes.store(0, &(half << 32 | half)).expect("within");
            }
        });
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                let value: u64 = bytes.load(0).expect("within");
                assert_eq!(value >> 32, value & 0xffff_ffff);
            }
        });
    });
}

#[test]
fn mappings_and_what_is_in_them_can_be_sent_and_shared() {
    fn check<T: Send + Sync>() {}
    check::<Mapping<ReadOnly>>();
    check::<Mapping<ReadWrite>>();
    check::<SharedBytes<ReadOnly>>();
    check::<SharedBytes<ReadWrite>>();
    check::<Slice<'_, ReadWrite>>();
    check::<Atomic<'_, u32, ReadOnly>>();
    check::<rawshm::Object<ReadWrite>>();
    check::<rawshm::UnlinkGuard<'_>>();
}

#[test]
#[cfg_attr(miri, ignore = "it maps objects")]
fn an_atomic_update_through_one_mapping_is_seen_through_another_with_every_order() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(16)).expect("created");
    let other = Mapping::open_read_write(&name, Extent::Whole).expect("opened");
    for order in ORDERS {
        let word = mapping.atomic::<u32>(4).expect("aligned");
        let seen = other.atomic::<u32>(4).expect("aligned");
        word.store(0b1100, order);
        assert_eq!(seen.fetch_xor(0b1010, order), 0b1100);
        assert_eq!(word.fetch_min(0b0101, order), 0b0110);
        assert_eq!(seen.fetch_min(0b0111, order), 0b0101);
        assert_eq!(word.fetch_max(0b1_0000, order), 0b0101);
        assert_eq!(seen.fetch_max(0b1000, order), 0b1_0000);
        assert_eq!(word.compare_exchange_weak(7, 8, order), Err(0b1_0000));
        assert_eq!(seen.load(order), 0b1_0000);

        let double = mapping.atomic::<u64>(8).expect("aligned");
        let seen = other.atomic::<u64>(8).expect("aligned");
        double.store(3 << 40, order);
        assert_eq!(seen.fetch_xor(1 << 40, order), 3 << 40);
        assert_eq!(double.fetch_min(5, order), 2 << 40);
        assert_eq!(seen.fetch_max(1 << 50, order), 5);
        assert_eq!(double.compare_exchange_weak(7, 8, order), Err(1 << 50));
        assert_eq!(seen.load(order), 1 << 50);
        assert_eq!(seen.load(order), double.load(order));
    }
}

#[test]
fn atomic_updates_by_threads_lose_none() {
    const ROUNDS: u64 = if cfg!(miri) { 40 } else { 10_000 };
    const THREADS: u64 = 4;
    let mut buffer = [0_u64, 0, u64::MAX, 0];
    let bytes = Slice::from_mut(rawshm::bytemuck::cast_slice_mut(&mut buffer));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let atomic = |offset| bytes.atomic::<u64>(offset).expect("aligned");
                let [count, bits, least, most] = [0, 8, 16, 24].map(atomic);
                for round in 0..ROUNDS {
                    let mut seen = count.load(Relaxed);
                    while let Err(now) = count.compare_exchange_weak(seen, seen + 1, Relaxed) {
                        seen = now;
                    }
                    bits.fetch_xor(1 << thread, Relaxed);
                    least.fetch_min(1000 - round.min(900) - thread, Relaxed);
                    most.fetch_max(round * THREADS + thread, Relaxed);
                }
                bits.fetch_xor(1 << thread, Relaxed);
            });
        }
    });
    let least = 1000 - (ROUNDS - 1).min(900) - (THREADS - 1);
    let bits = (1 << THREADS) - 1;
    assert_eq!(
        buffer,
        [THREADS * ROUNDS, bits, least, THREADS * ROUNDS - 1]
    );
}

#[test]
fn what_is_made_from_a_slice_lives_as_long_as_the_bytes() {
    fn part(bytes: &SharedBytes<ReadWrite>) -> Slice<'_, ReadWrite> {
        let middle = bytes.slice(8, 16).expect("within");
        middle.slice(4, 8).expect("within")
    }
    fn word<R: Rights>(bytes: Slice<'_, R>, offset: usize) -> Atomic<'_, u32, R> {
        let all = bytes.slice(0, bytes.len()).expect("within");
        all.atomic(offset).expect("aligned")
    }
    let mut buffer = [0_u64; 4];
    let bytes = Slice::from_mut(rawshm::bytemuck::cast_slice_mut(&mut buffer));
    let part = part(&bytes);
    let (word, copy) = (word(part, 4), word(bytes, 16));
    part.store(4, &7_u32).expect("within");
    assert_eq!((word.load(Relaxed), copy.load(Relaxed)), (7, 7));
    assert_eq!((word.as_ptr(), part.len()), (copy.as_ptr(), 8));
}

#[test]
fn what_may_be_written_is_borrowed_to_be_read() {
    fn sum(columns: &SharedBytes<ReadOnly>) -> i64 {
        columns.load::<[i64; 3]>(0).expect("within").iter().sum()
    }
    fn first(columns: Slice<'_, ReadOnly>) -> Atomic<'_, u32, ReadOnly> {
        columns.atomic(0).expect("aligned")
    }
    let mut buffer = [100_i64, 876, 8021];
    let bytes = Slice::from_mut(rawshm::bytemuck::cast_slice_mut(&mut buffer));
    let whole: &SharedBytes<ReadWrite> = &bytes;
    let read_only = whole.as_read_only();
    let first = first(bytes.into());
    assert_eq!(sum(&read_only), 8997);
    bytes.store(0, &101_i64).expect("within");
    assert_eq!(sum(&bytes.as_read_only()), 8998);
    assert_eq!(sum(&Slice::from(&*read_only)), 8998);
    if cfg!(target_endian = "little") {
        assert_eq!(first.load(SeqCst), 101);
    }
}
