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
}
