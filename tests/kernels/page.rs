//! The page.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Found;
use crate::log::{Matrix, Pass};

const INTRODUCTION: &str = "\
# Kernels

Every operation and every program was run on these kernels of Debian's, each in a machine of its own
with nothing but them, and its system calls were compared with [the contract](../SYSCALLS.md).
`tests/kernels.sh` does it, and has printed this page.

A number is that of the outcomes that were compared. In brackets: how many of them are those of
older kernels, as the contract has them. User 65534 has no capability.
";

/// The matrices, by the names that the machines print, and what the page says about each.
const MATRICES: [(&str, &str, &str); 2] = [
    (
        "planted",
        "planted things × settings × user × operations",
        "\
Before each operation, as root and as user 65534, root or a third user plants something under the
name, or under its first temporary name: 16 kinds of files, links, directories, devices and the
like. `/dev/shm` is sticky, as it is on distributions, or not, and each setting of
`fs.protected_regular` (with `fs.protected_fifos`) and `fs.protected_symlinks` is tried. A cell is
right if the operation returns what its documentation says; if the thing was opened, changed,
removed or replaced only as far as that; if no link was followed; and if no other name is left. One
kernel goes through all settings, others through those of distributions.
",
    ),
    (
        "huge-pages",
        "huge pages",
        "\
Objects on hugetlbfs and of a memfd with `MFD_HUGETLB`, in a machine that has set huge pages aside.
Not every kernel has them.
",
    ),
];

/// A kernel's line in the table: by user, and whether there is /proc.
type Row<'a> = BTreeMap<(&'a str, bool), &'a Found>;

pub fn page(passes: &[(Pass, Found)], matrices: &[Matrix]) -> String {
    let mut page = String::from(INTRODUCTION);
    table(&mut page, passes);
    page += "\n## Settings of the machine\n";
    for (_, title, about) in MATRICES {
        write!(page, "\n**{title}**: {about}").expect("memory");
    }
    page += "\n| kernel | programs for |";
    for (_, title, _) in MATRICES {
        write!(page, " {title} |").expect("memory");
    }
    page += "\n|---|---|---:|---:|\n";
    for kernel in matrices.chunk_by(|one, next| one.kernel() == next.kernel()) {
        let (release, machine) = kernel[0].kernel();
        write!(page, "| {release} | {machine} |").expect("memory");
        for (name, ..) in MATRICES {
            let matrix = kernel.iter().find(|matrix| matrix.name == name);
            let cell = matrix.map_or("–".into(), |matrix| match matrix.red {
                0 => matrix.cells.to_string(),
                red => format!("{}, {red} red", matrix.cells),
            });
            write!(page, " {cell} |").expect("memory");
        }
        page.push('\n');
    }
    page.push('\n');
    for (name, title, _) in MATRICES {
        let all = || matrices.iter().filter(|matrix| matrix.name == name);
        let cells: usize = all().map(|matrix| matrix.cells).sum();
        let red: usize = all().map(|matrix| matrix.red).sum();
        writeln!(page, "- {title}: {cells} cells, {red} red").expect("memory");
    }
    let sum = |of: fn(&Found) -> usize| passes.iter().map(|(_, found)| of(found)).sum::<usize>();
    let (cells, unexplained) = (sum(|one| one.cells), sum(|one| one.unexplained.len()));
    writeln!(
        page,
        "- kernel × user × operations: {cells} cells, {unexplained} unexplained"
    )
    .expect("memory");
    page
}

fn table(page: &mut String, passes: &[(Pass, Found)]) {
    let mut rows: Vec<((&str, &str), Row<'_>)> = Vec::new();
    for (pass, found) in passes {
        let kernel = (pass.release.as_str(), pass.machine.as_str());
        if rows.last().is_none_or(|(last, _)| *last != kernel) {
            rows.push((kernel, Row::new()));
        }
        let row = &mut rows.last_mut().expect("a row").1;
        row.insert((&pass.user, pass.has_proc), found);
    }
    *page += "\n| kernel | programs for | root | root, no `/proc` | 65534 | 65534, no `/proc` |\n";
    *page += "|---|---|---:|---:|---:|---:|\n";
    for ((release, machine), row) in rows {
        write!(page, "| {release} | {machine} |").expect("memory");
        for place in [("0", true), ("0", false), ("65534", true), ("65534", false)] {
            let cell = row.get(&place).map_or("–".into(), |found| cell(found));
            write!(page, " {cell} |").expect("memory");
        }
        page.push('\n');
    }
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
