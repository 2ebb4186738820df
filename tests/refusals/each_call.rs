//! Each call is refused in turn, to each operation.

use libc::{c_long, c_uint};
use rawshm_tests::operations::{OPERATIONS, Operation, is_old_object, is_old_snapshot};
use rawshm_tests::rungs::{Refused, where_refused};
use rawshm_tests::{UniqueName, left_in_shm};

const fn any(name: &'static str, call: c_long) -> Refused {
    Refused {
        name,
        call,
        with: None,
    }
}

const fn with(name: &'static str, call: c_long, argument: usize, bits: i32) -> Refused {
    Refused {
        name,
        call,
        with: Some((argument, bits)),
    }
}

/// The calls, and flags of calls, that are newer than Linux 3.10.
pub const NEWER: &[Refused] = &[
    any("renameat2", libc::SYS_renameat2),
    with(
        "openat, O_TMPFILE",
        libc::SYS_openat,
        2,
        libc::O_TMPFILE & !libc::O_DIRECTORY,
    ),
    // F_OFD_GETLK, F_OFD_SETLK and F_OFD_SETLKW, which are 36, 37 and 38. No other command here has
    // this bit.
    with("fcntl, F_OFD_*", libc::SYS_fcntl, 1, 32),
    with(
        "linkat, AT_EMPTY_PATH",
        libc::SYS_linkat,
        4,
        libc::AT_EMPTY_PATH,
    ),
    any("madvise", libc::SYS_madvise),
];

/// All others that the library makes and that a filter may refuse without keeping this test from
/// running.
const OLDER: &[Refused] = &[
    any("fstat", libc::SYS_fstat),
    any("newfstatat", libc::SYS_newfstatat),
    any("ftruncate", libc::SYS_ftruncate),
    any("fallocate", libc::SYS_fallocate),
    any("fchmod", libc::SYS_fchmod),
    any("flock", libc::SYS_flock),
    any("fcntl", libc::SYS_fcntl),
    any("linkat", libc::SYS_linkat),
    any("renameat", libc::SYS_renameat),
    any("unlinkat", libc::SYS_unlinkat),
    any("faccessat", libc::SYS_faccessat),
    any("statfs", libc::SYS_statfs),
    any("mprotect", libc::SYS_mprotect),
    any("mlock", libc::SYS_mlock),
    any("munlock", libc::SYS_munlock),
    any("futex", libc::SYS_futex),
    any("inotify_init1", libc::SYS_inotify_init1),
    any("inotify_add_watch", libc::SYS_inotify_add_watch),
    any("ppoll", libc::SYS_ppoll),
    any("nanosleep", libc::SYS_nanosleep),
    any("clock_gettime", libc::SYS_clock_gettime),
    any("pread64", libc::SYS_pread64),
    any("pwrite64", libc::SYS_pwrite64),
    any("sched_yield", libc::SYS_sched_yield),
];

pub const ERRNOS: [i32; 2] = [libc::ENOSYS, libc::EPERM];

/// Runs an operation where calls are refused. Returns whether it worked.
fn refuse(operation: &Operation, refused: &[Refused], errno: i32) -> bool {
    let calls: Vec<_> = refused.iter().map(|refused| refused.name).collect();
    let what = format!("{} without {calls:?} ({errno})", operation.name);
    // A name is removed only if it still is the object's.
    let needed = [libc::SYS_unlinkat, libc::SYS_newfstatat, libc::SYS_fstat];
    let removes = !refused.iter().any(|refused| needed.contains(&refused.call));
    let name = UniqueName::new();
    (operation.before)(&name);
    let before = left_in_shm(&name);
    let (result, asleep) = where_refused(refused, errno, || {
        let (began, cpu) = (std::time::Instant::now(), cpu_time());
        let result = (operation.run)(&name);
        // What takes its time sleeps meanwhile.
        let busy = cpu_time() - cpu;
        (
            result,
            busy < 0.02 || busy < began.elapsed().as_secs_f64() / 2.0,
        )
    });
    assert!(asleep, "{what} is busy while it waits");
    match (result, operation.done) {
        (Ok(false), _) => panic!("{what} does nothing"),
        (Ok(true), Some(done)) => done(&name),
        (Ok(true), None) => assert_eq!(left_in_shm(&name), before, "{what}"),
        (Err(error), _) => {
            assert!(error.name().is_some(), "{what}: {error}");
            assert_ne!(error.words(), "unknown error", "{what}");
            // What cannot be removed stays.
            if removes {
                assert_eq!(left_in_shm(&name), before, "{what}: {error}");
            }
        }
    }
    if result.is_err() && removes && !before.is_empty() {
        match rawshm::Object::open(&name).expect("there").size() {
            Ok(8192) => is_old_object(&name),
            _ => is_old_snapshot(&name),
        }
    }
    result.is_ok()
}

/// The time in seconds that this thread has run.
fn cpu_time() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: it writes the struct.
    let done = unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
    assert_eq!(done, 0);
    // SAFETY: written by the call.
    let usage = unsafe { usage.assume_init() };
    let seconds = |time: libc::timeval| {
        let micros = u32::try_from(time.tv_usec).expect("less than a second");
        f64::from(c_uint::try_from(time.tv_sec).expect("short")) + f64::from(micros) / 1e6
    };
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// Refused beside others: objects without a name. Then they have temporary names.
const UNNAMED: Refused = NEWER[1];

/// What was refused, and which operations then did not work.
fn not_possible(refused: &[Refused]) -> Vec<(i32, &'static str)> {
    let mut failed = Vec::new();
    for errno in ERRNOS {
        for operation in OPERATIONS {
            if !refuse(operation, refused, errno) {
                failed.push((errno, operation.name));
            }
        }
    }
    failed
}

#[test]
fn without_a_newer_call_each_operation_works_or_says_why_not() {
    for refused in NEWER {
        for refused in [&[*refused][..], &[*refused, UNNAMED]] {
            let failed = not_possible(refused);
            let name = refused[0].name;
            // These have no older form.
            let expected = |operation: &str| match name {
                "madvise" => ["prefault", "advise"].contains(&operation),
                "fcntl, F_OFD_*" => {
                    let claims = ["claim", "writer_alive", "wait_for_writer_end", "reap"];
                    operation.starts_with("Writer::")
                        || claims.iter().any(|claim| operation.starts_with(claim))
                }
                _ => false,
            };
            for errno in ERRNOS {
                for operation in OPERATIONS {
                    assert_eq!(
                        failed.contains(&(errno, operation.name)),
                        expected(operation.name),
                        "{} without {name} ({errno})",
                        operation.name
                    );
                }
            }
        }
    }
}

#[test]
fn without_any_newer_call_the_others_suffice() {
    let calls: Vec<_> = NEWER
        .iter()
        .copied()
        .filter(|refused| !refused.name.starts_with("fcntl") && refused.name != "madvise")
        .collect();
    assert_eq!(not_possible(&calls), []);
}

#[test]
fn without_an_older_call_each_operation_works_or_says_why_not() {
    for refused in OLDER {
        let _ = not_possible(&[*refused]);
        for errno in ERRNOS {
            for operation in OPERATIONS {
                let creates = ["create", "replace"];
                if creates.iter().any(|word| operation.name.contains(word)) {
                    let _ = refuse(operation, &[*refused, UNNAMED], errno);
                }
            }
        }
    }
}

#[test]
fn with_every_call_each_operation_works() {
    assert_eq!(not_possible(&[]), []);
}
