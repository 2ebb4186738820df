//! Tests in a process of their own, with a private `/dev/shm`.

use std::io::Write as _;
use std::process::Command;

use rawshm_tests::{is_alone_through, run};

use crate::cells::alone;

/// As `is_alone`, where `/dev/shm` is a tmpfs that nothing else uses, mounted with these options,
/// in a namespace of this kind. What the process has checked is printed.
pub fn is_alone_with_shm<Test: Fn()>(test: Test, namespace: &str, options: &str) -> bool {
    is_alone_through(test, |script| {
        let _alone = alone();
        let script = format!("mount -t tmpfs -o {options} none /dev/shm && {script}");
        let ended = run(Command::new("unshare").args([namespace, "sh", "-c", &script]));
        let checked = ended
            .stdout
            .lines()
            .filter(|line| line.starts_with("checked: "));
        for line in checked {
            let _ = writeln!(std::io::stdout(), "\n{line}");
        }
        ended
    })
}
