//! A reader that sleeps while another process is killed.

use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use rawshm_tests::asleep_in;
use rawshm_tests::watchdog::WATCHDOG;

/// A thread that sleeps in a call for a value, and what it returns.
pub(super) struct Sleeper<T> {
    thread: JoinHandle<()>,
    result: Receiver<T>,
}

impl<T: Send + 'static> Sleeper<T> {
    /// Returns when the thread sleeps in this system call.
    pub(super) fn new(call: libc::c_long, act: impl FnOnce() -> T + Send + 'static) -> Self {
        let (say_id, id) = channel();
        let (say, result) = channel();
        let thread = thread::spawn(move || {
            // SAFETY: it has no arguments, and always succeeds.
            say_id.send(unsafe { libc::gettid() }).expect("a listener");
            // If it comes too late, nothing listens.
            let _ = say.send(act());
        });
        let id = id.recv().expect("a thread");
        asleep_in(id.try_into().expect("an id"), call);
        Self { thread, result }
    }

    #[track_caller]
    pub(super) fn result(self) -> T {
        let result = self.result.recv_timeout(WATCHDOG).expect("stranded");
        // Its mapping is gone then.
        self.thread.join().expect("a result");
        result
    }
}
