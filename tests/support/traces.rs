//! Golden traces: the output of strace, compared byte for byte with a file.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Peer, UniqueName, asleep_in, child_of, repository, run};

/// A run of a program under strace; its trace is compared with a file.
#[derive(Debug)]
pub struct Trace<'a> {
    /// `OPERATION/OUTCOME`: the path of a function in the API, such as `Object::create`, or a
    /// program's name; then words, with hyphens.
    pub file: &'a str,
    pub name: &'a UniqueName,
    pub strace: &'a [&'a str],
}

impl<'a> Trace<'a> {
    /// Runs the program to its end, and returns its exit status.
    #[must_use]
    pub fn of(self, program: &Path, arguments: &[&str]) -> i32 {
        let log = self.log();
        let ended = run(&mut self.command(&log, program, arguments));
        self.compare(&log, program);
        ended.status
    }

    /// Starts the program, and returns while it runs.
    #[must_use]
    pub fn start(self, program: &Path, arguments: &[&str]) -> Traced<'a> {
        let log = self.log();
        Traced {
            strace: Peer::start(&mut self.command(&log, program, arguments)),
            trace: self,
            program: program.to_owned(),
            log,
        }
    }

    fn log(&self) -> PathBuf {
        std::env::temp_dir().join(format!(
            "{}-{}",
            self.file.replace([':', '/'], "-"),
            std::process::id()
        ))
    }

    fn command(&self, log: &Path, program: &Path, arguments: &[&str]) -> Command {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "umask 022; exec strace -s 300 \"$@\"", "sh", "-o"])
            .arg(log)
            .args(self.strace)
            .arg("--")
            .arg(program)
            .args(arguments);
        shell
    }

    /// Compares the trace with its file: the whole of it, or the calls of the peer between its two
    /// marks.
    fn compare(&self, log: &Path, program: &Path) {
        let trace = std::fs::read_to_string(log).expect("a trace");
        std::fs::remove_file(log).expect("a trace");
        let trace = normalised(&trace, self.name, program);
        let found = match trace.split_once(MARK) {
            Some((_, rest)) => rest.split_once(MARK).expect("an end").0,
            None => &trace,
        };
        let file = repository()
            .join("tests/traces")
            .join(format!("{}.strace", self.file.replace("::", ".")));
        if std::env::var_os("RAWSHM_BLESS").is_some() {
            let folder = file.parent().expect("a folder");
            std::fs::create_dir_all(folder).expect("a folder");
            std::fs::write(&file, found).expect("writing");
        }
        let expected = std::fs::read_to_string(&file).expect("a golden trace");
        assert_eq!(found, expected, "{}", file.display());
    }
}

/// A program that runs under strace beside the test.
#[derive(Debug)]
pub struct Traced<'a> {
    trace: Trace<'a>,
    program: PathBuf,
    log: PathBuf,
    pub strace: Peer,
}

impl Traced<'_> {
    fn pid(&self) -> u32 {
        let program = self.program.file_name().expect("a name");
        let program = program.to_str().expect("text");
        child_of(self.strace.pid(), program)
    }

    /// Waits until the program sleeps in this system call.
    pub fn asleep_in(&self, call: libc::c_long) {
        asleep_in(self.pid(), call);
    }

    /// Ends the program by a signal, while its input goes on.
    pub fn end_by(&mut self, signal: i32) {
        let pid = self.pid().try_into().expect("a pid");
        // SAFETY: it is a process of this test, which strace waits for only after its end.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
        assert_eq!(self.strace.end_by_itself(), 128 + signal);
    }

    /// Ends the program's input, and compares its trace when it has ended.
    pub fn compare(mut self, status: i32) {
        assert_eq!(self.strace.end(), status, "{}", self.trace.file);
        self.trace.compare(&self.log, &self.program);
    }
}

/// The trace without what differs from run to run: addresses, times, the environment, the state of
/// the machine, the folder of the program, the unique name.
fn normalised(trace: &str, name: &UniqueName, program: &Path) -> String {
    let name = name.argument();
    let mut lines = String::new();
    for line in trace.lines() {
        // With debug assertions, std's descriptors make a call of their own before they are closed.
        if cfg!(feature = "std") && line.contains(", F_GETFD)") {
            continue;
        }
        let line = line
            .replace(name.trim_start_matches('/'), "NAME")
            .replace(&program.display().to_string(), "PROGRAM")
            // Flags that are newer than some versions of strace.
            .replace(
                "MFD_ALLOW_SEALING|0x8)",
                "MFD_ALLOW_SEALING|MFD_NOEXEC_SEAL)",
            )
            .replace("F_SEAL_GROW|0x20)", "F_SEAL_GROW|F_SEAL_EXEC)");
        let line = match line.find(" /* ") {
            Some(comment) => {
                format!("{}) = 0", &line[..comment].rsplit_once(',').expect("env").0)
            }
            None => line,
        };
        lines += &sender(&times(&addresses(&without_the_machines_state(&line))));
        lines.push('\n');
    }
    lines
}

/// The size of a directory and the figures of a file system depend on what else exists. Whether
/// standard input has ended already depends on which process is faster.
fn without_the_machines_state(line: &str) -> String {
    if let (true, Some((call, _))) = (line.starts_with("ppoll([{fd=0, "), line.split_once(") = ")) {
        return format!("{call}) = 0");
    }
    match (line.split_once('{'), line.rsplit_once('}')) {
        (Some((before, _)), Some((_, after)))
            if line.contains("S_IFDIR") || line.contains("statfs(") =>
        {
            format!("{before}{{...}}{after}")
        }
        _ => line.to_owned(),
    }
}

/// Between two of these, the peer does only what its command says.
const MARK: &str = "access(\"/dev/shm\", X_OK)                = 0\n";

/// Every hexadecimal number is `ADDRESS`.
fn addresses(line: &str) -> String {
    let mut parts = line.split("0x");
    let mut result = parts.next().expect("a part").to_owned();
    for part in parts {
        result += "ADDRESS";
        result += part.trim_start_matches(|digit: char| digit.is_ascii_hexdigit());
    }
    result
}

/// Every moment is `TIME`.
fn times(line: &str) -> String {
    let mut parts = line.split("{tv_sec=");
    let mut result = parts.next().expect("a part").to_owned();
    for part in parts {
        result += "TIME";
        result += part.split_once('}').expect("an end").1;
    }
    result
}

/// The sender of a signal is `PID` of `UID`.
fn sender(line: &str) -> String {
    match (line.split_once("si_pid="), line.rsplit_once('}')) {
        (Some((before, _)), Some((_, after))) => format!("{before}si_pid=PID, si_uid=UID}}{after}"),
        _ => line.to_owned(),
    }
}
