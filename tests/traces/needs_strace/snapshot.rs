//! The system calls of snapshots and claims: golden traces, compared byte for byte, as in traces.rs.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::{Path, PathBuf};
use std::process::Command;

use rawshm::snapshot::{Reader, Writer};
use rawshm_tests::snapshots::{
    Message, Peer, a_thread_asleep_in, asleep_in, child_of, message, until,
};
use rawshm_tests::{UniqueName, repository, static_program};

const PUBLISHER: &str = env!("CARGO_BIN_EXE_publisher");

/// A program that runs under strace while the test goes on.
struct Traced<'a> {
    file: &'a str,
    name: &'a UniqueName,
    program: PathBuf,
    log: PathBuf,
    strace: Peer,
}

impl<'a> Traced<'a> {
    fn start(file: &'a str, name: &'a UniqueName, program: &Path, arguments: &[&str]) -> Self {
        let log = std::env::temp_dir().join(format!("{file}-{}", std::process::id()));
        let mut sh = Command::new("sh");
        sh.args(["-c", "umask 022; exec strace -s 300 -o \"$@\"", "sh"])
            .arg(&log)
            .arg("--")
            .arg(program)
            .args(arguments);
        Self {
            file,
            name,
            program: program.to_owned(),
            log,
            strace: Peer::start(&mut sh),
        }
    }

    /// Waits until the program sleeps in this system call.
    fn asleep_in(&self, call: libc::c_long) {
        let program = self.program.file_name().expect("a name");
        let program = program.to_str().expect("text");
        asleep_in(child_of(self.strace.pid(), program), call);
    }

    /// Ends its input, and compares its trace when it has ended: all of it, or what is between the line that says that
    /// it begins and the next one.
    fn compare(mut self, status: i32) {
        assert_eq!(self.strace.end(), status, "{}", self.file);
        let trace = std::fs::read_to_string(&self.log).expect("a trace");
        std::fs::remove_file(&self.log).expect("a trace");
        let trace = self.normalised(&trace);
        let found = match trace.split_once("write(1, \"begin\\n\", 6)") {
            Some((_, rest)) => {
                let rest = rest.split_once('\n').expect("a line").1;
                rest.split_once("write(1, ").expect("an answer").0
            }
            None => &trace,
        };
        let file = repository().join("tests/traces").join(self.file);
        let file = file.with_extension("strace");
        if std::env::var_os("RAWSHM_BLESS").is_some() {
            std::fs::write(&file, found).expect("writing");
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(found, expected, "{}", file.display());
    }

    /// Without what differs from run to run: addresses, times, the environment, the program's folder, the unique name.
    fn normalised(&self, trace: &str) -> String {
        let name = self.name.argument();
        let mut lines = String::new();
        for line in trace.lines() {
            let line = line
                .replace(name.trim_start_matches('/'), "NAME")
                .replace(&self.program.display().to_string(), "PROGRAM");
            let line = match line.find(" /* ") {
                Some(comment) => {
                    let before = line[..comment].rsplit_once(',').expect("env").0;
                    format!("{before}) = 0")
                }
                None => line,
            };
            lines += &times(&addresses(&line));
            lines.push('\n');
        }
        lines
    }
}

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

/// No two runs are at the same time.
fn times(line: &str) -> String {
    let mut parts = line.split("{tv_sec=");
    let mut result = parts.next().expect("a part").to_owned();
    for part in parts {
        result += "TIME";
        result += part.split_once('}').expect("an end").1;
    }
    result
}

/// Traces what the library does for one command of the publisher that needs no company.
fn library(file: &str, name: &UniqueName, command: &str, rest: &[&str]) {
    let argument = name.argument();
    let arguments = [&[command, &argument], rest].concat();
    Traced::start(file, name, Path::new(PUBLISHER), &arguments).compare(0);
}

fn object(name: &UniqueName) -> Writer<Message> {
    Writer::create(name, 4, &message("first")).expect("created")
}

#[test]
#[ignore = "needs strace"]
fn publish_makes_one_read_and_one_futex_for_each_line() {
    let name = UniqueName::new();
    let argument = name.argument();
    let program = static_program("publish");
    let mut publish = Traced::start("publish", &name, &program, &["-n", &argument]);
    for (line, number) in [("one", 1), ("two", 2), ("three", 3)] {
        publish.asleep_in(libc::SYS_read);
        publish.strace.say(line);
        until("the value", || {
            Reader::<Message>::open(&name)
                .and_then(|reader| Ok(reader.load_with_sequence()?))
                .is_ok_and(|(found, _)| found == number)
        });
    }
    publish.asleep_in(libc::SYS_read);
    publish.compare(0);
}

#[test]
#[ignore = "needs strace"]
fn publish_makes_one_nanosleep_and_one_futex_for_each_number() {
    let name = UniqueName::new();
    let argument = name.argument();
    let program = static_program("publish");
    let arguments = ["-n", &argument, "-r", "1000000", "-c", "3"];
    Traced::start("publish-rate", &name, &program, &arguments).compare(0);
    let arguments = ["-n", &argument, "-r", "1000000", "-c", "2", "-u"];
    Traced::start(
        "publish-takes-over-and-retires",
        &name,
        &program,
        &arguments,
    )
    .compare(0);
}

#[test]
#[ignore = "needs strace"]
fn watch_makes_one_futex_and_one_write_for_each_value() {
    let name = UniqueName::new();
    let argument = name.argument();
    let mut writer = object(&name);
    let program = static_program("watch");
    let watch = Traced::start("watch", &name, &program, &["-n", &argument, "-c", "4"]);
    assert_eq!(watch.strace.line(), "first");
    for value in ["one", "two", "three"] {
        watch.asleep_in(libc::SYS_futex);
        writer.store(&message(value));
        assert_eq!(writer.notify(), Ok(1));
        assert_eq!(watch.strace.line(), value);
    }
    watch.compare(0);
    // With a deadline there is one call more for each, to know the time.
    let arguments = ["-n", &argument, "-c", "2", "-t", "1000"];
    let watch = Traced::start("watch-t", &name, &program, &arguments);
    assert_eq!(watch.strace.line(), "three");
    watch.asleep_in(libc::SYS_futex);
    writer.store(&message("four"));
    assert_eq!(writer.notify(), Ok(1));
    assert_eq!(watch.strace.line(), "four");
    watch.compare(0);
}

#[test]
#[ignore = "needs strace"]
fn opening_and_replacing_make_the_calls_that_their_documentation_names() {
    let name = UniqueName::new();
    library("open-reader-missing", &name, "open-reader", &[]);
    library("open-writer-missing", &name, "open-writer", &[]);
    library("create-writer", &name, "create-writer", &[]);
    library("create-writer-taken", &name, "create-writer", &[]);
    library("open-writer", &name, "open-writer", &[]);
    library(
        "open-or-create-writer-opens",
        &name,
        "open-or-create-writer",
        &[],
    );
    library("open-reader", &name, "open-reader", &[]);
    library("wait-for-reader-there", &name, "wait-for-reader", &[]);
    library("replace-writer", &name, "replace-writer", &[]);
    library("retire", &name, "retire-message", &[]);
    library("open-writer-retired", &name, "open-writer", &[]);
    rawshm::unlink(&name).expect("its own");
    library(
        "open-or-create-writer-creates",
        &name,
        "open-or-create-writer",
        &[],
    );
    rawshm::unlink(&name).expect("its own");
    library("replace-writer-creates", &name, "replace-writer", &[]);
}

#[test]
#[ignore = "needs strace"]
fn to_load_and_to_store_make_no_call_and_to_wake_or_to_sleep_one() {
    let name = UniqueName::new();
    let mut writer = object(&name);
    let argument = name.argument();
    library("snapshot-load", &name, "load", &[]);
    for (file, rest) in [("next", &[][..]), ("next-deadline", &["1000000"])] {
        let arguments = [&["next", &argument], rest].concat();
        let reader = Traced::start(file, &name, Path::new(PUBLISHER), &arguments);
        assert_eq!(reader.strace.line(), "begin");
        reader.asleep_in(libc::SYS_futex);
        writer.store(&message("next"));
        assert_eq!(writer.notify(), Ok(1));
        assert_eq!(reader.strace.line(), "next");
        reader.compare(0);
    }
    drop(writer);
    library("next-times-out", &name, "next", &["20"]);
    library("snapshot-store", &name, "store", &[]);
    library("notify", &name, "notify", &[]);
    for file in ["snapshot-load", "snapshot-store"] {
        let file = repository()
            .join("tests/traces")
            .join(file)
            .with_extension("strace");
        assert_eq!(
            std::fs::read_to_string(file).expect("a trace"),
            "",
            "no call"
        );
    }
}

#[test]
#[ignore = "needs strace"]
fn claims_make_the_calls_that_their_documentation_names() {
    let name = UniqueName::new();
    drop(object(&name));
    library("claim", &name, "claim", &[]);
    library("writer-alive-not", &name, "writer-alive", &[]);
    library(
        "wait-for-writer-end-at-once",
        &name,
        "wait-for-writer-end",
        &[],
    );
    let argument = name.argument();

    let mut writer = Peer::ready(Command::new(PUBLISHER).args(["hold", &argument]));
    library("claim-refused", &name, "claim", &[]);
    library("open-writer-refused", &name, "open-writer", &[]);
    library("replace-writer-refused", &name, "replace-writer", &[]);
    library("writer-alive", &name, "writer-alive", &[]);
    library("reap-refused", &name, "reap", &[]);
    let arguments = ["wait-for-writer-end", &argument];
    let waiter = Traced::start(
        "wait-for-writer-end",
        &name,
        Path::new(PUBLISHER),
        &arguments,
    );
    assert_eq!(waiter.strace.line(), "begin");
    waiter.asleep_in(libc::SYS_fcntl);
    writer.kill();
    assert_eq!(waiter.strace.line(), "ended");
    waiter.compare(0);

    let hostile = Peer::ready(Command::new(PUBLISHER).args(["hostile", &argument, "all"]));
    a_thread_asleep_in(hostile.pid(), libc::SYS_futex);
    library("claim-obstructed", &name, "claim", &[]);
    library("open-writer-obstructed", &name, "open-writer", &[]);
    drop(hostile);
    library("open-writer-after-that", &name, "open-writer", &[]);
    library("unlink-object", &name, "unlink-object", &[]);
    drop(object(&name));
    library("reap", &name, "reap", &[]);
    library("reap-missing", &name, "reap", &[]);
}

mod needs_namespaces {
    use super::*;

    #[test]
    #[ignore = "needs strace and namespaces"]
    fn waiting_for_a_name_makes_the_calls_that_its_documentation_names() {
        // What appears in the directory meanwhile makes calls more: here nothing does but what the test makes.
        if std::env::var_os("RAWSHM_PRIVATE").is_none() {
            let test = std::env::current_exe().expect("a path");
            let script = format!(
                "RAWSHM_PRIVATE=1 exec {} --ignored --exact {} --nocapture",
                test.display(),
                "needs_strace::snapshot::waiting_for_a_name_makes_the_calls_that_its_documentation_names"
            );
            let ended = rawshm_tests::with_private_shm(PUBLISHER, "mode=1777", &script);
            assert_eq!(ended.status, 0, "{}{}", ended.stdout, ended.stderr);
            return;
        }
        let name = UniqueName::new();
        library(
            "wait-for-reader-times-out",
            &name,
            "wait-for-reader",
            &["20"],
        );
        let argument = name.argument();
        let arguments = ["wait-for-reader", &argument];
        let waiter = Traced::start(
            "wait-for-reader-appears",
            &name,
            Path::new(PUBLISHER),
            &arguments,
        );
        assert_eq!(waiter.strace.line(), "begin");
        waiter.asleep_in(libc::SYS_ppoll);
        let _writer = object(&name);
        assert_eq!(waiter.strace.line(), "there");
        waiter.compare(0);
    }
}
