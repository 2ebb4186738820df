//! The monotonic clock, as rustix reads it.

use core::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::Errno;

pub(crate) fn now() -> Result<Duration, Errno> {
    let time = clock_gettime(ClockId::Monotonic);
    duration(time.tv_sec, time.tv_nsec)
}

pub(super) fn duration(seconds: i64, nanoseconds: impl TryInto<u32>) -> Result<Duration, Errno> {
    let seconds = u64::try_from(seconds).map_err(|_| Errno::OVERFLOW)?;
    let nanoseconds = nanoseconds.try_into().map_err(|_| Errno::OVERFLOW)?;
    Ok(Duration::new(seconds, nanoseconds))
}
