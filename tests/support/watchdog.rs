//! The only bound on time: how long one step may take before it counts as hanging.
//!
//! No test expects anything to be faster. A test with many steps reports each of them, so that it
//! may take as long as it needs on a loaded machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rawshm::snapshot::Deadline;

/// How long one step may take.
pub const WATCHDOG: Duration = Duration::from_secs(120);

/// Waits until `step` returns a value. Each change of `progress` restarts the time.
///
/// # Panics
///
/// If a step takes longer than [`WATCHDOG`].
#[track_caller]
pub(crate) fn watch<T>(
    what: &str,
    progress: impl Fn() -> u64,
    mut step: impl FnMut() -> Option<T>,
) -> T {
    let (mut reached, mut since) = (progress(), Instant::now());
    loop {
        if let Some(done) = step() {
            return done;
        }
        let now = progress();
        if now != reached {
            (reached, since) = (now, Instant::now());
        }
        assert!(since.elapsed() < WATCHDOG, "{what}: it hangs");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until a condition is met.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    watch(what, || 0, || is_so().then_some(()));
}

/// A deadline for one step, which is expected to end before it.
#[must_use]
pub fn watchdog() -> Deadline {
    Deadline::after(WATCHDOG).expect("a clock")
}

/// Counts the steps of a test that [`watched`] runs.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    pub fn step(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Runs a test in a thread of its own, and fails if one of its steps hangs.
pub fn watched<T: Send + 'static>(test: impl FnOnce(&Progress) -> T + Send + 'static) -> T {
    let progress = Progress::default();
    let thread = thread::spawn({
        let progress = progress.clone();
        move || test(&progress)
    });
    let steps = || progress.0.load(Relaxed);
    watch("the test", steps, || thread.is_finished().then_some(()));
    thread
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
