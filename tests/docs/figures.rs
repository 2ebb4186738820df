//! The figures in the pages.
//!
//! Those that were measured are of one run of `benches/run.sh`. With `RAWSHM_BLESS=1` they become
//! those of the last run, in `benches/results/`.

use std::fmt::Write as _;

use rawshm_tests::repository;

use crate::{blocks, page, section};

const MEASURED: &str = "docs/measured.md";
/// Where the run begins in that page.
const RUN: &str = "\n## The run\n\n";
const PLOTS: [&str; 2] = ["writer.svg", "polls.svg"];

/// The table in the README has these rows and columns of that of the writer.
const ROWS: [&str; 8] = [
    "C without libc, the fewest calls",
    "C without libc, rawshm's calls",
    "**rawshm**",
    "C, the kernel's nolibc",
    "C, musl static, tuned flags",
    "C, glibc dynamic",
    "Rust memmap2",
    "Rust shared_memory",
];
const COLUMNS: [&str; 4] = [
    "bytes",
    "system calls",
    "user instructions",
    "× C, the fewest calls (worst)",
];

/// The cells of the first table in a text.
fn table(text: &str) -> Vec<Vec<&str>> {
    let lines = text.lines().skip_while(|line| !line.starts_with('|'));
    let lines = lines.take_while(|line| line.starts_with('|'));
    let cells = |line: &'_ str| line.len() - 1;
    lines
        .map(|line| line[1..cells(line)].split('|').map(str::trim).collect())
        .collect()
}

fn writers(measured: &str) -> Vec<Vec<&str>> {
    table(section(measured, "### The whole job as a process: writer"))
}

/// The lines of the README's table.
fn expected(measured: &str) -> String {
    let table = writers(measured);
    let [titles, _, rows @ ..] = table.as_slice() else {
        panic!("no table");
    };
    let columns = COLUMNS.map(|title| titles.iter().position(|one| *one == title).expect(title));
    let mut lines = format!(
        "| writer | {} |\n|---|---:|---:|---:|---:|\n",
        COLUMNS.join(" | ")
    );
    for name in ROWS {
        let row = rows.iter().find(|row| row[0] == name).expect(name);
        let figures = columns.map(|column| row[column]);
        let _ = writeln!(lines, "| {name} | {} |", figures.join(" | "));
    }
    lines
}

/// What the README says before the worst ratio of the copies.
const WORST_COPY: &str = "in the worst row of the worst process, ";

fn worst_copy(measured: &str) -> &str {
    let rows = table(section(measured, "### Budgets"));
    let rows = rows.into_iter().filter(|row| {
        row[0].starts_with("copies in the caches") && row[0].contains("65 B to 64 KiB")
    });
    let ratio = |text: &str| text.parse::<f64>().expect("a ratio");
    let worst = rows.map(|row| row[2]);
    let worst = worst.max_by(|one, two| ratio(one).total_cmp(&ratio(two)));
    worst.expect("budgets for copies")
}

fn said_of_copies(readme: &str) -> &str {
    let (_, rest) = readme.split_once(WORST_COPY).expect(WORST_COPY);
    rest.split_whitespace().next().expect("a ratio")
}

fn write(path: &str, text: &str) {
    std::fs::write(repository().join(path), text).expect("written");
}

/// Puts the figures of the last run into the pages.
fn bless() {
    let results = page("benches/results/results.json");
    assert!(results.contains("\"quick\": false"), "a whole run, please");
    let old = page(MEASURED);
    let (about, _) = old.split_once(RUN).expect("where the run begins");
    let run = page("benches/results/results.md");
    write(MEASURED, &format!("{about}{RUN}{run}"));
    for plot in PLOTS {
        write(
            &format!("docs/{plot}"),
            &page(&format!("benches/results/{plot}")),
        );
    }
    let readme = page("README.md");
    let old = section(&readme, "## Measured");
    let begin = old.find("| writer |").expect("a table");
    let end = begin + old[begin..].find("\n\n").expect("its end") + 1;
    let measured = page(MEASURED);
    let new = readme.replace(&old[begin..end], &expected(&measured));
    let said = |ratio: &str| format!("{WORST_COPY}{ratio}");
    let new = new.replace(&said(said_of_copies(&new)), &said(worst_copy(&measured)));
    write("README.md", &new);
}

#[test]
fn the_readme_says_what_the_kernels_showed_and_the_machine_printed() {
    let readme = page("README.md")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let kernels = page("docs/kernels.md");
    let (_, cells) = kernels.trim_end().rsplit_once(": ").expect("its last line");
    assert!(readme.contains(cells), "{cells}");
    let printed = blocks(&page("examples/boot/README.md"), "text").concat();
    let shown = blocks(&page("README.md"), "text").concat();
    assert!(printed.ends_with(&shown), "{shown}");
}

#[test]
fn the_readme_says_how_many_faults_the_page_counts_and_none_is_red() {
    let faults = page("docs/faults.md");
    let last = faults.lines().last().expect("a summary");
    assert!(last.ends_with(" cells, 0 red"), "{last}");
    let readme = page("README.md");
    assert!(
        readme.contains(&format!("[{last}](docs/faults.md)")),
        "{last}"
    );
    let rows = table(&faults);
    let number = |cell: &str| cell.replace(',', "").parse::<u64>().expect("a number");
    let runs = rows[2..].iter().map(|row| number(row[1]));
    let sum = last.split(' ').next().map(number);
    assert_eq!(Some(runs.sum()), sum);
}

#[test]
fn the_readmes_figures_and_the_plots_are_of_the_run_that_the_page_shows() {
    if std::env::var_os("RAWSHM_BLESS").is_some() {
        bless();
    }
    let measured = page(MEASURED);
    let (readme, expected) = (page("README.md"), expected(&measured));
    assert!(
        readme.contains(&expected),
        "the README should have\n{expected}"
    );
    assert_eq!(said_of_copies(&readme), worst_copy(&measured));
    let plot = page("docs/writer.svg");
    let table = writers(&measured);
    let median = table[0].iter().position(|title| *title == "p50, µs");
    for row in &table[2..] {
        let bar = format!(">{}</text>", row[median.expect("a column")]);
        assert!(plot.contains(&bar), "{bar}");
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod of_programs {
    use super::*;
    use rawshm_tests::static_program;

    /// The numbers after these words in a text.
    fn numbers_after(text: &str, words: &str) -> Vec<u64> {
        let text = text.replace('\n', " ");
        let number = |rest: &str| -> String {
            let digits = rest
                .chars()
                .take_while(|one| one.is_ascii_digit() || *one == ',');
            digits.filter(char::is_ascii_digit).collect()
        };
        let all = text.split(words).skip(1).map(number);
        all.map(|digits| digits.parse().expect("a number"))
            .collect()
    }

    /// The lines of a golden trace that are calls.
    fn calls(trace: &str) -> Vec<String> {
        let trace = page(&format!("tests/traces/{trace}.strace"));
        let name = |line: &str| Some(line.split_once('(')?.0.to_owned());
        trace.lines().filter_map(name).collect()
    }

    #[test]
    fn the_programs_are_as_large_as_their_page_says_and_make_as_many_calls() {
        let programs = page("docs/programs.md");
        let pair = section(&programs, "## writer and reader");
        let creator = section(&programs, "## creator");
        for (program, text) in [("writer", pair), ("reader", pair), ("creator", creator)] {
            let limit = numbers_after(text, "at most ")[0];
            let size = static_program(program).metadata().expect("built").len();
            assert!(
                (limit * 7 / 8..=limit).contains(&size),
                "{program}: {size} bytes"
            );
        }
        let made = |trace| u64::try_from(calls(trace).len()).expect("a number");
        let said = numbers_after(pair, "makes ");
        assert_eq!(said, [made("writer/stored")]);
        assert_eq!(said, [made("reader/printed")]);
        assert_eq!(numbers_after(creator, "makes "), [made("creator/created")]);
        assert_eq!(
            numbers_after(creator, "by default and "),
            [made("creator/replaced")]
        );
        let readme = page("README.md");
        let limits = numbers_after(
            section(&readme, "## Static executables without libc"),
            "at most ",
        );
        assert_eq!(limits, [numbers_after(pair, "at most ")[0]]);
    }

    #[test]
    fn the_readmes_calls_are_those_of_the_golden_traces() {
        let readme = page("README.md");
        let said = table(section(&readme, "## System calls"));
        let said = |operation: &str| -> Vec<String> {
            let row = said
                .iter()
                .find(|row| row[0] == operation)
                .expect(operation);
            let calls = row[1].split('`').skip(1).step_by(2);
            calls.map(str::to_owned).collect()
        };
        let create = calls("Mapping.create/created");
        let reserve = calls("Object.create/reserved").pop();
        assert_eq!(
            said("`Mapping::create`"),
            [create, reserve.into_iter().collect()].concat()
        );
        assert_eq!(said("`Mapping::open`"), calls("Mapping.open/opened"));
        let none = calls("SharedBytes.load/no-call");
        assert_eq!(said("`load`, `store`, copies, atomics"), none);
        let complete = calls("Options.create_complete/created");
        assert_eq!(said("`create_complete`"), complete);
        assert_eq!(said("drop of a `Mapping`"), calls("drop/Mapping"));
        assert_eq!(said("`unlink`"), calls("unlink/unlinked"));
    }
}
