//! Takeovers and reaps that race, also past a reader whose lock comes and goes.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::thread;

use rawshm::snapshot::{self, Reader, Writer};
use rawshm::{Errno, Error, Object, Operation, Outcome};
use rawshm_tests::watchdog::{Progress, watched};
use rawshm_tests::{UniqueName, left_in_shm};

/// How often a snapshot is opened to write to it, by all threads of a test together.
const OPENS: u32 = 20_000;

const REFUSED: Error = Error::new(Operation::Claim, Errno::BUSY);
const OBSTRUCTED: Error = Error::new(Operation::Claim, Errno::AGAIN);
const MISSING: Error = Error::new(Operation::Open, Errno::NOENT);

/// Locks all bytes that there can be, or unlocks them, as one may who may only read.
fn lock(file: &File, kind: libc::c_int) -> bool {
    let lock = libc::flock {
        l_type: kind.try_into().expect("small"),
        l_whence: 0,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    // SAFETY: an open descriptor, and a lock that is this function's own.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw const lock) == 0 }
}

/// Locks whatever has the name for a moment, and says whether it had the lock.
fn lock_for_a_moment(path: &Path, round: u32) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    let did = lock(&file, libc::F_RDLCK);
    // Of different lengths, so that the lock goes in the middle of whatever others do.
    (0..round * 37 % 2000).for_each(|_| std::hint::spin_loop());
    lock(&file, libc::F_UNLCK);
    did
}

/// Sets it when it is dropped, so that those who go on until then end also if the others fail.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// What those who take a snapshot over have in common.
#[derive(Default)]
struct Taken {
    writers: AtomicU32,
    /// The number that the last writer has stored.
    last: AtomicU64,
    takeovers: AtomicU32,
}

impl Taken {
    fn by(&self, mut writer: Writer<[u64; 8]>) {
        assert_eq!(self.writers.fetch_add(1, SeqCst), 0, "another writer lives");
        let last = self.last.load(SeqCst);
        assert_eq!(writer.sequence(), last, "it goes on where that ended");
        assert_eq!(writer.load(), [last; 8]);
        writer.store(&[last + 1; 8]);
        self.last.store(writer.sequence(), SeqCst);
        self.takeovers.fetch_add(1, SeqCst);
        // In front of the drop of the writer, behind which there may be another.
        self.writers.fetch_sub(1, SeqCst);
    }
}

fn take_over_past_a_lock_that_comes_and_goes(progress: &Progress) {
    let name = UniqueName::new();
    drop(Writer::create(&name, 2, &[1_u64; 8]).expect("created"));
    let first = Object::open(&name).expect("an object");
    let taken = Taken {
        last: 1.into(),
        ..Taken::default()
    };
    let done = AtomicBool::new(false);
    let opens = AtomicU32::new(0);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut last, mut value) = (0, [0; 8]);
            while !done.load(SeqCst) {
                let reader = Reader::<[u64; 8]>::open(&name).expect("a snapshot");
                // The writer can come round each time that this copies.
                let Ok((number, found)) = reader.load_with_sequence() else {
                    continue;
                };
                assert!(number >= last, "from {last} back to {number}");
                assert_eq!(found, [number; 8]);
                (last, value) = (number, found);
                thread::yield_now();
            }
            value
        });
        // One locks what it opens next: as the lock goes, it is there, and the others are on their
        // way past the lock.
        let takers = [true, false, false].map(|locks| {
            let (name, done, opens, taken) = (&name, &done, &opens, &taken);
            scope.spawn(move || {
                let _done = Done(done);
                let mut round = 0;
                while opens.fetch_add(1, SeqCst) < OPENS {
                    progress.step();
                    if locks {
                        lock_for_a_moment(&name.path(), round);
                        round += 1;
                    }
                    match Writer::open(name) {
                        Ok(writer) => taken.by(writer),
                        Err(snapshot::Error::System(REFUSED | OBSTRUCTED)) => thread::yield_now(),
                        Err(error) => panic!("{error:?}"),
                    }
                }
            })
        });
        for taker in takers {
            taker.join().expect("a taker");
        }
        assert!(reader.join().expect("a reader")[0] > 1, "it met nothing");
    });
    assert!(taken.takeovers.into_inner() > 1);
    assert_eq!(first.is_unlinked(), Ok(false), "it is in the same object");
    let last = Reader::<[u64; 8]>::open(&name).expect("a snapshot");
    assert_eq!(last.load(), Ok([taken.last.into_inner(); 8]));
    assert_eq!(left_in_shm(&name).len(), 1);
}

#[test]
fn those_who_take_over_past_a_lock_that_comes_and_goes_are_one_writer_at_a_time() {
    watched(take_over_past_a_lock_that_comes_and_goes);
}

fn reap_past_a_lock_that_comes_and_goes(progress: &Progress) {
    let name = UniqueName::new();
    let done = AtomicBool::new(false);
    let (created, opened) = (AtomicU32::new(0), AtomicU32::new(0));
    thread::scope(|scope| {
        let reaps = scope.spawn(|| {
            let mut reaped = 0;
            while !done.load(SeqCst) {
                match snapshot::reap(&name) {
                    Ok(did) => reaped += u32::from(did),
                    Err(MISSING | OBSTRUCTED) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
            reaped
        });
        let writer = scope.spawn(|| {
            let _done = Done(&done);
            let mut locks = 0;
            for round in 0..OPENS {
                progress.step();
                // As the lock goes, this opens, and the other is on its way past the lock.
                locks += u32::from(lock_for_a_moment(&name.path(), round));
                let own = u64::from(round);
                let (mut writer, outcome) = match Writer::open_or_create(&name, 2, &own) {
                    Ok(made) => made,
                    Err(snapshot::Error::System(REFUSED | OBSTRUCTED)) => continue,
                    Err(error) => panic!("{error:?}"),
                };
                match outcome {
                    Outcome::Created => created.fetch_add(1, SeqCst),
                    Outcome::Opened => opened.fetch_add(1, SeqCst),
                };
                writer.store(&own);
                // It has its name, and nobody else's object has.
                for _ in 0..3 {
                    let object = Object::open(&name).expect("the writer lives");
                    assert_eq!(object.writer_alive(), Ok(true));
                    let reader = Reader::<u64>::open(&name).expect("the writer lives");
                    assert_eq!(reader.load(), Ok(own));
                    assert!(!reader.is_retired());
                    thread::yield_now();
                }
            }
            locks
        });
        let locks = writer.join().expect("a writer");
        assert!(locks > 0, "it was in nobody's way");
        assert!(reaps.join().expect("one who reaps") > 0, "it met nothing");
    });
    let counts = (created.into_inner(), opened.into_inner());
    assert!(counts.0 > 1 && counts.1 > 1, "{counts:?}");
    let _ = snapshot::reap(&name);
    assert_eq!(left_in_shm(&name), [""; 0]);
}

#[test]
fn a_writer_that_lives_has_its_name_however_often_that_is_reaped() {
    watched(reap_past_a_lock_that_comes_and_goes);
}
