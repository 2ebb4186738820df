//! The rungs: the ways in which a complete object gets its name, each forced by a filter of system
//! calls.
//!
//! A filter applies to its thread and to the processes that this thread starts, and to nothing
//! else.

use std::thread;

#[cfg(target_os = "linux")]
use crate::filter;

/// A way to the name. The calls of the better ways are refused, so that this one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rung {
    /// Without a name, then linked by its descriptor. Nothing is refused.
    ByDescriptor,
    /// Without a name, then linked through `/proc`: `AT_EMPTY_PATH` is refused, as before Linux
    /// 6.10.
    ByProc,
    /// Under a temporary name: the file system has no `O_TMPFILE`.
    Temporary,
    /// Under a temporary name: a file without a name cannot be linked.
    TemporaryAfterAll,
}

impl Rung {
    pub const ALL: [Self; 4] = [
        Self::ByDescriptor,
        Self::ByProc,
        Self::Temporary,
        Self::TemporaryAfterAll,
    ];

    /// Whether the object has a temporary name while it is initialised.
    #[must_use]
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::Temporary | Self::TemporaryAfterAll)
    }

    /// How the names of its outcomes end in the golden traces.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::ByDescriptor => "",
            Self::ByProc => "-through-proc",
            Self::Temporary => "-without-O_TMPFILE",
            Self::TemporaryAfterAll => "-without-links",
        }
    }
}

/// Runs a test on each rung.
pub fn on_each_rung(test: impl Fn(Rung) + Sync) {
    for rung in Rung::ALL {
        on(rung, || test(rung));
    }
}

/// Runs a test on one rung, in a thread of its own.
pub fn on<T: Send>(rung: Rung, test: impl FnOnce() -> T + Send) -> T {
    in_a_thread(|| {
        filter::refuse(rung);
        test()
    })
}

/// From now on, has this call of the calling thread fail.
#[cfg(target_os = "linux")]
pub fn refuse(refused: Refused, errno: i32) {
    filter::refuse_call(refused, errno);
}

/// From now on, puts the calling thread under this filter.
#[cfg(target_os = "linux")]
pub fn filter(program: &mut [libc::sock_filter]) {
    filter::install_program(program);
}

/// From now on, leaves the calling thread this way only.
pub fn force(rung: Rung) {
    filter::refuse(rung);
}

/// From now on, refuses every link of a file without a name to the calling thread.
pub fn refuse_links() {
    filter::refuse(Rung::TemporaryAfterAll);
}

/// Runs a test in a thread of its own, where `O_TMPFILE` fails with this errno.
#[cfg(target_os = "linux")]
pub fn where_nothing_is_unnamed<T: Send>(errno: i32, test: impl FnOnce() -> T + Send) -> T {
    in_a_thread(|| {
        filter::refuse_unnamed(errno);
        test()
    })
}

/// Runs a test in a thread of its own, where `renameat` kills the process that calls it.
#[cfg(target_os = "linux")]
pub fn where_to_rename_kills<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    in_a_thread(|| {
        filter::kill_at_renames();
        test()
    })
}

/// A call that a filter refuses.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug)]
pub struct Refused {
    /// Its name, for messages.
    pub name: &'static str,
    pub call: libc::c_long,
    /// The index of an argument, and bits of which it has at least one. None is any call.
    pub with: Option<(usize, i32)>,
}

/// Runs a test in a thread of its own, where these calls fail with this errno.
#[cfg(target_os = "linux")]
pub fn where_refused<T: Send>(calls: &[Refused], errno: i32, test: impl FnOnce() -> T + Send) -> T {
    in_a_thread(|| {
        for call in calls {
            filter::refuse_call(*call, errno);
        }
        test()
    })
}

/// Runs a test in a thread of its own, where an object has a temporary name that is linked and
/// unlinked instead of renamed: there is neither `O_TMPFILE` nor `RENAME_NOREPLACE`.
#[cfg(target_os = "linux")]
pub fn where_temporary_names_are_linked<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    let flag = i32::try_from(libc::RENAME_NOREPLACE).expect("a flag");
    let refused = Refused {
        name: "renameat2 that keeps",
        call: libc::SYS_renameat2,
        with: Some((4, flag)),
    };
    in_a_thread(|| {
        filter::refuse(Rung::Temporary);
        filter::refuse_call(refused, libc::ENOSYS);
        test()
    })
}

/// Runs a test in a thread of its own, where every `futex` fails with this errno, except those
/// of the C library's and std's locks. The test must not wait for the end of a thread:
/// `pthread_join` aborts the process when its futex, which is a shared one, fails.
#[cfg(target_os = "linux")]
pub fn where_futexes_fail<T: Send>(errno: i32, test: impl FnOnce() -> T + Send) -> T {
    let refused = Refused {
        name: "futex",
        call: libc::SYS_futex,
        with: None,
    };
    where_refused(&[refused], errno, test)
}

/// Runs a test in a thread of its own, where there is no inotify.
#[cfg(target_os = "linux")]
pub fn where_nothing_is_watched<T: Send>(errno: i32, test: impl FnOnce() -> T + Send) -> T {
    let refused = Refused {
        name: "inotify_init1",
        call: libc::SYS_inotify_init1,
        with: None,
    };
    where_refused(&[refused], errno, test)
}

/// What becomes of a call that a supervisor has seen.
#[cfg(target_os = "linux")]
#[derive(Clone, Copy, Debug)]
pub enum Answer {
    Made,
    FailsWith(i32),
    /// It is not made, and its result is 0.
    Faked,
}

/// Runs a test in a thread of its own. Each time it is about to make this call, `answer` is called
/// in the thread of the caller, and says what becomes of it.
#[cfg(target_os = "linux")]
pub fn where_supervised<T: Send>(
    call: libc::c_long,
    mut answer: impl FnMut() -> Answer,
    test: impl FnOnce() -> T + Send,
) -> T {
    use std::sync::mpsc::channel;
    let (say, listener) = channel();
    thread::scope(|scope| {
        let thread = scope.spawn(move || {
            say.send(filter::supervise(call)).expect("a supervisor");
            test()
        });
        filter::answer_all(&listener.recv().expect("a filter"), |_| answer());
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn in_a_thread<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = scope.spawn(test);
        thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(not(target_os = "linux"))]
mod filter {
    use super::Rung;

    pub(super) fn refuse(rung: Rung) {
        assert_eq!(rung, Rung::ByDescriptor, "there is one way only");
    }
}
