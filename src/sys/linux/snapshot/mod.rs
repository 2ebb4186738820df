//! What only snapshots need: claims, a clock, and sleeping.

mod claims;
mod raw;
mod waiting;

pub(crate) use self::claims::{HAS_CLAIMS, claim, is_claimed, wait_unclaimed, write_at};
pub(crate) use self::waiting::{DirWatch, now, wait, wake};

pub(crate) const CAN_RESERVE: bool = true;
