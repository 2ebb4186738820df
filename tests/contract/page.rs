//! The contract as a page, `SYSCALLS.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::data::{Contract, Known, Operation};
use crate::trace::Call;

const INTRODUCTION: &str = "\
# System calls

The system calls of each function and each program, in the order in which they are made. This page
and [its data], which has the flags of each call too, are generated from traces that tests compare
with every run. [The contract's page] says how to use them for filters.

A call that fails is followed by its error, and `× 3` means three times. An error that is not listed
ends a list early; then come the calls that take back its steps, as in the lists that end in an
error. Rows with words instead of an outcome have calls that are made besides, and say when.

- A call that a signal interrupts is made again, except for sleeps.
- In a debug build of a program with std, `fcntl` comes before each `close`.
- `without O_TMPFILE`: the file system or a filter refuses it. `without links`: a file without a
  name cannot be linked. `through proc`: it can be linked through `/proc` only. The table of kernels
  says where these outcomes take the place of those without these words.
- Names are those of x86_64 and aarch64. The table of calls has other names. On loongarch64, s390x
  and powerpc64 the C library makes the calls, by names of its own.
";

const KERNELS: &str = "
## Kernels

These calls were compared on [other kernels]. On older ones, some outcomes take the place of those
without these words.

| Linux | a process | outcomes |
|---|---|---|
";

pub fn page(contract: &Contract) -> String {
    let mut page = String::from(INTRODUCTION);
    page += "\n## Functions\n";
    operations(&mut page, &contract.functions);
    page += "\n## Drops\n\n| type | calls |\n|---|---|\n";
    for (name, calls) in &contract.drops {
        writeln!(page, "| `{name}` | {} |", list(calls)).expect("memory");
    }
    page += "\n## Programs\n";
    operations(&mut page, &contract.programs);
    page += "\n## Functions that make no calls\n\n";
    let mut line = String::new();
    for name in &contract.no_calls {
        let word = format!("`{name}`");
        if line.len() + word.len() + 3 > 100 {
            writeln!(page, "{},", line.trim_end()).expect("memory");
            line.clear();
        } else if !line.is_empty() {
            line += ", ";
        }
        line += &word;
    }
    writeln!(page, "{line}.").expect("memory");
    page += "\n## Calls\n\n| call | since Linux | on 32-bit arm and x86 | on riscv64 |\n";
    page += "|---|---|---|---|\n";
    for (name, known) in &contract.calls {
        let since = &known.since;
        let (narrow, riscv) = (elsewhere(known, "32-bit"), elsewhere(known, "riscv64"));
        writeln!(page, "| `{name}` | {since} | {narrow} | {riscv} |").expect("memory");
    }
    page += "\n| flag | since Linux |\n|---|---|\n";
    for (name, since) in &contract.flags {
        writeln!(page, "| `{name}` | {since} |").expect("memory");
    }
    for (architecture, first) in &contract.first {
        writeln!(
            page,
            "\nOn {architecture}, every process makes `{}` once besides, before its other calls; \
             before Linux {}\n`{}`. The profiles for containers and services are without these, as \
             no\nother architecture needs them: add them for x86, with `SCMP_ARCH_X86` \
             among\na container's `architectures`.",
            first.calls.join("`, `"),
            first.before,
            first.older.join("`, `")
        )
        .expect("memory");
    }
    page += KERNELS;
    for older in &contract.kernels {
        let capability = older.without.iter().map(|name| format!("without `{name}`"));
        let proc = older.proc.iter().map(|with| match with {
            true => "with `/proc`".into(),
            false => "without `/proc`".into(),
        });
        let mut process: Vec<String> = capability.chain(proc).collect();
        if process.is_empty() {
            process.push("any".into());
        }
        let (process, outcomes) = (process.join(", "), older.outcomes.replace('-', " "));
        writeln!(page, "| before {} | {process} | {outcomes} |", older.before).expect("memory");
    }
    page += "\n[other kernels]: docs/kernels.md";
    page += "\n[its data]: contract/syscalls.json\n[The contract's page]: contract/README.md\n";
    page
}

/// A table of the operations that have traces, each with those that make the same calls.
fn operations(page: &mut String, operations: &BTreeMap<String, Operation>) {
    *page += "\n| | outcome | calls |\n|---|---|---|\n";
    for (name, operation) in operations {
        let same = operations
            .iter()
            .filter(|(_, one)| one.same_as.as_ref() == Some(name));
        let names: Vec<_> = std::iter::once(name)
            .chain(same.map(|(name, _)| name))
            .map(|name| format!("`{name}`"))
            .collect();
        let mut names = names.join(", ");
        if let (Some(other), false) = (&operation.same_as, operation.outcomes.is_empty()) {
            write!(names, ": as `{other}`, and").expect("memory");
        }
        for (outcome, calls) in &operation.outcomes {
            let (outcome, calls) = (outcome.replace('-', " "), list(calls));
            writeln!(page, "| {names} | {outcome} | {calls} |").expect("memory");
            names.clear();
        }
        for (call, when) in &operation.untraced {
            writeln!(page, "| {names} | {when} | `{call}` |").expect("memory");
        }
        if !operation.includes.is_empty() {
            let others: Vec<_> = operation
                .includes
                .iter()
                .map(|one| format!("`{one}`"))
                .collect();
            writeln!(page, "| | also | as {} |", others.join(", ")).expect("memory");
        }
    }
}

/// The names of calls and the errors, each repeated call once.
pub fn list(calls: &[Call]) -> String {
    let mut words = Vec::new();
    let same = |one: &Call, other: &Call| one.name == other.name && one.error == other.error;
    for run in calls.chunk_by(same) {
        let mut word = format!("`{}`", run[0].name);
        if let Some(error) = &run[0].error {
            write!(word, " {error}").expect("memory");
        }
        if run.len() > 1 {
            write!(word, " × {}", run.len()).expect("memory");
        }
        words.push(word);
    }
    if words.is_empty() {
        return "none".into();
    }
    words.join(", ")
}

fn elsewhere(known: &Known, architecture: &str) -> String {
    let names = known.names.get(architecture).into_iter().flatten();
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    names.join(", else ")
}
