//! What can be asked about an object.

use crate::error::{Error, Operation, because};
use crate::sys;

/// The size of an object and the memory that it holds, at one moment: a peer may change both.
///
/// Two are equal if they are of the same object and nothing of it has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    status: sys::Status,
}

impl Status {
    pub(crate) fn new(status: sys::Status) -> Self {
        Self { status }
    }

    /// Returns the size in bytes.
    #[must_use]
    #[doc(alias = "st_size")]
    pub fn size(self) -> u64 {
        self.status.size
    }

    /// Returns the memory that the object holds, in bytes: what was reserved or has been touched.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: `ENOTSUP` – macOS, which does not tell.
    #[doc(alias = "st_blocks")]
    pub fn allocated(self) -> Result<u64, Error> {
        self.status.allocated.map_err(because(Operation::Inspect))
    }

    /// Returns whether the object has no name any more: it was unlinked, or replaced.
    ///
    /// It never gets a name again, so a reader that learns this opens the name anew. An object that
    /// got a second name by other means, such as `ln`, has none only when both are gone.
    ///
    /// # Errors
    ///
    /// With [`Operation::Inspect`]: `ENOTSUP` – macOS, which does not tell.
    #[doc(alias = "st_nlink")]
    pub fn is_unlinked(self) -> Result<bool, Error> {
        self.status.is_unlinked.map_err(because(Operation::Inspect))
    }

    pub(crate) fn page_rest(self) -> u32 {
        self.status.page_rest
    }

    #[cfg(feature = "snapshot")]
    pub(crate) fn identity(self) -> sys::Identity {
        self.status.identity
    }
}
