//! What a machine has printed.

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

/// The passes in a log: what is printed before the first is the firmware's.
pub fn passes(log: &str) -> Vec<Pass> {
    let mut passes: Vec<Pass> = Vec::new();
    for line in log.lines().map(str::trim_end) {
        let words: Vec<_> = line.split(' ').collect();
        match (words.as_slice(), passes.last_mut()) {
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
