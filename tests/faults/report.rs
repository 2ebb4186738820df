//! What was found: numbers, and what is not as it must be.

use std::sync::Mutex;

use rawshm_tests::cells::{Cells, Outcome};

/// The cell that runs, which is to be known if it hangs.
static CURRENT: Mutex<String> = Mutex::new(String::new());

pub fn begins(cell: String) {
    *CURRENT.lock().expect("no panic") = cell;
}

pub fn current() -> String {
    CURRENT.lock().expect("no panic").clone()
}

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
