//! How the calls of the models look in the golden traces, and what of those the models leave out.

/// The words that a line of a golden trace has for each call; the first that fits counts.
pub const CREATION: &[(&str, &str)] = &[
    ("open_unnamed", "openat( O_TMPFILE"),
    ("create_temporary", "openat( .NAME.rawshm- O_EXCL"),
    ("open_temporary", "openat( .NAME.rawshm- O_RDONLY"),
    ("open_name", "openat( /NAME\""),
    ("probe", "linkat( /dev/shm/.\","),
    ("initialise", "ftruncate("),
    ("link_both", "linkat( .NAME.rawshm- /NAME\""),
    ("link_temporary", "linkat( .NAME.rawshm-"),
    ("link_name", "linkat( /NAME\""),
    ("rename_new", "renameat2( RENAME_NOREPLACE"),
    ("rename", "renameat("),
    ("lock", "flock( LOCK_EX|LOCK_NB"),
    ("unlock", "flock( LOCK_UN"),
    ("inspect", "fstat("),
    ("look", "newfstatat("),
    ("unlink_temporary", "unlinkat( .NAME.rawshm-"),
    ("unlink_name", "unlinkat( /NAME\""),
    ("close", "close("),
];

pub const SNAPSHOT: &[(&str, &str)] = &[
    ("rename", "renameat("),
    ("give_name", "linkat( /NAME\""),
    ("open_name", "openat( /NAME\" O_RDWR"),
    ("open_to_read", "openat( /NAME\" O_RDONLY"),
    (
        "claim",
        "fcntl( F_OFD_SETLK F_WRLCK l_start=4611686018427387904",
    ),
    ("ask", "fcntl( F_OFD_GETLK"),
    ("inspect", "fstat("),
    ("read_header", "pread64("),
    ("write_mark", "pwrite64("),
    ("wake", "futex( FUTEX_WAKE"),
    ("sleep", "futex( FUTEX_WAIT"),
    ("look", "newfstatat("),
    ("unlink_name", "unlinkat( /NAME\""),
    ("watch", "inotify_add_watch("),
    ("poll", "ppoll("),
    ("read_events", "read("),
    ("close", "close("),
];

/// Words of lines that have no step: no property depends on them.
pub const WITHOUT_A_STEP: &[(&str, &[&str])] = &[
    (
        "creation",
        &["fallocate(", "fchmod(", "mmap(", "munmap(", "faccessat("],
    ),
    (
        "snapshot",
        &[
            "mmap(",
            "munmap(",
            "faccessat(",
            "inotify_init1(",
            "clock_gettime(",
        ],
    ),
    // The second byte of a claim only lets others sleep.
    ("snapshot", &["4611686018427387905"]),
    // In the other model.
    (
        "snapshot",
        &[
            "O_TMPFILE",
            "/dev/shm/.\"",
            ".NAME.rawshm-",
            "ftruncate(",
            "fallocate(",
            "flock(",
        ],
    ),
];

/// Ends of names of traces that no path of a model has, and why.
pub const WITHOUT_A_PATH: &[(&str, &str, &str)] = &[
    (
        "creation",
        "/interrupted",
        "an interrupted call is made again",
    ),
    (
        "creation",
        "/interrupted-without-O_TMPFILE",
        "an interrupted call is made again",
    ),
    (
        "creation",
        "replace/link-refused",
        "errors of other calls are outside",
    ),
    (
        "creation",
        "raced-without-O_TMPFILE",
        "another process runs in between",
    ),
    (
        "creation",
        "complete/raced",
        "another process runs in between",
    ),
    (
        "snapshot",
        "-without-O_TMPFILE",
        "the temporary name is in the other model",
    ),
    (
        "snapshot",
        "-without-links",
        "the temporary name is in the other model",
    ),
    (
        "snapshot",
        "reader-has-a-lock",
        "readers' locks are outside",
    ),
    (
        "snapshot",
        "wait_for/deadline-passed",
        "the reader of the model has no deadline",
    ),
    (
        "snapshot",
        "Reader.open/missing",
        "the reader of the model waits",
    ),
];

/// Steps that no trace has, in the order of the model, and why.
pub const WITHOUT_A_TRACE: &[(&str, &str, &str)] = &[
    (
        "creation",
        "step(close, shut(own)))",
        "the new object is lost to another process",
    ),
    (
        "creation",
        "step(unlink_name, entry[NAME] = 0));",
        "a removed guard",
    ),
    (
        "creation",
        "step(close, shut(found));",
        "the object is dropped after it was unlinked",
    ),
];
