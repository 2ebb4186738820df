//! What was found, in numbers.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Default)]
pub struct Report {
    cells: usize,
    outcomes: BTreeMap<&'static str, usize>,
    pub red: Vec<String>,
}

impl Report {
    pub fn add(&mut self, outcome: Result<&'static str, String>) {
        self.cells += 1;
        match outcome {
            Ok(outcome) => *self.outcomes.entry(outcome).or_default() += 1,
            Err(why) => self.red.push(why),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (outcome, count) in &self.outcomes {
            writeln!(f, "{count:8} {outcome}")?;
        }
        write!(f, "{} cells, {} red", self.cells, self.red.len())
    }
}
