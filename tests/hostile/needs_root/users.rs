//! The page `docs/users.md`: each operation on an object, by its mode and by who tries it.
//! `RAWSHM_BLESS=1` writes it anew.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rawshm_tests::operations::OPERATIONS;
use rawshm_tests::rungs::Rung;
use rawshm_tests::{Folder, UniqueName, clear_shm, left_in_shm, public_copy, repository, run};

use super::{User, identity};
use crate::cells::Cells;
use crate::private::is_alone_with_shm;
use crate::worker::{PEER, Worker};

const PAGE: &str = "docs/users.md";

const USERS: [(&str, User); 4] = [
    ("owner", User::OWNER),
    ("its group", User::OF_THE_GROUP),
    ("others", User::OTHER),
    ("root", User::ROOT),
];

const MODES: [u32; 4] = [0o600, 0o640, 0o644, 0o666];

/// What a row says, and the operations that it stands for, which all come to the same.
const ROWS: [(&str, &[&str]); 12] = [
    ("`Object::open`, `Mapping::open`", &["open", "open_mapping"]),
    (
        "`open_read_write`, `open_or_create`, `open_or_create_complete`",
        &[
            "status",
            "open_or_create, old",
            "open_or_create_complete, old",
        ],
    ),
    ("`Object::claim`", &["claim"]),
    (
        "`create`, `create_complete`, `Writer::create`",
        &["create", "create_complete", "Writer::create"],
    ),
    ("`unlink`", &["unlink"]),
    (
        "`Object::unlink` and a guard, opened to write",
        &["unlink an object", "a guard"],
    ),
    ("`replace`", &["replace"]),
    (
        "`Reader::open`, `Reader::wait_for`, `Follower`",
        &["Reader::open", "Reader::wait_for", "Follower::next"],
    ),
    (
        "`Writer::open`, `Writer::open_or_create`",
        &["Writer::open", "Writer::open_or_create, old"],
    ),
    ("`Writer::replace`", &["Writer::replace"]),
    ("`Writer::finish`", &["Writer::finish"]),
    ("`snapshot::reap`", &["reap", "reap a snapshot"]),
];

/// The row of C, which depends on a setting of the machine.
const IN_C: &str = "`shm_open` in C, with `O_CREAT` and without `O_EXCL`";
/// That setting, and the value with which the page has the row.
const SETTING: &str = "/proc/sys/fs/protected_regular";
const MEASURED_WITH: &str = "0";

const INTRODUCTION: &str = "\
# Users

Which user may do what with an object that has an owner and a mode. A test runs each operation as
each user, and this page is made of what it finds. *yes* is success. The directory is root's, and
every user may create files in it. The group's user is in the owner's group; the default mode of an
object is 0600.

## In a sticky directory, such as `/dev/shm`
";

const NOTES: &str = "
- **A mode never lets another user remove an object here**: only its owner and root take a name away
  or give it to another object, even at 0666.
- **A refusal changes nothing.** Where a snapshot is retired before its name is taken away, that is
  undone; a reader that looks in between is told that it is retired.
- **A name that is taken is `EEXIST`**, whoever has it and whatever the mode.
- **To take over a snapshot**, a writer needs only the right to write. To finish or replace it, it
  must also be the owner's or root's, whatever the mode.
- **An object that replaces another belongs to the user who made it**, with the mode that was asked
  for. After a replacement by root with the default mode, nobody else opens the name.
- **Only the row of C depends on `fs.protected_regular`**, which is 0 here. At 1 or 2 the kernel
  refuses that call to everyone but the owner, root included. No operation of this crate passes
  `O_CREAT` without `O_EXCL`.

## In a directory that is not sticky

Every user who may write to the directory removes and replaces what is in it. The rows that differ:
";

const END: &str = "
So keep objects of several users in a sticky directory, or in one to which only trusted users may
write.
";

/// What each mode comes to for one user.
type Answers = [String; MODES.len()];

/// The rows of a table: what is done, by whom, and what it comes to.
type Rows = Vec<(&'static str, Vec<(&'static str, Answers)>)>;

/// The answer of an operation on an object of the owner with a mode. A refusal changes nothing.
fn answer(worker: &mut Worker, operation: &str, mode: u32) -> String {
    let index = OPERATIONS.iter().position(|other| other.name == operation);
    let index = index.unwrap_or_else(|| panic!("{operation}"));
    let name = UniqueName::new();
    make(&name, before(operation), mode);
    let path = name.path();
    let state = || {
        let bytes = std::fs::read(&path).ok();
        (identity(&path), bytes, left_in_shm(&name))
    };
    let before = state();
    let answer = worker.run(index, Rung::ByDescriptor, &name);
    let is_done = answer == "true";
    assert!(
        is_done || state() == before,
        "{operation}, {mode:o}: {answer}"
    );
    clear_shm(&name);
    match answer.split_once(' ') {
        None if answer == "true" => "yes".to_owned(),
        Some((_, errno)) if errno.starts_with('E') => format!("`{errno}`"),
        _ => answer,
    }
}

/// An operation whose own preparation makes what this one is tried on.
fn before(operation: &str) -> &'static str {
    let snapshots = ["Writer::", "Reader::", "Follower::", "reap a snapshot"];
    if snapshots.iter().any(|begin| operation.starts_with(begin)) {
        "Reader::open"
    } else {
        "open"
    }
}

fn make(name: &UniqueName, operation: &str, mode: u32) {
    let operation = OPERATIONS.iter().find(|other| other.name == operation);
    (operation.expect("an operation").before)(name);
    User::OWNER.own(&name.path());
    std::fs::set_permissions(name.path(), Permissions::from_mode(mode)).expect("root");
}

/// Opens with `O_RDWR` and `O_CREAT`, as a shell does.
fn answer_in_c(user: User, mode: u32) -> String {
    let name = UniqueName::new();
    make(&name, "open", mode);
    let script = format!(": <> {}", name.path().display());
    let (uid, gid) = (
        format!("--reuid={}", user.uid),
        format!("--regid={}", user.gid),
    );
    let ended = run(Command::new("setpriv").env("LC_ALL", "C").args([
        &uid,
        &gid,
        "--clear-groups",
        "sh",
        "-c",
        &script,
    ]));
    match ended.stderr {
        _ if ended.status == 0 => "yes".to_owned(),
        text if text.contains("Permission denied") => "`EACCES`".to_owned(),
        text => text,
    }
}

/// What every row comes to in the present `/dev/shm`.
fn measure(cells: &mut Cells) -> Rows {
    let folder = Folder::new();
    let program = public_copy(&folder, PEER.as_ref());
    let mut users = USERS.map(|(who, user)| (who, user, user.worker(&program)));
    let mut rows = Rows::new();
    for (what, operations) in ROWS {
        let row = users.iter_mut().map(|(who, _, worker)| {
            let answers = MODES.map(|mode| {
                let mut of_all = operations.iter().map(|one| answer(worker, one, mode));
                let first = of_all.next().expect("an operation");
                let is_one = of_all.all(|answer| answer == first);
                let why = || format!("{what}, {who}, {mode:o}: no one answer");
                cells.add(is_one.then_some("as the page has it").ok_or_else(why));
                first
            });
            (*who, answers)
        });
        rows.push((what, row.collect()));
    }
    let in_c = users
        .iter()
        .map(|(who, user, _)| (*who, MODES.map(|mode| answer_in_c(*user, mode))));
    rows.push((IN_C, in_c.collect()));
    rows
}

/// The rows as a table, in which users with the same answers share a line.
fn table(rows: &Rows) -> String {
    let mut table = String::from("\n| operation | who | 0600 | 0640 | 0644 | 0666 |\n");
    table += "|---|---|---|---|---|---|\n";
    for (what, row) in rows {
        let mut lines: Vec<(Vec<&str>, &Answers)> = Vec::new();
        for (who, answers) in row {
            match lines.iter_mut().find(|(_, other)| *other == answers) {
                Some((together, _)) => together.push(who),
                None => lines.push((vec![who], answers)),
            }
        }
        let mut what = *what;
        for (together, answers) in lines {
            let who = if together.len() == USERS.len() {
                "all".to_owned()
            } else {
                together.join(", ")
            };
            let answers = answers.join(" | ");
            writeln!(table, "| {what} | {who} | {answers} |").expect("memory");
            what = "";
        }
    }
    table
}

/// Makes `/dev/shm` sticky or not, for this namespace.
fn is_sticky(sticky: bool) {
    let mode = if sticky { 0o1777 } else { 0o777 };
    let set = std::fs::set_permissions(Path::new(super::SHM), Permissions::from_mode(mode));
    set.expect("a directory of this test's own");
}

/// The page without the row of C, if the machine has another setting than that of the page.
fn comparable(page: &str) -> String {
    let setting = std::fs::read_to_string(SETTING).unwrap_or_default();
    let is_of_page = setting.trim() == MEASURED_WITH;
    let mut is_in_c = false;
    let mut is_kept = |line: &&str| {
        // Its other lines begin with an empty cell.
        is_in_c = line.contains(IN_C) || is_in_c && line.starts_with("|  |");
        is_of_page || !is_in_c
    };
    page.lines()
        .filter(|line| is_kept(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
#[ignore = "needs root"]
fn the_page_has_what_each_user_may_do_with_an_object_of_each_mode() {
    let test = the_page_has_what_each_user_may_do_with_an_object_of_each_mode;
    if !is_alone_with_shm(test, "-m", "mode=1777,size=16m") {
        return;
    }
    let mut cells = Cells::all("users and modes");
    let sticky = measure(&mut cells);
    is_sticky(false);
    let mut differs = measure(&mut cells);
    is_sticky(true);
    differs.retain(|row| !sticky.contains(row) && row.0 != IN_C);
    let tables = (table(&sticky), table(&differs));
    let made = format!("{INTRODUCTION}{}{NOTES}{}{END}", tables.0, tables.1);
    let path = repository().join(PAGE);
    if std::env::var_os("RAWSHM_BLESS").is_some() {
        std::fs::write(&path, &made).expect("written");
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        comparable(&page),
        comparable(&made),
        "RAWSHM_BLESS=1 writes it"
    );
    cells.end();
}
