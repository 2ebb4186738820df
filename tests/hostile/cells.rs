//! Which cells a run takes, and what came of them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rawshm_tests::random::Random;

/// Has tests of this process run one at a time.
///
/// While one starts a process, that has copies of all descriptors, until its exec: a claim that
/// another test has just given up would still be held.
pub fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The cells of one test: a case each, which passes or is red.
pub struct Cells {
    _alone: MutexGuard<'static, ()>,
    what: &'static str,
    pub random: Random,
    /// One of this many is taken.
    one_of: u64,
    next: u64,
    outcomes: BTreeMap<String, usize>,
    red: Vec<String>,
}

impl Cells {
    /// Those of a test that takes all of them in each run.
    pub fn all(what: &'static str) -> Self {
        Self::one_of(1, what)
    }

    /// Those of a test that takes one of so many, unless all are asked for.
    pub fn one_of(one_of: u64, what: &'static str) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.expect("after 1970").subsec_micros();
        let seed = match std::env::var("RAWSHM_SEED") {
            Ok(seed) => seed.parse().expect("RAWSHM_SEED is a number"),
            Err(_) => u64::from(now) << 1 | 1,
        };
        let one_of = if is_complete() { 1 } else { one_of };
        println!("{what}: RAWSHM_SEED={seed} repeats this run, which takes one of {one_of} cells");
        Self {
            _alone: alone(),
            what,
            random: Random::new(seed),
            one_of,
            next: seed / 2 % one_of,
            outcomes: BTreeMap::new(),
            red: Vec::new(),
        }
    }

    /// Whether this run takes the next cell.
    pub fn takes(&mut self) -> bool {
        let takes = self.next == 0;
        self.next = self.next.checked_sub(1).unwrap_or(self.one_of - 1);
        takes
    }

    /// Counts a cell, which is an outcome of a kind, or red for a reason.
    pub fn add(&mut self, outcome: Result<impl Into<String>, String>) {
        match outcome {
            Ok(kind) => self.add_many(1, kind),
            Err(why) => self.red.push(why),
        }
    }

    /// Counts cells with one outcome.
    pub fn add_many(&mut self, cells: usize, kind: impl Into<String>) {
        *self.outcomes.entry(kind.into()).or_default() += cells;
    }

    /// How many there are so far.
    pub fn count(&self) -> usize {
        self.outcomes.values().sum::<usize>() + self.red.len()
    }

    /// Prints what was found.
    ///
    /// # Panics
    /// If a cell is red.
    pub fn end(self) {
        let mut out = std::io::stdout();
        let cells = self.count();
        let (what, red) = (self.what, self.red.len());
        // Not with a macro, whose output libtest captures; and on a line of its own.
        let _ = writeln!(out, "\nchecked: hostile: {what}: {cells} cells, {red} red");
        for (kind, count) in &self.outcomes {
            println!("{count:8} {kind}");
        }
        assert!(cells > 0, "nothing was checked");
        let shown = &self.red[..self.red.len().min(50)];
        assert!(self.red.is_empty(), "{red} are red:\n{}", shown.join("\n"));
    }
}

/// Whether all cells are asked for.
pub fn is_complete() -> bool {
    std::env::var_os("RAWSHM_HOSTILE").is_some()
}
