//! What the programs do and say whatever `/dev/shm` is. The table of `examples/container/README.md`
//! is this test's.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use rawshm_tests::{Folder, checked, public_copy, repository, run, static_program};

const PAGE: &str = "examples/container/README.md";

/// What `/dev/shm` is, and a script that makes it so. `$root` is the root of the container, where
/// `dev/shm` is an empty directory of root's.
const CASES: &[(&str, &str)] = &[
    ("a tmpfs", "mount -t tmpfs -o mode=1777 none $root/dev/shm"),
    (
        "a tmpfs with mode 0777, as in a pod",
        "mount -t tmpfs -o mode=777 none $root/dev/shm",
    ),
    ("missing", "rmdir $root/dev/shm"),
    ("of another user, mode 0755", "true"),
    (
        "read-only",
        "mount -t tmpfs -o ro,mode=1777 none $root/dev/shm",
    ),
    (
        "a tmpfs of 4 KiB",
        "mount -t tmpfs -o size=4k,mode=1777 none $root/dev/shm",
    ),
    (
        "a tmpfs that is full",
        "mount -t tmpfs -o size=4k,mode=1777 none $root/dev/shm
        head -c 4096 /dev/zero > $root/dev/shm/.full",
    ),
    (
        "overlayfs",
        "mount -t tmpfs none $root/memory
        cd $root/memory
        mkdir lower upper work
        chmod 1777 upper
        mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none $root/dev/shm",
    ),
    ("ramfs", "mount -t ramfs -o mode=1777 none $root/dev/shm"),
    (
        "on a disk",
        "chmod 1777 $disk
        mount --bind $disk $root/dev/shm",
    ),
    (
        "missing, with a tmpfs elsewhere",
        "rmdir $root/dev/shm
        mount -t tmpfs -o mode=1777 none $root/memory",
    ),
    (
        "a link to a tmpfs elsewhere",
        "rmdir $root/dev/shm
        ln -s /memory $root/dev/shm
        mount -t tmpfs -o mode=1777 none $root/memory",
    ),
];

/// The programs, in pairs of which the second one removes what the first one leaves, and what each
/// prints if it works.
const PROGRAMS: &[(&str, &str)] = &[
    ("writer", ""),
    ("reader -u", "&{100 876 8021}\n"),
    ("creator", ""),
    ("reader -u", "&{100 876 8021}\n"),
    ("publish -r 1 -c 1", ""),
    ("watch -c 1 -t 1", "1\n"),
];

/// The root of a container with the programs.
fn root() -> Folder {
    let root = Folder::new();
    for program in ["writer", "reader", "creator", "publish", "watch"] {
        let _ = public_copy(&root, &static_program(program));
    }
    std::fs::create_dir_all(root.join("dev/shm")).expect("a folder");
    std::fs::create_dir(root.join("memory")).expect("a folder");
    root
}

/// What each program does where a script has made `/dev/shm`.
fn outcomes(made: &str) -> Vec<String> {
    let (root, disk) = (root(), Path::new(env!("CARGO_TARGET_TMPDIR")).join("disk"));
    let _ = std::fs::remove_dir_all(&disk);
    std::fs::create_dir(&disk).expect("a folder");
    let mut script = format!("set -e\n{made}\nset +e\n");
    for (program, _) in PROGRAMS {
        let run = format!("chroot --userspec=65534:65534 $root /{program} 2>&1");
        writeln!(script, "{run}; echo \"=$?\"").expect("memory");
    }
    let mut command = Command::new("unshare");
    let command = command.args(["-m", "sh", "-c", &script]);
    let ended = run(command.env("root", &*root).env("disk", &disk));
    assert_eq!(ended.status, 0, "{made}: {}", ended.stderr);
    let mut outcomes = Vec::new();
    let mut rest = ended.stdout.as_str();
    for (program, works) in PROGRAMS {
        let (printed, after) = rest.split_once('=').expect("a status");
        let (status, after) = after.split_once('\n').expect("a status");
        rest = after;
        let status: i32 = status.parse().expect("a number");
        outcomes.push(match status {
            0 => {
                assert_eq!(printed, *works, "{made}: {program}");
                WORKS.into()
            }
            1 => printed.split_once(": ").expect("a message").1.trim().into(),
            _ if status == 128 + libc::SIGBUS => "`SIGBUS`".into(),
            _ => panic!("{made}: {program} ends with status {status}: {printed}"),
        });
    }
    outcomes
}

const WORKS: &str = "works";

/// The programs with the same outcome, and that.
fn in_words(outcomes: &[String]) -> String {
    let mut words: Vec<(String, Vec<&str>)> = Vec::new();
    for ((program, _), outcome) in PROGRAMS.iter().zip(outcomes) {
        let name = program.split(' ').next().expect("a name");
        match words.iter_mut().find(|(other, _)| other == outcome) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => words.push((outcome.clone(), vec![name])),
        }
    }
    match words.as_slice() {
        [(outcome, _)] => format!("each: {outcome}"),
        words => {
            let groups = words
                .iter()
                .map(|(outcome, names)| format!("`{}`: {outcome}", names.join("`, `")));
            groups.collect::<Vec<_>>().join("; ")
        }
    }
}

fn table() -> String {
    let mut table = String::from("| `/dev/shm` is | what the programs do and say |\n|---|---|\n");
    for (name, made) in CASES {
        writeln!(table, "| {name} | {} |", in_words(&outcomes(made))).expect("memory");
    }
    table
}

mod needs_root {
    use super::*;

    #[test]
    #[ignore = "needs root"]
    fn the_programs_say_what_is_wrong_with_dev_shm() {
        let file = repository().join(PAGE);
        let page = std::fs::read_to_string(&file).expect("a page");
        let start = page.find("| `/dev/shm` is |").expect("the table");
        let len: usize = page[start..]
            .split_inclusive('\n')
            .take_while(|line| line.starts_with('|'))
            .map(str::len)
            .sum();
        let table = table();
        let (cases, runs) = (CASES.len(), CASES.len() * PROGRAMS.len());
        checked(&format!(
            "containers: {cases} kinds of /dev/shm, {runs} runs"
        ));
        if std::env::var_os("RAWSHM_BLESS").is_some() {
            let new = [&page[..start], &table, &page[start + len..]].concat();
            return std::fs::write(file, new).expect("writing");
        }
        assert_eq!(
            &page[start..start + len],
            table,
            "RAWSHM_BLESS=1 rewrites it"
        );
    }
}
