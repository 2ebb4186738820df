//! Snapshots and claims.

use core::cell::RefCell;
use core::time::Duration;

use rawshm::Object;
use rawshm::snapshot::{Deadline, Follower, Reader, Writer, reap};
use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, fcntl_lock, linkat, open, rename};
use rustix::thread::{Timespec, nanosleep};

use crate::names::sleeping;
use crate::tracer::{Beside, begun, function, function_beside};
use crate::{ELSEWHERE, NAME, PATH};

const SLOTS: u32 = 4;
const VALUE: u64 = 7;

pub fn all() {
    readers();
    sleeps();
    creations();
    takeovers();
    ends();
    claims();
}

fn writer() -> Writer<u64> {
    Writer::create(NAME, SLOTS, &VALUE).expect("created")
}

fn reader() -> Reader<u64> {
    Reader::open(NAME).expect("opened")
}

fn object() -> Object<rawshm::ReadOnly> {
    Object::open(NAME).expect("opened")
}

/// Does it beside a writer.
fn with(outcome: &str, act: impl FnOnce(Writer<u64>)) {
    function(outcome, || act(writer()));
}

/// Does it to what a writer has left.
fn after(outcome: &str, act: impl FnOnce()) {
    with(outcome, |writer| {
        drop(writer);
        act();
    });
}

fn readers() {
    let open = || Reader::<u64>::open(NAME);
    after("snapshot::Reader::open/opened", || {
        drop(begun(open).expect("opened"));
    });
    function("snapshot::Reader::open/missing", || {
        begun(open).expect_err("missing");
    });
    after("snapshot::Reader::of/mapped", || {
        let object = object();
        begun(|| Reader::<u64>::of(&object)).expect("mapped");
    });
    after("snapshot::Reader::load/no-call", || {
        let mut reader = reader();
        begun(|| {
            for _ in 0..100 {
                reader.load().expect("whole");
                reader.try_next().expect("whole");
            }
        });
    });
    after("snapshot::Reader::is_current/asked", || {
        let reader = reader();
        begun(|| reader.is_current(NAME)).expect("an answer");
    });
    after("snapshot::Follower::next/first-value", || {
        let mut follower = Follower::<u64>::new(NAME);
        begun(|| follower.next(Deadline::NEVER)).expect("a value");
    });
    after("drop/snapshot::Reader", || {
        let reader = reader();
        begun(|| drop(reader));
    });
    after("drop/snapshot::Follower", || {
        let mut follower = Follower::<u64>::new(NAME);
        follower.next(Deadline::NEVER).expect("a value");
        begun(|| drop(follower));
    });
    function("snapshot::Deadline::after/made", || {
        begun(|| Deadline::after(Duration::from_secs(1))).expect("a clock");
    });
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(200)).expect("a clock")
}

fn late() -> Deadline {
    Deadline::after(Duration::from_secs(1000)).expect("a clock")
}

fn sleeps() {
    after("snapshot::Reader::next/deadline-passed", || {
        let mut reader = reader();
        reader.try_next().expect("whole");
        begun(|| reader.next(soon())).expect("no value");
    });
    woken("snapshot::Reader::next/woken", || Deadline::NEVER);
    woken("snapshot::Reader::next/woken-before-a-deadline", late);
    let wait = |deadline| Reader::<u64>::wait_for(NAME, deadline).expect("waited");
    after("snapshot::Reader::wait_for/there", || {
        drop(begun(|| wait(Deadline::NEVER)));
    });
    function("snapshot::Reader::wait_for/deadline-passed", || {
        drop(begun(|| wait(soon())));
    });
    drop(writer());
    rename(PATH, ELSEWHERE).expect("another name");
    let appear = &mut |_| linked();
    let beside = Some(Beside {
        calls: sleeping::FOR_A_NAME,
        act: appear,
    });
    function_beside("snapshot::Reader::wait_for/appears", beside, || {
        begun(|| wait(Deadline::NEVER)).expect("there");
    });
    function("snapshot::Writer::notify/nobody-slept", || {
        let mut writer = writer();
        writer.store(&VALUE);
        begun(|| writer.notify()).expect("woken");
    });
}

/// Lets the name appear in one step.
pub fn linked() {
    let _ = linkat(CWD, ELSEWHERE, CWD, PATH, AtFlags::empty());
}

fn woken(outcome: &str, deadline: fn() -> Deadline) {
    let writer = RefCell::new(writer());
    let beside = Some(Beside {
        calls: sleeping::FOR_A_VALUE,
        act: &mut |_| {
            let mut writer = writer.borrow_mut();
            fall_asleep();
            writer.store(&VALUE);
            let _ = writer.notify();
        },
    });
    function_beside(outcome, beside, || {
        let mut reader = reader();
        reader.try_next().expect("whole");
        begun(|| reader.next(deadline())).expect("a value");
    });
}

/// Lets the traced process, which is about to sleep, do so: several times, since the whole machine
/// may stand still during one. If it has not run meanwhile, its futex fails with EAGAIN.
pub fn fall_asleep() {
    let time = Timespec {
        tv_sec: 0,
        tv_nsec: 5_000_000,
    };
    for _ in 0..10 {
        let _ = nanosleep(&time);
    }
}

fn creations() {
    let create = || Writer::create(NAME, SLOTS, &VALUE);
    function("snapshot::Writer::create/created", || {
        drop(begun(create).expect("created"));
    });
    after("snapshot::Writer::create/taken", || {
        begun(create).expect_err("taken");
    });
    let once = || Writer::open_or_create(NAME, SLOTS, &VALUE).expect("created");
    function("snapshot::Writer::open_or_create/created", || {
        drop(begun(once));
    });
    after("snapshot::Writer::open_or_create/taken-over", || {
        drop(begun(once));
    });
    with("snapshot::Writer::open_or_create/replaced", |writer| {
        writer.retire();
        begun(once);
    });
    let replace = || Writer::replace(NAME, SLOTS, &VALUE);
    function("snapshot::Writer::replace/created", || {
        drop(begun(replace).expect("created"));
    });
    after("snapshot::Writer::replace/replaced", || {
        drop(begun(replace).expect("replaced"));
    });
    with("snapshot::Writer::replace/writer-alive", |_writer| {
        begun(replace).expect_err("alive");
    });
}

fn takeovers() {
    let open = || Writer::<u64>::open(NAME);
    function("snapshot::Writer::open/missing", || {
        begun(open).expect_err("missing");
    });
    after("snapshot::Writer::open/taken-over", || {
        drop(begun(open).expect("taken over"));
    });
    with("snapshot::Writer::open/writer-alive", |_writer| {
        begun(open).expect_err("alive");
    });
    with("snapshot::Writer::open/retired", |writer| {
        writer.retire();
        begun(open).expect_err("retired");
    });
    after("snapshot::Writer::open/reader-has-a-lock", || {
        let _lock = lock();
        begun(open).expect_err("locked");
    });
    after("snapshot::Writer::store/no-call", || {
        let mut writer = open().expect("taken over");
        begun(|| {
            for value in 0..100 {
                writer.store(&value);
                let _ = writer.load();
            }
        });
    });
    after("snapshot::Writer::has_name/asked", || {
        let writer = open().expect("taken over");
        begun(|| writer.has_name(NAME)).expect("an answer");
    });
}

/// A lock that needs only the right to read.
fn lock() -> rawshm::fd::OwnedFd {
    let file = open(PATH, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).expect("opened");
    fcntl_lock(&file, FlockOperation::NonBlockingLockShared).expect("locked");
    file
}

fn ends() {
    with("snapshot::Writer::retire/retired", |writer| {
        begun(|| writer.retire());
    });
    with("snapshot::Writer::finish/removed", |writer| {
        begun(|| writer.finish(NAME)).expect("removed");
    });
    with("drop/snapshot::Writer", |writer| begun(|| drop(writer)));
    function("snapshot::reap/missing", || {
        begun(|| reap(NAME)).expect_err("missing");
    });
    after("snapshot::reap/reaped", || {
        begun(|| reap(NAME)).expect("reaped");
    });
    with("snapshot::reap/writer-alive", |_writer| {
        begun(|| reap(NAME)).expect("an answer");
    });
}

fn claims() {
    let read_write = || Object::open_read_write(NAME).expect("opened");
    after("Object::claim/claimed", || {
        let object = read_write();
        begun(|| object.claim()).expect("claimed");
    });
    with("Object::claim/writer-alive", |_writer| {
        let object = read_write();
        begun(|| object.claim()).expect_err("alive");
    });
    after("Object::claim/reader-has-a-lock", || {
        let object = read_write();
        let _lock = lock();
        begun(|| object.claim()).expect_err("locked");
    });
    after("Object::writer_alive/not", || {
        let object = object();
        begun(|| object.writer_alive()).expect("an answer");
    });
    with("Object::writer_alive/alive", |_writer| {
        let object = object();
        begun(|| object.writer_alive()).expect("an answer");
    });
    after("Object::wait_for_writer_end/ended-already", || {
        let object = object();
        begun(|| object.wait_for_writer_end()).expect("ended");
    });
    let writer = RefCell::new(Some(writer()));
    // It asks first, and then waits.
    let end = &mut |times| drop((times == 2).then(|| writer.take()));
    let beside = Some(Beside {
        calls: sleeping::FOR_A_LOCK,
        act: end,
    });
    function_beside("Object::wait_for_writer_end/ended", beside, || {
        // This process has a copy of the descriptor.
        drop(writer.take());
        let object = object();
        begun(|| object.wait_for_writer_end()).expect("ended");
    });
}
