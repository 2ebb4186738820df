//! Golden traces: what strace says of a program, compared byte for byte with a file.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{UniqueName, repository, run};

/// Runs a program under strace, and compares its trace with the file of this name.
#[derive(Debug)]
pub struct Trace<'a> {
    pub file: &'a str,
    pub name: &'a UniqueName,
    pub strace: &'a [&'a str],
}

impl Trace<'_> {
    /// Gives the program's exit status.
    #[must_use]
    pub fn of(&self, program: &Path, arguments: &[&str]) -> i32 {
        let log = std::env::temp_dir().join(format!("{}-{}", self.file, std::process::id()));
        let ended = run(Command::new("sh")
            .args(["-c", "umask 022; exec strace -s 300 \"$@\"", "sh", "-o"])
            .arg(&log)
            .args(self.strace)
            .arg("--")
            .arg(program)
            .args(arguments));
        let trace = std::fs::read_to_string(&log).expect("a trace");
        std::fs::remove_file(&log).expect("a trace");
        let trace = self.normalised(&trace, program);
        self.compare(match trace.split_once(BEGIN) {
            Some((_, rest)) => rest.split_once(END).expect("an answer").0,
            None => &trace,
        });
        ended.status
    }

    /// Without what differs from run to run: addresses, the environment, the program's folder, the unique name.
    fn normalised(&self, trace: &str, program: &Path) -> String {
        let name = self.name.argument();
        let mut lines = String::new();
        for line in trace.lines() {
            let line = line
                .replace(name.trim_start_matches('/'), "NAME")
                .replace(&program.display().to_string(), "PROGRAM");
            let line = match line.find(" /* ") {
                Some(comment) => {
                    format!("{}) = 0", &line[..comment].rsplit_once(',').expect("env").0)
                }
                None => line,
            };
            lines += &addresses(&without_the_machines_state(&line));
            lines.push('\n');
        }
        lines
    }

    fn compare(&self, found: &str) {
        let file = self.path();
        if std::env::var_os("RAWSHM_BLESS").is_some() {
            std::fs::write(&file, found).expect("writing");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(found, expected, "{}", file.display());
    }

    fn path(&self) -> PathBuf {
        repository()
            .join("tests/traces")
            .join(self.file)
            .with_extension("strace")
    }
}

/// A directory's size and a file system's figures depend on what else is there.
fn without_the_machines_state(line: &str) -> String {
    match (line.split_once('{'), line.rsplit_once('}')) {
        (Some((before, _)), Some((_, after)))
            if line.contains("S_IFDIR") || line.starts_with("statfs") =>
        {
            format!("{before}{{...}}{after}")
        }
        _ => line.to_owned(),
    }
}

/// Between these two the peer does what it was asked to, and nothing else.
const BEGIN: &str = "write(1, \"begin\\n\", 6)                  = 6\n";
const END: &str = "write(1, ";

/// Every hexadecimal number is an address.
fn addresses(line: &str) -> String {
    let mut parts = line.split("0x");
    let mut result = parts.next().expect("a part").to_owned();
    for part in parts {
        result += "ADDRESS";
        result += part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
    }
    result
}
