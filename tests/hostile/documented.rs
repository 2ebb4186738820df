//! What an attack may come to, as the documentation of the operations has it.

use rawshm_tests::operations::Operation;
use rawshm_tests::rungs::Rung;

use crate::worker::VALUE;

/// What a hostile process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    Scribbles,
    Truncates,
    Plants,
    Floods,
    /// As the peer has it: whether it keeps its lock, and which it is.
    Locks(&'static str),
}

/// What an operation may come to besides being done.
type Others = Vec<&'static str>;

impl Attack {
    pub const LOCKS: [Self; 16] = [
        Self::Locks("holds flock-shared"),
        Self::Locks("holds flock-exclusive"),
        Self::Locks("holds ofd-read"),
        Self::Locks("holds ofd-write"),
        Self::Locks("holds posix-read"),
        Self::Locks("holds posix-write"),
        Self::Locks("holds lease-read"),
        Self::Locks("holds lease-write"),
        Self::Locks("toggles flock-shared"),
        Self::Locks("toggles flock-exclusive"),
        Self::Locks("toggles ofd-read"),
        Self::Locks("toggles ofd-write"),
        Self::Locks("toggles posix-read"),
        Self::Locks("toggles posix-write"),
        Self::Locks("toggles lease-read"),
        Self::Locks("toggles lease-write"),
    ];

    pub fn argument(self) -> &'static str {
        match self {
            Self::Scribbles => "scribbles",
            Self::Truncates => "truncates",
            Self::Plants => "plants",
            Self::Floods => "floods",
            Self::Locks(lock) => lock,
        }
    }

    /// A process that is killed leaves one; and a lock of another process keeps one.
    pub fn leaves_temporary_names(self, answer: &str) -> bool {
        let locks = matches!(self, Self::Locks(lock) if lock.contains("flock"));
        answer.starts_with("signal") || answer == MADE || locks
    }

    fn others(self, operation: &Operation, rung: Rung) -> Others {
        match self {
            Self::Scribbles => scribbled(operation),
            Self::Truncates => truncated(operation, rung),
            Self::Plants => planted(operation),
            Self::Floods => vec![],
            Self::Locks(lock) => locked(operation, rung, lock),
        }
    }
}

/// What becomes of operations that read a header: it is refused, or no value is found.
fn scribbled(operation: &Operation) -> Others {
    match operation.name {
        "read_at" => vec![VALUE],
        _ if reads_values(operation) => vec!["Open EINVAL", "Access EAGAIN", VALUE],
        _ => vec![],
    }
}

/// Only operations that touch the memory of an object that has a name can be ended by a signal.
fn truncated(operation: &Operation, rung: Rung) -> Others {
    match operation.name {
        "open_mapping"
        | "open, read-write"
        | "into_read_only"
        | "advise"
        | "open_or_create_complete, old" => vec!["Map ENXIO"],
        // Neither can be ended by a signal.
        "read_at" => vec!["Read ENXIO", VALUE],
        "UnmappedReader::load" => vec!["Open EINVAL", "Access EAGAIN", VALUE],
        "prefault" => vec!["Map ENXIO", "Prefault EFAULT"],
        "lock" => vec!["Map ENXIO", "Lock ENOMEM", "Lock EAGAIN"],
        // It is shorter when its header is read than before and after that.
        "Writer::replace" if rung.is_temporary() => vec!["Inspect EIO", BUS],
        "Writer::replace" | "reap" | "reap a snapshot" => vec!["Inspect EIO"],
        _ if reads_values(operation) => vec![
            "Open EINVAL",
            "Access EAGAIN",
            "Map ENXIO",
            "Wait EFAULT",
            "Inspect EIO",
            VALUE,
            BUS,
        ],
        _ if rung.is_temporary() && initialises(operation) => vec![BUS],
        _ => vec![],
    }
}

/// Names are taken or missing at any moment, by things that are no objects.
fn planted(operation: &Operation) -> Others {
    let mut others = Others::new();
    let begins = |begin| operation.name.starts_with(begin);
    if begins("create") || begins("open_or_create") || initialises(operation) {
        others.extend(["Create EEXIST", "Create EISDIR"]);
        // A temporary name was taken away.
        others.extend(["Create ENOENT", "Create ENOTDIR"]);
    }
    if opens(operation) {
        others.extend(["Open ENOENT", "Open EACCES", "Open EINVAL", "Open ELOOP"]);
        others.extend(["Map ENXIO", VALUE]);
    }
    if is_removal(operation) {
        others.extend(["Unlink ENOENT", "Unlink EISDIR", "false"]);
    }
    if ["Writer::has_name", "Reader::is_current"].contains(&operation.name) {
        others.push("false");
    }
    others
}

fn locked(operation: &Operation, rung: Rung, lock: &str) -> Others {
    match (lock.split_once(' ').expect("two words").1, operation.name) {
        ("lease-read" | "lease-write", _) => {
            match (opens(operation), makes_a_file(operation, rung)) {
                (true, true) => vec!["Open EAGAIN", MADE],
                (true, false) => vec!["Open EAGAIN"],
                (false, true) => vec![MADE],
                (false, false) => vec![],
            }
        }
        ("ofd-read" | "posix-read", _) if claims(operation) => vec!["Claim EAGAIN"],
        ("ofd-write" | "posix-write", "writer_alive") => vec![VALUE],
        ("ofd-write" | "posix-write", "reap" | "reap a snapshot") => vec!["false"],
        ("ofd-write" | "posix-write", _) if claims(operation) => vec!["Claim EBUSY"],
        _ => vec![],
    }
}

/// A lease that was taken on a file while it was created: the file stays.
pub const MADE: &str = "Create EAGAIN";

const BUS: &str = "signal 7";

/// The kind of an answer; an error if it is not documented.
pub fn is_documented(
    attack: Attack,
    operation: &Operation,
    rung: Rung,
    answer: &str,
) -> Result<String, String> {
    match answer {
        "true" => Ok("done".to_owned()),
        _ if attack.others(operation, rung).contains(&answer) => Ok(answer.to_owned()),
        _ => Err("not documented".to_owned()),
    }
}

/// Creations of an object alone.
const PLAIN: [&str; 4] = [
    "create",
    "create, exact",
    "create, reserved",
    "create, in a directory",
];

/// Whether an operation goes by the header of a snapshot that is there, or by a value in it.
fn reads_values(operation: &Operation) -> bool {
    let is_of_snapshots = ["Writer::", "Reader::", "UnmappedReader::", "Follower::"];
    let is_other = [
        "Writer::create",
        "Writer::open_or_create, new",
        "Writer::replace",
    ];
    let begins = |names: &[&str]| names.iter().any(|name| operation.name.starts_with(name));
    begins(&is_of_snapshots) && !begins(&is_other)
}

/// Whether an operation stores into an object that it has made.
fn initialises(operation: &Operation) -> bool {
    let makes = [
        "create_complete",
        "replace",
        "replace, in a directory",
        "open_or_create_complete, new",
    ];
    let snapshots = [
        "Writer::create",
        "Writer::open_or_create",
        "Writer::replace",
    ];
    makes.contains(&operation.name)
        || snapshots
            .iter()
            .any(|name| operation.name.starts_with(name))
}

/// Whether an operation creates an object under its name or a temporary one, where a peer can find
/// it before it is complete.
fn makes_a_file(operation: &Operation, rung: Rung) -> bool {
    let others = ["create_mapping", "open_or_create, new"];
    let is_plain = PLAIN.contains(&operation.name) || others.contains(&operation.name);
    is_plain || rung.is_temporary() && initialises(operation)
}

/// Whether an operation opens an object that is there, or may have been made by another process.
fn opens(operation: &Operation) -> bool {
    let others = [
        "create_mapping",
        "unlink",
        "is_memory",
        "create_complete",
        "replace",
        "replace, in a directory",
        "unlink, in a directory",
        "is_memory, of a directory",
        "create, in a directory",
        "create_anonymous",
        "from_sealed_fd",
    ];
    !PLAIN.contains(&operation.name) && !others.contains(&operation.name)
}

fn claims(operation: &Operation) -> bool {
    let begins = |begin| operation.name.starts_with(begin);
    begins("Writer::") || begins("reap") || begins("claim")
}

/// Whether an operation waits without a deadline for what a peer keeps from it.
pub fn may_wait(operation: &Operation) -> bool {
    let waits = ["wait_for_writer_end", "Reader::next", "Reader::wait_for"];
    waits.contains(&operation.name)
}

/// Whether an operation takes a name away.
pub fn is_removal(operation: &Operation) -> bool {
    let removals = [
        "unlink",
        "unlink, in a directory",
        "unlink an object",
        "a guard",
        "reap",
        "reap a snapshot",
    ];
    removals.contains(&operation.name) || operation.name == "Writer::finish"
}
