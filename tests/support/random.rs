//! A small generator of numbers, the same on every run with a seed: xorshift.

#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// # Panics
    /// If the seed is 0.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        assert_ne!(seed, 0, "it would stay 0");
        Self(seed)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    /// An index below this one.
    pub fn index(&mut self, end: usize) -> usize {
        let index = self.below(end.try_into().expect("small"));
        index.try_into().expect("an index")
    }

    /// One of these.
    pub fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }
}
