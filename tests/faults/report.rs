//! What was found: numbers, and what is not as it must be.

use rawshm_tests::cells::{Cells, Outcome};

#[derive(Debug, Default)]
pub struct Report {
    pub cells: Cells,
    pub red: Vec<String>,
}

impl Report {
    pub fn add(&mut self, kind: &str, outcome: Result<Outcome, String>) {
        let outcome = outcome.unwrap_or_else(|why| {
            self.red.push(format!("{kind}: {why}"));
            Outcome::Red
        });
        self.cells.add(kind, outcome);
    }

    pub fn join(&mut self, other: Self) {
        self.cells.join(other.cells);
        self.red.extend(other.red);
    }
}
