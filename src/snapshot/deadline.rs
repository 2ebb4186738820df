//! How long to wait.

use core::time::Duration;

use crate::error::{Error, Operation, because};
use crate::sys;

/// A point in time until which something waits, by the system's monotonic clock.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use rawshm::Deadline;
///
/// let soon = Deadline::after(Duration::from_millis(10))?;
/// assert_ne!(soon, Deadline::NEVER);
/// # Ok::<(), rawshm::Error>(())
/// ```
///
/// # References
/// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/clock_getres.html)
/// - [Linux](https://man7.org/linux/man-pages/man2/clock_gettime.2.html)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadline {
    /// None is never.
    until: Option<Duration>,
}

impl Deadline {
    /// Waits for as long as it takes.
    pub const NEVER: Self = Self { until: None };

    /// Waits for as long as this from now on; one too long to be told is never. On Linux, one `clock_gettime`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Wait`]: `ENOSYS` – an architecture for which there is no such call here, a filter, or a
    /// 32-bit kernel before Linux 5.1.
    #[doc(alias = "clock_gettime")]
    pub fn after(time: Duration) -> Result<Self, Error> {
        let now = sys::now().map_err(because(Operation::Wait))?;
        Ok(Self {
            until: now.checked_add(time),
        })
    }

    pub(crate) const fn until(self) -> Option<Duration> {
        self.until
    }

    /// Says whether the time is up.
    pub(crate) fn has_passed(self) -> Result<bool, Error> {
        match self.until {
            None => Ok(false),
            Some(until) => Ok(sys::now().map_err(because(Operation::Wait))? >= until),
        }
    }
}
