//! Ways to publish a value: rawshm's snapshots and their peers, behind one interface.

use std::cell::UnsafeCell;
use std::ffi::OsStr;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mmap_sync::synchronizer::Synchronizer;
use rawshm::snapshot::{Reader, UnmappedReader, Writer};
use rkyv::{Archive, Serialize};
use seqlock::SeqLock;

use crate::child::Shared;
use crate::sampling::Outcome;
use crate::{Unlinked, unique_name};

/// A way to publish a value of some words. One process may store and another load.
pub trait Cell<const N: usize> {
    fn store(&mut self, value: &[u64; N]);
    /// Returns whether there was a whole value.
    fn load(&mut self, into: &mut [u64; N]) -> bool;
}

/// A cell whose stores and loads run in batches, so that only a batch is called through a pointer.
pub trait Batches<const N: usize> {
    fn stores(&mut self, rounds: u32, value: &[u64; N]);
    /// The number of loads that found no whole value.
    fn loads(&mut self, rounds: u32, into: &mut [u64; N]) -> u64;
}

impl<const N: usize, C: Cell<N>> Batches<N> for C {
    fn stores(&mut self, rounds: u32, value: &[u64; N]) {
        for _ in 0..rounds {
            black_box(&mut *self).store(black_box(value));
        }
    }

    fn loads(&mut self, rounds: u32, into: &mut [u64; N]) -> u64 {
        let mut failed = 0;
        for _ in 0..rounds {
            failed += u64::from(!black_box(&mut *self).load(black_box(into)));
        }
        failed
    }
}

/// Makes a cell that holds a value.
pub type New<const N: usize> = fn(&[u64; N]) -> Outcome<Box<dyn Batches<N>>>;

/// Those of a peer, by the number of words.
pub struct Cells {
    pub words_3: New<3>,
    pub words_32: New<32>,
    pub words_512: New<512>,
    pub words_8192: New<8192>,
}

/// A value at the start of a cache line: elsewhere, a copy takes longer if two lines share it.
#[repr(align(64))]
pub struct Aligned<const N: usize>(pub [u64; N]);

/// A plain copy. The floor: it synchronises nothing.
pub struct Plain<const N: usize>(Box<UnsafeCell<Aligned<N>>>);

impl<const N: usize> Plain<N> {
    pub fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        Ok(Box::new(Self(Box::new(UnsafeCell::new(Aligned(*value))))))
    }
}

impl<const N: usize> Cell<N> for Plain<N> {
    fn store(&mut self, value: &[u64; N]) {
        self.0.get_mut().0.copy_from_slice(value);
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        into.copy_from_slice(&self.0.get_mut().0);
        true
    }
}

pub struct Snapshot<const N: usize> {
    writer: Writer<[u64; N]>,
    reader: Reader<[u64; N]>,
}

impl<const N: usize> Snapshot<N> {
    pub fn new(value: &[u64; N], slots: u32) -> Outcome<Self> {
        let name = Unlinked::new(&unique_name("cell"))?;
        let writer = Writer::create(&name.0, slots, value)?;
        let reader = Reader::open(&name.0)?;
        Ok(Self { writer, reader })
    }

    /// With as many slots as the documentation recommends.
    pub fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        Ok(Box::new(Self::new(value, 4)?))
    }
}

impl<const N: usize> Cell<N> for Snapshot<N> {
    fn store(&mut self, value: &[u64; N]) {
        self.writer.store(value);
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        // As the documentation recommends: large values not on the stack.
        if N <= 3 {
            self.reader.load().map(|value| *into = value).is_ok()
        } else {
            self.reader.load_into(into).is_ok()
        }
    }
}

/// Loads with `pread`, for readers that map nothing.
pub struct Unmapped<const N: usize> {
    writer: Writer<[u64; N]>,
    reader: UnmappedReader<[u64; N]>,
}

impl<const N: usize> Unmapped<N> {
    pub fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        let name = Unlinked::new(&unique_name("unmapped"))?;
        let writer = Writer::create(&name.0, 4, value)?;
        let reader = UnmappedReader::open(&name.0)?;
        Ok(Box::new(Self { writer, reader }))
    }
}

impl<const N: usize> Cell<N> for Unmapped<N> {
    fn store(&mut self, value: &[u64; N]) {
        self.writer.store(value);
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        self.reader.load_into(into).is_ok()
    }
}

/// The crate seqlock. It is made for threads. Here it is in memory that processes share, and only
/// one of them stores.
pub struct Seqlock<const N: usize>(Shared<SeqLock<[u64; N]>>);

impl<const N: usize> Seqlock<N> {
    pub fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        Ok(Box::new(Self(Shared::new(SeqLock::new(*value))?)))
    }
}

impl<const N: usize> Cell<N> for Seqlock<N> {
    fn store(&mut self, value: &[u64; N]) {
        *self.0.get().lock_write() = *value;
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        *into = self.0.get().read();
        true
    }
}

/// For the threads of one process.
pub struct StdLock<const N: usize>(Box<RwLock<[u64; N]>>);

impl<const N: usize> StdLock<N> {
    pub fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        Ok(Box::new(Self(Box::new(RwLock::new(*value)))))
    }
}

impl<const N: usize> Cell<N> for StdLock<N> {
    fn store(&mut self, value: &[u64; N]) {
        if let Ok(mut inner) = self.0.write() {
            inner.copy_from_slice(value);
        }
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        let read = self.0.read();
        read.map(|inner| into.copy_from_slice(&*inner)).is_ok()
    }
}

/// The crate mmap-sync, with its defaults.
pub struct MmapSync<const N: usize> {
    writer: Synchronizer,
    reader: Synchronizer,
    path: PathBuf,
}

/// What mmap-sync stores. It derives how.
#[derive(Archive, Serialize)]
#[archive_attr(derive(bytecheck::CheckBytes))]
#[repr(transparent)]
struct Words<const N: usize>([u64; N]);

impl<const N: usize> MmapSync<N> {
    pub fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("/dev/shm{}", unique_name("mmap-sync")));
        let path = path.with_extension(number.to_string());
        let (writer, reader) = (
            Synchronizer::new(path.as_ref()),
            Synchronizer::new(path.as_ref()),
        );
        let mut made = Self {
            writer,
            reader,
            path,
        };
        made.writer.write(&Words(*value), Self::GRACE)?;
        Ok(Box::new(made))
    }

    const GRACE: Duration = Duration::from_secs(1);
}

impl<const N: usize> Drop for MmapSync<N> {
    fn drop(&mut self) {
        for suffix in ["_state", "_data_0", "_data_1"] {
            let mut path = self.path.clone().into_os_string();
            path.push(OsStr::new(suffix));
            let _ = std::fs::remove_file(path);
        }
    }
}

impl<const N: usize> Cell<N> for MmapSync<N> {
    fn store(&mut self, value: &[u64; N]) {
        // SAFETY: the struct has the layout of its only field.
        let words: &Words<N> = unsafe { &*std::ptr::from_ref(value).cast() };
        let _ = self.writer.write(words, Self::GRACE);
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        // SAFETY: the guard ends within the grace time, and only this program writes to the files.
        let read = unsafe { self.reader.read::<Words<N>>(false) };
        read.map(|value| into.copy_from_slice(&value.0)).is_ok()
    }
}
