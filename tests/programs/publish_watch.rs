//! The static executables `publish` and `watch`: what they do, and what they are made of.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Write as _;
use std::os::fd::{FromRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use rawshm::snapshot::Reader;
use rawshm_tests::values::Message;
use rawshm_tests::wait;
use rawshm_tests::{
    Ended, Peer, UniqueName, finish, output, run, spawn, static_program, status, until,
};

const PUBLISH_USAGE: &str = "usage: publish [-n NAME] [-m MODE] [-s SLOTS] [-r RATE] [-c COUNT] \
    [-u] (MODE is less the umask)\n";
const WATCH_USAGE: &str = "usage: watch [-n NAME] [-c COUNT] [-t SECONDS]\n";

fn ended(stdout: &str, stderr: &str, status: i32) -> Ended {
    Ended {
        stdout: stdout.into(),
        stderr: stderr.into(),
        status,
    }
}

fn silent() -> Ended {
    ended("", "", 0)
}

fn publish(name: &UniqueName, arguments: &[&str]) -> Command {
    let mut publish = Command::new(static_program("publish"));
    publish.args(["-n", &name.argument()]).args(arguments);
    publish
}

fn watch(name: &UniqueName, arguments: &[&str]) -> Command {
    let mut watch = Command::new(static_program("watch"));
    watch.args(["-n", &name.argument()]).args(arguments);
    watch
}

/// Publishes a whole input.
fn publish_all(name: &UniqueName, input: &[u8]) -> Ended {
    let mut child = spawn(
        publish(name, &[])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(input).expect("a reader");
    drop(pipe);
    finish(child).into()
}

fn last(name: &UniqueName) -> (u64, Message) {
    let reader = Reader::<Message>::open(name).expect("a snapshot");
    reader.load_with_sequence().expect("no writer runs")
}

/// What `watch` prints of the current value.
fn printed(name: &UniqueName) -> Vec<u8> {
    let output = output(&mut watch(name, &["-c", "1"]));
    assert!(output.status.success());
    output.stdout
}

/// The object would have its place.
#[test]
fn publish_refuses_a_standard_input_that_is_closed() {
    let name = UniqueName::new();
    let argument = name.argument();
    let program = static_program("publish");
    let publish = |arguments: &str, closed: &str| {
        let script = format!("exec \"$0\" -n \"$1\" {arguments} {closed}");
        run(Command::new("sh")
            .args(["-c", &script])
            .arg(&program)
            .arg(&argument))
    };
    assert_eq!(publish("-r 1000000 -c 2", "<&-").status, 0);
    let refused = publish("", "<&-");
    let expected = "publish: cannot read standard input: bad file descriptor (EBADF)\n";
    assert_eq!((refused.status, refused.stderr.as_str()), (1, expected));
    assert_eq!(publish("-r 1000000 -c 1", "2>&-").status, 1);
    let watch = run(Command::new(static_program("watch")).args(["-n", &argument, "-c", "1"]));
    assert_eq!(watch.stdout, "2\n");
}

#[test]
fn wrong_usage_is_status_2_with_the_usage_line() {
    for arguments in [
        &["operand"][..],
        &["-x"],
        &["-n"],
        &["-m"],
        &["-m", "8"],
        &["-m", "1000"],
        &["-m", ""],
        &["-s", "-1"],
        &["-s", "four"],
        &["-r", "0"],
        &["-r", "1000000001"],
        &["-r", ""],
        &["-c", "x"],
        &["-c", "18446744073709551616"],
        &["-u", "operand"],
        &["-"],
        &["--help"],
    ] {
        let mut publish = Command::new(static_program("publish"));
        let expected = ended("", PUBLISH_USAGE, 2);
        assert_eq!(run(publish.args(arguments)), expected, "{arguments:?}");
    }
    for arguments in [
        &["operand"][..],
        &["-u"],
        &["-n"],
        &["-c"],
        &["-c", "-1"],
        &["-t", ""],
        &["-t", "1.5"],
    ] {
        let mut watch = Command::new(static_program("watch"));
        let expected = ended("", WATCH_USAGE, 2);
        assert_eq!(run(watch.args(arguments)), expected, "{arguments:?}");
    }
}

#[test]
fn a_bad_name_or_number_of_slots_is_an_error_and_leaves_nothing() {
    for program in ["publish", "watch"] {
        // A name with the slash and without is the same.
        for (name, shown) in [("", "/"), ("/", "/"), ("a/b", "a/b")] {
            let found = run(Command::new(static_program(program)).args(["-n", name]));
            let line = format!("{program}: cannot use {shown}: not a valid name (EINVAL)\n");
            assert_eq!(found, ended("", &line, 1));
        }
    }
    let name = UniqueName::new();
    for slots in ["0", "1", "3", "131072", "4294967298"] {
        let found = run(&mut publish(&name, &["-s", slots, "-r", "1", "-c", "1"]));
        assert!(found.stderr.starts_with("usage: publish "), "{slots}");
        assert_eq!((found.status, found.stdout.as_str()), (2, ""), "{slots}");
        assert!(!name.path().exists());
    }
}

#[test]
fn a_count_and_a_rate_publish_numbers() {
    let name = UniqueName::new();
    let numbers = run(&mut publish(&name, &["-r", "1000000", "-c", "12"]));
    assert_eq!(numbers, silent());
    let (number, message) = last(&name);
    assert_eq!((number, &message[..3]), (12, &b"\x0212"[..]));
    assert_eq!(run(&mut watch(&name, &["-c", "1"])), ended("12\n", "", 0));
    assert_eq!(run(&mut watch(&name, &["-c", "0"])), silent());
    // The next one continues after it, and counts from 1 again.
    assert_eq!(
        run(&mut publish(&name, &["-r", "1000000", "-c", "1"])),
        silent()
    );
    assert_eq!(last(&name).0, 13);
    assert_eq!(run(&mut watch(&name, &["-c", "1"])), ended("1\n", "", 0));
}

#[test]
fn a_count_of_zero_publishes_nothing_and_u_removes_what_is_there() {
    let name = UniqueName::new();
    assert_eq!(run(&mut publish(&name, &["-c", "0"])), silent());
    assert_eq!(run(&mut publish(&name, &["-c", "0", "-u"])), silent());
    assert!(!name.path().exists());
    assert_eq!(run(&mut publish(&name, &["-r", "1", "-c", "1"])), silent());
    assert!(name.path().exists());
    assert_eq!(run(&mut publish(&name, &["-c", "0", "-u"])), silent());
    assert!(!name.path().exists());
}

#[test]
fn lines_come_one_by_one() {
    let name = UniqueName::new();
    let mut publish = Peer::start(&mut publish(&name, &[]));
    let mut watch = Peer::start(&mut watch(&name, &["-c", "4"]));
    for line in ["100 876 8021", "", "\u{e4}\t\u{1b}", "."] {
        publish.say(line);
        assert_eq!(watch.line(), line);
        if line != "." {
            watch.asleep_in(libc::SYS_futex);
        }
    }
    assert_eq!(watch.end(), 0);
    assert_eq!(publish.end(), 0);
    assert_eq!(last(&name).0, 4);
}

#[test]
fn an_empty_input_publishes_nothing_and_an_empty_line_an_empty_value() {
    let name = UniqueName::new();
    assert_eq!(publish_all(&name, b""), silent());
    assert!(!name.path().exists());
    assert_eq!(publish_all(&name, b"\n"), silent());
    assert_eq!(last(&name), (1, [0; 256]));
    assert_eq!(printed(&name), b"\n");
    assert_eq!(publish_all(&name, b""), silent());
    assert_eq!(last(&name).0, 1, "it is unchanged");
}

#[test]
fn the_last_line_may_lack_its_newline() {
    let name = UniqueName::new();
    assert_eq!(publish_all(&name, b"one\ntwo"), silent());
    assert_eq!((last(&name).0, printed(&name)), (2, b"two\n".to_vec()));
}

#[test]
fn a_long_line_comes_in_pieces_of_255_bytes() {
    for (len, values, rest) in [
        (254, 1, 254),
        (255, 1, 255),
        (256, 2, 1),
        (510, 2, 255),
        (511, 3, 1),
        (100_000, 393, 40),
    ] {
        for newline in [true, false] {
            let name = UniqueName::new();
            let mut line = vec![b'x'; len];
            let mut expected = vec![b'x'; rest];
            expected.push(b'\n');
            if newline {
                line.push(b'\n');
            }
            assert_eq!(publish_all(&name, &line), silent());
            let found = (last(&name).0, printed(&name));
            assert_eq!(found, (values, expected), "{len}, {newline}");
        }
    }
}

#[test]
fn how_the_input_is_cut_into_reads_does_not_matter() {
    let line = |len: usize| vec![b'x'; len];
    for (reads, values) in [
        (&[line(255), b"\n".to_vec()][..], 1),
        (&[line(200), line(55), b"\n".to_vec()], 1),
        (&[line(255), line(1), line(254), b"\n".to_vec()], 2),
        (&[line(255), line(1), b"\n".to_vec()], 2),
        (&[line(255)], 1),
        (&[line(1), b"\n\n".to_vec(), line(1)], 3),
    ] {
        let name = UniqueName::new();
        let (input, mut pipe) = packets();
        let mut child = spawn(publish(&name, &[]).stdin(input));
        for read in reads {
            pipe.write_all(read).expect("a reader");
        }
        drop(pipe);
        assert_eq!(status(wait(&mut child)), 0);
        assert_eq!(
            last(&name).0,
            values,
            "{:?}",
            reads.iter().map(Vec::len).collect::<Vec<_>>()
        );
    }
}

/// A pipe that delivers each write as one read.
fn packets() -> (OwnedFd, File) {
    let mut fds = [0; 2];
    // SAFETY: an array for two descriptors.
    let result = unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_DIRECT | libc::O_CLOEXEC) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
    // SAFETY: new descriptors that nothing else owns.
    let [read, write] = fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    (read, write.into())
}

#[test]
fn every_byte_except_a_newline_is_kept() {
    let name = UniqueName::new();
    let bytes: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    assert_eq!(bytes.len(), 255);
    assert_eq!(publish_all(&name, &[&bytes[..], b"\n"].concat()), silent());
    assert_eq!(printed(&name), [&bytes[..], b"\n"].concat());
}

#[test]
fn the_mode_is_less_the_umask() {
    for (mode, umask, expected) in [
        (&[][..], "022", "644"),
        (&["-m", "600"], "022", "600"),
        (&["-m", "666"], "022", "644"),
        (&["-m", "666"], "000", "666"),
        (&["-m", "0400"], "022", "400"),
    ] {
        let name = UniqueName::new();
        let found = run(Command::new("sh")
            .args(["-c", "umask $1; shift; exec \"$@\"", "sh", umask])
            .arg(static_program("publish"))
            .args(["-n", &name.argument(), "-r", "1", "-c", "1"])
            .args(mode));
        assert_eq!(found, silent());
        let found = run(Command::new("stat").args(["-c", "%a"]).arg(name.path()));
        assert_eq!(found.stdout.trim(), expected, "{mode:?}, {umask}");
    }
}

#[test]
fn the_slots_make_the_size() {
    for (slots, size) in [
        ("2", 64 + 2 * 320),
        ("4", 64 + 4 * 320),
        ("65536", 64 + 65536 * 320),
    ] {
        let name = UniqueName::new();
        let arguments = ["-r", "1", "-c", "1", "-s", slots];
        assert_eq!(run(&mut publish(&name, &arguments)), silent());
        assert_eq!(name.path().metadata().expect("a file").len(), size);
    }
}

#[test]
fn watch_ends_with_an_error_if_its_output_cannot_be_written() {
    let name = UniqueName::new();
    assert_eq!(publish_all(&name, b"one\n"), silent());
    let through = |script: &str| {
        run(Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(static_program("watch"))
            .args(["-n", &name.argument(), "-c", "1"]))
    };
    let full = through("exec \"$@\" >/dev/full");
    let expected = "watch: cannot write to standard output: no space left on device (ENOSPC)\n";
    assert_eq!(full, ended("", expected, 1));
    let closed = through("exec \"$@\" >&-");
    let expected = "watch: cannot write to standard output: bad file descriptor (EBADF)\n";
    assert_eq!(closed, ended("", expected, 1));
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    drop(ours);
    let broken = spawn(
        Command::new("sh")
            .args(["-c", "trap '' PIPE; exec \"$@\"", "sh"])
            .arg(static_program("watch"))
            .args(["-n", &name.argument(), "-c", "1"])
            .stdout(OwnedFd::from(theirs))
            .stderr(Stdio::piped()),
    );
    let expected = "watch: cannot write to standard output: broken pipe (EPIPE)\n";
    assert_eq!(Ended::from(finish(broken)), ended("", expected, 1));
    assert!(name.path().exists());
}

#[test]
fn a_closed_input_is_an_error_and_a_folder_too() {
    let name = UniqueName::new();
    for (script, errno) in [("exec \"$@\" <&-", "EBADF"), ("exec \"$@\" </", "EISDIR")] {
        let found = run(Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(static_program("publish"))
            .args(["-n", &name.argument()]));
        assert!(
            found
                .stderr
                .starts_with("publish: cannot read standard input: "),
            "{found:?}"
        );
        assert!(found.stderr.ends_with(&format!("({errno})\n")), "{found:?}");
        assert_eq!((found.status, name.path().exists()), (1, false));
    }
}

#[test]
fn watch_stays_within_a_message_whatever_its_length_says() {
    // Another program may store any length.
    let name = UniqueName::new();
    let mut writer = rawshm::snapshot::Writer::create(&name, 2, &[255_u8; 256]).expect("created");
    assert_eq!(printed(&name), [&[255; 255][..], b"\n"].concat());
    writer.store(&[0; 256]);
    assert_eq!(printed(&name), b"\n");
}

#[test]
fn watch_reads_an_object_that_it_may_only_read() {
    let name = UniqueName::new();
    let mut peer = Peer::start(&mut publish(&name, &["-m", "444"]));
    peer.say("one");
    until("the object", || name.path().exists());
    assert_eq!(printed(&name), b"one\n");
    assert_eq!(peer.end(), 0);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn both_are_static_small_and_without_a_segment_to_write_and_execute() {
    use crate::elf::{Elf, PF_W, PF_X, PT_DYNAMIC, PT_GNU_STACK, PT_INTERP};

    for (program, most) in [("publish", 24_576), ("watch", 12_288)] {
        let path = static_program(program);
        let size = path.metadata().expect("a file").len();
        println!("{program}: {size} bytes");
        assert!(size <= most, "{program} has {size} bytes");
        let segments = Elf::read(&path).segments();
        for segment in &segments {
            assert!(
                ![PT_DYNAMIC, PT_INTERP].contains(&segment.kind),
                "{program}"
            );
            assert_ne!(segment.flags & (PF_W | PF_X), PF_W | PF_X, "{program}");
        }
        let stack = segments.iter().find(|one| one.kind == PT_GNU_STACK);
        assert_eq!(
            stack.expect("it says how it is").flags & PF_X,
            0,
            "{program}"
        );
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn every_symbol_is_their_own() {
    let folder = crate::elf::with_symbols();
    for program in ["publish", "watch"] {
        let symbols = run(Command::new("nm").arg(folder.join(program)));
        assert_eq!(symbols.status, 0, "{}", symbols.stderr);
        assert!(symbols.stdout.contains(" rawshm_start\n"));
        for line in symbols.stdout.lines() {
            let undefined = line.trim_start().starts_with("U ");
            let foreign = ["shm_open", "__libc", "pthread", "errno_location"]
                .iter()
                .any(|foreign| line.contains(foreign));
            assert!(!undefined && !foreign, "{program}: {line}");
        }
    }
}
