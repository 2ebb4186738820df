//! Prints the page `docs/faults.md` from the log of `tests/faults.sh`.

use std::fmt::Write as _;
use std::process::ExitCode;

use rawshm_tests::cells::{Cells, Outcome, grouped};

const INTRODUCTION: &str = "\
# Faults

Every operation and every program was run over and over, and each time something else went wrong
with its system calls. `tests/faults.sh` does it, and has printed this page.

- **One call fails**, each in turn, on each way to a name, with each errno: those that its manual
  page has, and those that a filter of system calls or a file system can return. What a signal can
  interrupt is also interrupted a thousand times in a row.
- **One call reports success**, but was not made.
- **A kill** comes before and after each call, and after each instruction.
- **Two calls fail**, at random; in a third of these runs, a kill comes later.

After each run, the result is what the documentation says. No name, descriptor, mapping or lock is
left, except as the second table says. Nothing panics, hangs or dies of a signal of its own, and the
next operation works. Readers that are attached, sleep or wait for the name learn the truth.
";

/// Why nothing better is possible, and where that is documented.
fn why(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::UndoRefused | Outcome::Kept | Outcome::Incomplete => {
            "[the fine print](guarantees.md#what-a-failure-leaves-behind)"
        }
        Outcome::Believed | Outcome::NoMemory => {
            "[the fine print](guarantees.md#calls-that-only-report-success)"
        }
        Outcome::Temporary => "[the fine print](guarantees.md#temporary-names)",
        Outcome::Retired => "[the fine print](guarantees.md#what-snapshots-add)",
        _ => "",
    }
}

fn page(cells: &Cells, seed: &str) -> String {
    let mut page = String::from(INTRODUCTION);
    page += "\n| what goes wrong | runs | it cannot be otherwise | red |\n|---|---:|---:|---:|\n";
    for kind in cells.kinds() {
        let count = |is_counted: &dyn Fn(Outcome) -> bool| {
            grouped(cells.count(|of, outcome| of == kind && is_counted(outcome)))
        };
        let (all, red) = (count(&|_| true), count(&|outcome| outcome == Outcome::Red));
        let classes = count(&Outcome::cannot_be_otherwise);
        writeln!(page, "| {kind} | {all} | {classes} | {red} |").expect("memory");
    }
    page += "\n| what came of it | runs | why it cannot be otherwise |\n|---|---:|---|\n";
    for outcome in Outcome::ALL {
        let count = grouped(cells.count(|_, of| of == outcome));
        if outcome != Outcome::Red {
            writeln!(page, "| {outcome} | {count} | {} |", why(outcome)).expect("memory");
        }
    }
    writeln!(
        page,
        "\nThe random faults are those of `RAWSHM_SEED={seed}`."
    )
    .expect("memory");
    writeln!(page, "\n{}", cells.summary()).expect("memory");
    page
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [seed, log] = arguments.as_slice() else {
        eprintln!("usage: faults SEED LOG");
        return ExitCode::from(2);
    };
    let log = std::fs::read_to_string(log).expect("a log");
    print!("{}", page(&Cells::read(&log), seed));
    ExitCode::SUCCESS
}
