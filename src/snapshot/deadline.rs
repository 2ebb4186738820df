//! How long to wait.

use core::time::Duration;

use crate::Error;
use crate::error::{Operation, because};
use crate::sys;

/// The moment until which a reader waits, by the system's monotonic clock.
///
/// An earlier moment is less than a later one, and [`Deadline::NEVER`] is the greatest.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use rawshm::snapshot::Deadline;
///
/// let soon = Deadline::after(Duration::from_millis(10))?;
/// assert!(soon < Deadline::NEVER);
/// # Ok::<(), rawshm::Error>(())
/// ```
///
/// # References
/// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/clock_getres.html)
/// - [Linux](https://man7.org/linux/man-pages/man2/clock_gettime.2.html)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline {
    /// On the monotonic clock; the greatest is never.
    until: Duration,
}

impl Deadline {
    /// No deadline: the wait can last forever.
    ///
    /// It lasts until a writer ends it. A process that may read the object can prevent that, by
    /// moving the sleeper to another word (`FUTEX_REQUEUE`), and so can one that may write to it.
    /// Where these processes are not trusted, wait with a deadline: it bounds the wait, and the
    /// value that is there then is returned.
    pub const NEVER: Self = Self {
        until: Duration::MAX,
    };

    /// Returns the moment `time` from now, or [`Deadline::NEVER`] if the clock cannot represent it.
    /// On Linux, one `clock_gettime`; on 32-bit targets `clock_gettime64`, and the older call where
    /// that is refused, as before Linux 5.1.
    ///
    /// # Errors
    ///
    /// With [`Operation::Wait`]: `ENOSYS`, `EPERM` – a filter refuses the call.
    #[doc(alias = "clock_gettime")]
    pub fn after(time: Duration) -> Result<Self, Error> {
        let now = sys::now().map_err(because(Operation::Wait))?;
        Ok(Self {
            until: now.saturating_add(time),
        })
    }

    /// None is never.
    pub(super) fn until(self) -> Option<Duration> {
        (self != Self::NEVER).then_some(self.until)
    }

    /// The time that is left; None if there is no deadline.
    pub(super) fn left(self) -> Result<Option<Duration>, Error> {
        let Some(until) = self.until() else {
            return Ok(None);
        };
        let now = sys::now().map_err(because(Operation::Wait))?;
        Ok(Some(until.saturating_sub(now)))
    }
}
