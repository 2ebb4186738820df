//! The outcomes of the runs with a fault, and how they are counted over several test programs.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;

/// What a run with a fault has come to. From [`Outcome::UndoRefused`] on, it cannot be otherwise:
/// `docs/faults.md` says why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Done,
    Failed,
    NothingToDo,
    AsBefore,
    AsAfter,
    Red,
    UndoRefused,
    Kept,
    Believed,
    NoMemory,
    Incomplete,
    Temporary,
    Retired,
}

impl Outcome {
    pub const ALL: [Self; 13] = [
        Self::Done,
        Self::Failed,
        Self::NothingToDo,
        Self::AsBefore,
        Self::AsAfter,
        Self::Red,
        Self::UndoRefused,
        Self::Kept,
        Self::Believed,
        Self::NoMemory,
        Self::Incomplete,
        Self::Temporary,
        Self::Retired,
    ];

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "done, as without the fault",
            Self::Failed => "an error that says why, and nothing is left",
            Self::NothingToDo => "nothing to do, by what the kernel said",
            Self::AsBefore => "killed, and all is as it was before",
            Self::AsAfter => "killed, and it is done; of several values, at least the first",
            Self::Red => "red: not as it must be",
            Self::UndoRefused => "an error, and the call that undoes a step fails, too",
            Self::Kept => "the call that releases a descriptor or a mapping is not made",
            Self::Believed => "a faked success that no answer contradicts",
            Self::NoMemory => "`SIGBUS`, after the size or the reservation was faked",
            Self::Incomplete => "killed in a plain creation: the object is not complete",
            Self::Temporary => "killed, and a temporary name is left until the next operation",
            Self::Retired => "killed at the end of a snapshot: it is retired and has its name",
        }
    }

    /// Whether nothing better is possible, so that it is documented.
    #[must_use]
    pub fn cannot_be_otherwise(self) -> bool {
        self >= Self::UndoRefused
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// How often which kind of fault had which outcome.
#[derive(Clone, Debug, Default)]
pub struct Cells(BTreeMap<(String, Outcome), usize>);

impl Cells {
    pub fn add(&mut self, kind: &str, outcome: Outcome) {
        self.add_many(kind, outcome, 1);
    }

    pub fn add_many(&mut self, kind: &str, outcome: Outcome, count: usize) {
        *self.0.entry((kind.to_owned(), outcome)).or_default() += count;
    }

    pub fn join(&mut self, others: Self) {
        for ((kind, outcome), count) in others.0 {
            self.add_many(&kind, outcome, count);
        }
    }

    #[must_use]
    pub fn count(&self, is_counted: impl Fn(&str, Outcome) -> bool) -> usize {
        let cells = self.0.iter();
        let counted = cells.filter(|((kind, outcome), _)| is_counted(kind, *outcome));
        counted.map(|(_, count)| count).sum()
    }

    /// The kinds of faults, in the order of their names.
    #[must_use]
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<_> = self.0.keys().map(|(kind, _)| kind.as_str()).collect();
        kinds.dedup();
        kinds
    }

    /// Reads the lines of a log that [`Cells::print`] has printed.
    #[must_use]
    pub fn read(log: &str) -> Self {
        let mut cells = Self::default();
        for line in log.lines().filter_map(|line| line.split_once(MARK)) {
            let parts: Vec<_> = line.1.split(" | ").collect();
            let [count, kind, words] = parts[..] else {
                panic!("{line:?}");
            };
            let outcome = Outcome::ALL.into_iter().find(|one| one.words() == words);
            let count = count.parse().expect("a number");
            cells.add_many(kind, outcome.expect(words), count);
        }
        cells
    }

    /// Prints a line for each kind and outcome.
    pub fn print(&self) {
        for ((kind, outcome), count) in &self.0 {
            println!("{MARK}{count} | {kind} | {outcome}");
        }
    }

    /// `N cells, N red`.
    #[must_use]
    pub fn summary(&self) -> String {
        let red = self.count(|_, outcome| outcome == Outcome::Red);
        format!("{} cells, {red} red", grouped(self.count(|_, _| true)))
    }
}

const MARK: &str = "cells: ";

/// A number with a comma before each three digits.
#[must_use]
pub fn grouped(number: usize) -> String {
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{},{rest:03}", grouped(thousands)),
    }
}

/// Prints a line, also if the test passes: only macros are captured.
pub fn tell(line: &str) {
    let mut stdout = std::io::stdout().lock();
    // The name of the test may be on the line before.
    writeln!(stdout, "\n{line}").expect("standard output");
}
