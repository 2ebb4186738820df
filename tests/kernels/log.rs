//! What a machine has printed: passes through every operation, and then matrices.

use std::fmt;

/// One run of every operation.
pub struct Pass {
    pub release: String,
    pub machine: String,
    pub user: String,
    pub has_proc: bool,
    /// An outcome and its calls each.
    pub lines: Vec<String>,
    pub is_whole: bool,
}

impl Pass {
    /// Whether the kernel is older than a version of two numbers.
    pub fn is_before(&self, version: &str) -> bool {
        numbers(&self.release) < numbers(version)
    }

    /// The kernel, and what the programs are for.
    pub fn kernel(&self) -> (&str, &str) {
        (&self.release, &self.machine)
    }

    /// Whose names of calls it has.
    pub fn architecture(&self) -> &str {
        match self.machine.as_str() {
            "i686" | "armv7" => "32-bit",
            other => other,
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proc = if self.has_proc { "with" } else { "without" };
        write!(
            to,
            "{} {} user {} {proc} /proc",
            self.release, self.machine, self.user
        )
    }
}

fn numbers(version: &str) -> [u32; 2] {
    let mut numbers = version.split(['.', '-', '+']).map(str::parse);
    [(); 2].map(|()| numbers.next().and_then(Result::ok).expect("a number"))
}

/// A matrix of which the machine has compared every cell itself.
pub struct Matrix {
    pub name: String,
    pub release: String,
    pub machine: String,
    pub cells: usize,
    pub red: usize,
    /// What is wrong: the first red cells.
    pub wrong: Vec<String>,
}

impl Matrix {
    /// The kernel, and what the programs are for.
    pub fn kernel(&self) -> (&str, &str) {
        (&self.release, &self.machine)
    }
}

/// The matrices in a log. One without an end has a red cell more.
pub fn matrices(log: &str) -> Vec<Matrix> {
    let mut matrices: Vec<Matrix> = Vec::new();
    let mut lines = log.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        let words: Vec<_> = line.split(' ').collect();
        let ["==", "cells", name, release, machine] = words.as_slice() else {
            continue;
        };
        let own = lines.by_ref().take_while(|line| *line != "== end");
        let mut wrong: Vec<String> = own.map(str::to_owned).collect();
        let (cells, red) = match wrong.pop().as_deref().map(|last| (counts(last), last)) {
            Some((Some(counts), _)) => counts,
            other => {
                wrong.extend(other.map(|(_, last)| last.to_owned()));
                wrong.push("it has no end".into());
                (wrong.len(), wrong.len())
            }
        };
        matrices.push(Matrix {
            name: (*name).into(),
            release: (*release).into(),
            machine: (*machine).into(),
            cells,
            red,
            wrong,
        });
    }
    matrices
}

/// The numbers in `N cells, N red`.
fn counts(line: &str) -> Option<(usize, usize)> {
    let (cells, red) = line.strip_suffix(" red")?.split_once(" cells, ")?;
    Some((cells.parse().ok()?, red.parse().ok()?))
}

/// The passes in a log: what is printed before the first is the firmware's, and the matrices are
/// after the last.
pub fn passes(log: &str) -> Vec<Pass> {
    let mut passes: Vec<Pass> = Vec::new();
    for line in log.lines().map(str::trim_end) {
        let words: Vec<_> = line.split(' ').collect();
        match (words.as_slice(), passes.last_mut()) {
            (["==", "cells", ..], _) => break,
            (["==", "end"], Some(pass)) => pass.is_whole = true,
            (["==", release, machine, user, proc], _) => passes.push(Pass {
                release: (*release).into(),
                machine: (*machine).into(),
                user: (*user).into(),
                has_proc: *proc == "proc",
                lines: Vec::new(),
                is_whole: false,
            }),
            (_, Some(pass)) if !pass.is_whole => pass.lines.push(line.into()),
            _ => {}
        }
    }
    passes
}
