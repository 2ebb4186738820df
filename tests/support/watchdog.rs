//! The one bound on time: how long a single step may take before it is taken to hang.
//!
//! No test depends on anything being faster. What has many steps reports each of them, so that a loaded machine has as
//! long as it needs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use rawshm::snapshot::Deadline;

/// How long one step may take.
pub const WATCHDOG: Duration = Duration::from_secs(120);

/// Waits until `step` returns something; each change of `progress` is a step, after which the time begins anew.
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

/// A deadline for one step: what it bounds is expected to end before.
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

/// Runs a test in a thread of its own, so that one of its steps that hangs is a failure.
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
