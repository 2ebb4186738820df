//! The page.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Found;
use crate::log::Pass;

const INTRODUCTION: &str = "\
# Kernels

Every operation and every program was run on these kernels of Debian's, each in a machine of its own
with nothing but them, and its system calls were compared with [the contract](../SYSCALLS.md).
`tests/kernels.sh` does it, and has printed this page.

A number is that of the outcomes that were compared. In brackets: how many of them are those of
older kernels, as the contract has them. User 65534 has no capability.
";

/// A kernel's line in the table: by user, and whether there is /proc.
type Row<'a> = BTreeMap<(&'a str, bool), &'a Found>;

pub fn page(passes: &[(Pass, Found)]) -> String {
    let mut rows: Vec<((&str, &str), Row<'_>)> = Vec::new();
    for (pass, found) in passes {
        let kernel = (pass.release.as_str(), pass.machine.as_str());
        if rows.last().is_none_or(|(last, _)| *last != kernel) {
            rows.push((kernel, Row::new()));
        }
        let row = &mut rows.last_mut().expect("a row").1;
        row.insert((&pass.user, pass.has_proc), found);
    }
    let mut page = String::from(INTRODUCTION);
    page += "\n| kernel | programs for | root | root, no `/proc` | 65534 | 65534, no `/proc` |\n";
    page += "|---|---|---:|---:|---:|---:|\n";
    for ((release, machine), row) in rows {
        write!(page, "| {release} | {machine} |").expect("memory");
        for place in [("0", true), ("0", false), ("65534", true), ("65534", false)] {
            let cell = row.get(&place).map_or("–".into(), |found| cell(found));
            write!(page, " {cell} |").expect("memory");
        }
        page.push('\n');
    }
    let sum = |of: fn(&Found) -> usize| passes.iter().map(|(_, found)| of(found)).sum::<usize>();
    let (cells, unexplained) = (sum(|one| one.cells), sum(|one| one.unexplained.len()));
    writeln!(
        page,
        "\nkernel × user × operations: {cells} cells, {unexplained} unexplained"
    )
    .expect("memory");
    page
}

fn cell(found: &Found) -> String {
    let mut cell = found.cells.to_string();
    if found.older > 0 {
        write!(cell, " ({})", found.older).expect("memory");
    }
    if !found.unexplained.is_empty() {
        write!(cell, ", {} unexplained", found.unexplained.len()).expect("memory");
    }
    cell
}
