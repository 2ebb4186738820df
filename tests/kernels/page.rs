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

const SETTINGS: &str = "
## Settings of a machine

What depends on settings of a whole machine was tried on the same kernels.

**Planted things**: each operation is run as root and as user 65534, after root, a third user or
that user itself has planted something under the name, or under its first temporary name.
`/dev/shm` is sticky, as it is on distributions, or not, and each setting of `fs.protected_regular`
(and `fs.protected_fifos` with it) and of `fs.protected_symlinks` is tried. A cell is right if the
operation returns what its documentation says; if the thing was opened, changed, removed or
replaced only as far as that; if no link was followed; and if no other name is left. One kernel
goes through all settings, others through those of distributions. There are 16 kinds of things:

- a file of mode 0600, and one of mode 0666; a file that its maker has not sized yet; a snapshot
  whose writer has ended;
- a symbolic link to a file, to nothing, to itself, to a directory, to a device;
- a directory, a FIFO, a socket, a character device, a block device;
- another name of a file of the user's own; a file that is immutable, where the kernel has such.

**Huge pages**: objects on hugetlbfs, and of a memfd with `MFD_HUGETLB`. Not every kernel has them.
";

/// The matrices, by the names that the machines print, and what is counted.
const MATRICES: [(&str, &str); 2] = [
    ("planted", "planted things × settings × user × operations"),
    ("huge-pages", "huge pages"),
];

/// A kernel's line in the table: by user, and whether there is /proc.
type Row<'a> = BTreeMap<(&'a str, bool), &'a Found>;

pub fn page(passes: &[(Pass, Found)], matrices: &[Matrix]) -> String {
    let mut page = String::from(INTRODUCTION);
    table(&mut page, passes);
    page += SETTINGS;
    page += "\n| kernel | programs for | planted things | huge pages |\n|---|---|---:|---:|\n";
    for kernel in matrices.chunk_by(|one, next| one.kernel() == next.kernel()) {
        let (release, machine) = kernel[0].kernel();
        write!(page, "| {release} | {machine} |").expect("memory");
        for (name, _) in MATRICES {
            let mut matrices = kernel.iter().filter(|matrix| matrix.name == name);
            let matrix = matrices.find(|matrix| matrix.cells > 0);
            let cell = matrix.map_or("–".into(), |matrix| match matrix.red {
                0 => matrix.cells.to_string(),
                red => format!("{}, {red} red", matrix.cells),
            });
            write!(page, " {cell} |").expect("memory");
        }
        page.push('\n');
    }
    let kernels = passes.chunk_by(|(one, _), (next, _)| one.kernel() == next.kernel());
    write!(page, "\n- kernels: {}\n", kernels.count()).expect("memory");
    for (name, title) in MATRICES {
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
        let kernel = pass.kernel();
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
