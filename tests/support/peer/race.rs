//! Many processes that do the same at a time.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use rawshm::snapshot::{self, Writer};
use rawshm::{Errno, Error, Mapping, Name, Object, Operation, Options, Outcome, ReadWrite, Size};
use rawshm_tests::rungs::{self, Rung};
use rawshm_tests::{STEP, until};

use crate::say;

const SIZE: Size = Size::Sparse(4096);

/// Whether this process has won, or has lost as documented. It keeps what it has until its end.
type Act = fn(&Name) -> Result<bool, Error>;

/// The error of a process that comes too late.
type Late = (Operation, Errno);

/// The operations, with the error of a process that comes too late.
const ACTS: [(&str, Act, Option<Late>); 13] = [
    ("create", |name| kept(Object::create(name, SIZE)), EXISTS),
    (
        "create_mapping",
        |name| kept(Mapping::create(name, SIZE)),
        EXISTS,
    ),
    (
        "create_complete",
        |name| kept(Options::new().create_complete(name, SIZE, fill)),
        EXISTS,
    ),
    (
        "Writer::create",
        |name| kept(Writer::create(name, 2, &8021_u64)),
        EXISTS,
    ),
    (
        "open_or_create",
        |name| either(Object::open_or_create(name, SIZE)),
        None,
    ),
    ("open_or_create_complete", once, None),
    (
        "Writer::open_or_create",
        |name| either(Writer::open_or_create(name, 2, &8021_u64)),
        BUSY,
    ),
    ("Writer::open", |name| kept(Writer::<u64>::open(name)), BUSY),
    (
        "Writer::replace",
        |name| kept(Writer::replace(name, 2, &1_u64)),
        BUSY,
    ),
    ("claim", claim, BUSY),
    (
        "unlink",
        |name| rawshm::unlink(name).map(|()| true),
        Some((Operation::Unlink, Errno::NOENT)),
    ),
    (
        "unlink an object",
        |name| Object::open(name)?.unlink(name),
        MISSING,
    ),
    ("reap", snapshot::reap, MISSING),
];

const EXISTS: Option<Late> = Some((Operation::Create, Errno::EXIST));
const BUSY: Option<Late> = Some((Operation::Claim, Errno::BUSY));
const MISSING: Option<Late> = Some((Operation::Open, Errno::NOENT));

fn kept<T, E: Into<Error>>(made: Result<T, E>) -> Result<bool, Error> {
    made.map(std::mem::forget)
        .map(|()| true)
        .map_err(Into::into)
}

fn either<T, E: Into<Error>>(made: Result<(T, Outcome), E>) -> Result<bool, Error> {
    let (made, outcome) = made.map_err(Into::into)?;
    std::mem::forget(made);
    Ok(outcome == Outcome::Created)
}

fn claim(name: &Name) -> Result<bool, Error> {
    let object = Object::open_read_write(name)?;
    object.claim()?;
    kept(Ok::<_, Error>(object))
}

fn fill(mapping: &Mapping<ReadWrite>) -> Result<(), Error> {
    Ok(mapping.store(0, &8021_u64)?)
}

/// The object is whole for those that open it, too.
fn once(name: &Name) -> Result<bool, Error> {
    let (complete, outcome) = Options::new().open_or_create_complete(name, SIZE, fill)?;
    let filled: u64 = complete.mapping.load(0)?;
    if filled != 8021 {
        return Err(Error::new(Operation::Access, Errno::IO));
    }
    kept(Ok::<_, Error>(complete)).map(|_| outcome == Outcome::Created)
}

/// What the processes share.
#[derive(Default)]
struct Shared {
    /// How far they may go: 1 releases them, 2 ends them.
    gate: AtomicU32,
    ready: AtomicU32,
    won: AtomicU32,
    lost: AtomicU32,
    /// An errno that is not documented.
    wrong: AtomicU32,
}

impl Shared {
    fn map() -> &'static Self {
        let (rights, how) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
        );
        // SAFETY: it takes unused memory.
        let at = unsafe { libc::mmap(null_mut(), size_of::<Self>(), rights, how, -1, 0) };
        assert_ne!(at, libc::MAP_FAILED);
        // SAFETY: a page of zeros, of which the struct may be made, and which stays mapped.
        unsafe { &*at.cast::<Self>() }
    }

    fn wait(&self, seen: u32) {
        while self.gate.load(SeqCst) <= seen {
            let how = libc::FUTEX_WAIT;
            // SAFETY: the word is mapped, and no other memory is accessed.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    self.gate.as_ptr(),
                    how,
                    seen,
                    null_mut::<()>(),
                )
            };
        }
    }

    fn open(&self, gate: u32) {
        self.gate.store(gate, SeqCst);
        // SAFETY: as above.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.gate.as_ptr(),
                libc::FUTEX_WAKE,
                i32::MAX,
            )
        };
    }

    fn ended(&self) -> u32 {
        [&self.won, &self.lost, &self.wrong]
            .map(|count| count.load(SeqCst))
            .iter()
            .sum()
    }

    /// What one of the processes does.
    fn race(&self, name: &Name, act: Act, late: Option<Late>) {
        self.ready.fetch_add(1, SeqCst);
        self.wait(0);
        let late = late.map(|(operation, errno)| Error::new(operation, errno));
        let count = match act(name) {
            Ok(true) => &self.won,
            Ok(false) => &self.lost,
            Err(error) if Some(error) == late => &self.lost,
            Err(error) => {
                eprintln!("{error}");
                &self.wrong
            }
        };
        count.fetch_add(1, SeqCst);
        self.wait(1);
    }
}

/// Forks so many processes, has them do one thing at a time, and prints how many have won, lost,
/// and failed.
pub(crate) fn race(what: &str, name: &str, processes: &str, rung: &str) {
    let name = Name::new(name).expect("a name");
    let processes: u32 = processes.parse().expect("a number");
    let (_, act, late) = ACTS.iter().find(|act| act.0 == what).expect("an act");
    rungs::force(Rung::ALL[rung.parse::<usize>().expect("an index")]);
    let shared = Shared::map();
    for number in 1..=processes {
        // SAFETY: this process has one thread, and the child only acts, and ends.
        if unsafe { libc::fork() } == 0 {
            // SAFETY: no pointer is passed.
            unsafe { libc::nice(19) };
            shared.race(&name, *act, *late);
            // SAFETY: it ends the process.
            unsafe { libc::_exit(0) };
        }
        if number % 100 == 0 {
            until("a group", || shared.ready.load(SeqCst) == number);
            say(STEP);
        }
    }
    until("all of them", || shared.ready.load(SeqCst) == processes);
    shared.open(1);
    let mut ended = 0;
    while ended < processes {
        until("the next", || shared.ended() > ended);
        ended = shared.ended();
        say(STEP);
    }
    shared.open(2);
    // SAFETY: no status is asked for.
    while unsafe { libc::wait(null_mut()) } > 0 {}
    let counts = [&shared.won, &shared.lost, &shared.wrong];
    let [won, lost, wrong] = counts.map(|count| count.load(SeqCst));
    say(&format!("{won} {lost} {wrong}"));
}
