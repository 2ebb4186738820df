//! Floods of events, and operations that are stopped, where nothing else uses the directory.

use rawshm::snapshot::Writer;
use rawshm_tests::operations::OPERATIONS;
use rawshm_tests::rungs::Rung;
use rawshm_tests::{UniqueName, asleep_in, until, with_private_shm};

use crate::attacks::attack_everything;
use crate::cells::{Cells, is_complete};
use crate::documented::Attack;
use crate::private::is_alone_with_shm;
use crate::worker::{PEER, Worker};

#[test]
#[ignore = "needs namespaces"]
fn every_operation_is_done_while_a_peer_floods_the_watches() {
    let test = every_operation_is_done_while_a_peer_floods_the_watches;
    if is_alone_with_shm(test, "-mr", "mode=1777,size=16m") {
        attack_everything(&[Attack::Floods], 5, "floods of events");
    }
}

/// Acts while a process is stopped.
fn while_it_is_stopped(pid: u32, act: impl FnOnce()) {
    let pid: i32 = pid.try_into().expect("a pid");
    // SAFETY: a child of this process.
    let signal = |number| assert_eq!(unsafe { libc::kill(pid, number) }, 0);
    signal(libc::SIGSTOP);
    let status = format!("/proc/{pid}/stat");
    until("it is stopped", || {
        let status = std::fs::read_to_string(&status).expect("a process");
        status
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" T "))
    });
    act();
    signal(libc::SIGCONT);
}

/// More names than a queue of events holds appear while a process that waits is stopped, and the
/// one that it waits for before or after the queue is full.
#[test]
#[ignore = "needs namespaces"]
fn a_process_that_waits_for_a_name_finds_it_though_its_queue_has_overflowed() {
    let test = a_process_that_waits_for_a_name_finds_it_though_its_queue_has_overflowed;
    if !is_alone_with_shm(test, "-mr", "mode=1777,size=16m") {
        return;
    }
    let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events");
    let limit: u32 = limit.expect("inotify").trim().parse().expect("a number");
    let mut cells = Cells::all("overflows of the queue of events");
    let waits = OPERATIONS
        .iter()
        .position(|one| one.name == "Reader::wait_for");
    let waits = waits.expect("an operation");
    let mut worker = Worker::new();
    for appears_at in [0, limit / 2, limit + 500] {
        let name = UniqueName::new();
        let pid = worker.pid();
        let answer = worker.run_relieved(waits, Rung::ByDescriptor, &name, || {
            asleep_in(pid, libc::SYS_ppoll);
            while_it_is_stopped(pid, || {
                for number in 0..limit + 1000 {
                    if number == appears_at {
                        drop(Writer::create(&name, 2, &1_u64).expect("created"));
                    }
                    let path = name.path().with_extension((number % 2).to_string());
                    std::fs::write(&path, "").expect("a file");
                    std::fs::remove_file(path).expect("its own");
                }
            });
        });
        cells.add(if answer == "true" {
            Ok("found")
        } else {
            Err(answer)
        });
    }
    cells.end();
}

/// Where a writer is stopped, readers go on, and no other writer takes its place.
#[test]
#[cfg(target_arch = "x86_64")]
#[ignore = "needs namespaces"]
fn an_operation_that_is_stopped_at_any_instruction_keeps_no_reader_from_whole_values() {
    let mut cells = Cells::all("stops within operations");
    let stride = if is_complete() { 1 } else { 40 };
    let first = cells.random.below(stride);
    let script = format!("unset RUST_BACKTRACE; exec {PEER} step stops {stride} {first}");
    let ended = with_private_shm(PEER, "mode=1777,size=256k", &script);
    assert_eq!(
        (ended.status, ended.stderr.as_str()),
        (0, ""),
        "{}",
        ended.stdout
    );
    for line in ended.stdout.lines() {
        let (what, stops) = line.rsplit_once(": ").expect("a number");
        cells.add_many(stops.parse().expect("a number"), what);
    }
    cells.end();
}
