//! Which cells a run takes.

/// Each cell, or one of every so many.
#[derive(Clone, Copy)]
pub struct Rotation {
    pub every: u64,
    /// How many come before the next one.
    pub next: u64,
    pub close_may_fail: bool,
}

impl Rotation {
    pub fn takes(&mut self) -> bool {
        let takes = self.next == 0;
        self.next = self.next.checked_sub(1).unwrap_or(self.every - 1);
        takes
    }
}
