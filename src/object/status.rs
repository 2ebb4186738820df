//! What can be asked about an object.

use crate::error::{Error, Operation, because};
use crate::sys;

/// The size of an object and the memory it holds, as they were at one time: a peer may change both.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    status: sys::Status,
}

impl Status {
    pub(crate) fn new(status: sys::Status) -> Self {
        Self { status }
    }

    /// The mode for a new object that is to take the place of this one: the same, but if the new one's group is another,
    /// that has no more rights than everybody.
    pub(crate) fn mode_for(self, new: Self) -> u32 {
        let all = self.status.mode;
        let everybody = all & 0o007;
        let group = if new.status.group == self.status.group {
            all & 0o070
        } else {
            everybody << 3
        };
        all & 0o700 | group | everybody
    }

    /// Gives the size in bytes.
    #[must_use]
    #[doc(alias = "st_size")]
    pub fn size(self) -> u64 {
        self.status.size
    }

    /// Gives how many bytes of memory the object holds: what was reserved or has been touched.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: `ENOTSUP` – macOS, which does not say.
    #[doc(alias = "st_blocks")]
    pub fn allocated(self) -> Result<u64, Error> {
        self.status.allocated.map_err(because(Operation::Inspect))
    }

    /// Says whether the object has no name any more: it was unlinked, or replaced by another.
    ///
    /// It never gets one again, so a reader that learns this opens the name anew. An object that has got a second name
    /// by other means, such as `ln`, has none only when both are gone.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: `ENOTSUP` – macOS, which does not say.
    #[doc(alias = "st_nlink")]
    pub fn is_unlinked(self) -> Result<bool, Error> {
        self.status.is_unlinked.map_err(because(Operation::Inspect))
    }

    pub(crate) fn identity(self) -> sys::Identity {
        self.status.identity
    }
}
