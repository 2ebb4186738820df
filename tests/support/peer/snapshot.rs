//! What the peer does to snapshots and claims.

use std::ffi::CString;
use std::io::BufRead as _;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use rawshm::snapshot::{self, Deadline, Follower, Reader, Writer};
use rawshm::{Name, Object};
use rawshm_tests::describe;
use rawshm_tests::values::{Message, message, text};

use crate::{say, traced};

/// Does what the command says, and returns a line about it.
pub(crate) fn run(command: &str, name: &str, rest: &[&str]) -> String {
    match answer(command, name, rest) {
        Ok(answer) => answer,
        Err(snapshot::Error::System(error)) => describe(error),
        Err(error) => error.words().into(),
    }
}

pub(crate) const SLOTS: u32 = 4;

fn answer(command: &str, name: &str, rest: &[&str]) -> Result<String, snapshot::Error> {
    let name = Name::new(name)?;
    let done = String::from("ok");
    match command {
        "hold" => hold(&name, rest).map(|()| done),
        "claim-and-stand-by" => claim_and_stand_by(&name).map(|()| done),
        "follow" => follow(&name),
        "hold-in-a-child-too" => hold_in_a_child_too(&name),
        "hold-and-exec" => hold_and_exec(&name),
        "stand-by" => Ok(stand_by()),
        "hostile" => Ok(hostile(&name, rest[0])),
        _ => traced::answer(command, &name, rest),
    }
}

/// Waits for the end of the input.
fn stand_by() -> String {
    say("ready");
    to_the_end()
}

fn to_the_end() -> String {
    for line in std::io::stdin().lock().lines() {
        line.expect("a line");
    }
    "end".into()
}

/// Is the writer: stores each line of its input, and prints how many readers were woken.
fn hold(name: &Name, rest: &[&str]) -> Result<(), snapshot::Error> {
    let first = message("first");
    let mut writer = match rest {
        ["replace"] => Writer::<Message>::replace(name, SLOTS, &first)?,
        ["create"] => Writer::<Message>::create(name, SLOTS, &first)?,
        _ => Writer::<Message>::open_or_create(name, SLOTS, &first)?.0,
    };
    say("ready");
    for line in std::io::stdin().lock().lines() {
        writer.store(&message(&line.expect("a line")));
        say(&writer.notify()?.to_string());
    }
    Ok(())
}

/// Claims an object.
fn claim_and_stand_by(name: &Name) -> Result<(), snapshot::Error> {
    let object = Object::open_read_write(name)?;
    object.claim()?;
    stand_by();
    Ok(())
}

/// Prints each value of the snapshots that have the name, one after the other.
fn follow(name: &Name) -> Result<String, snapshot::Error> {
    let mut follower = Follower::<Message>::new(name);
    say("ready");
    while let Some(value) = follower.next(Deadline::NEVER)? {
        say(&text(&value));
    }
    Ok("the deadline has passed".into())
}

/// Is the writer, and has a child that lives until the end of the input.
fn hold_in_a_child_too(name: &Name) -> Result<String, snapshot::Error> {
    let _writer = Writer::<Message>::open(name)?;
    // SAFETY: this process has no other thread.
    match unsafe { libc::fork() } {
        -1 => panic!("fork: {}", std::io::Error::last_os_error()),
        0 => Ok(stand_by()),
        child => {
            // It runs until it is killed.
            say(&child.to_string());
            loop {
                std::thread::park();
            }
        }
    }
}

/// Claims an object, and becomes another program.
fn hold_and_exec(name: &Name) -> Result<String, snapshot::Error> {
    let object = Object::open_read_write(name)?;
    object.claim()?;
    say("claimed");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a line");
    let program = std::env::current_exe().expect("a path");
    let error = Command::new(program)
        .args(["snapshot", "stand-by", &name.to_string()])
        .exec();
    panic!("{error}");
}

/// Does to an object all that a process may that may only read it.
fn hostile(name: &Name, how: &str) -> String {
    let path = Path::new("/dev/shm").join(name.to_string().trim_start_matches('/'));
    let path = CString::new(path.to_str().expect("text")).expect("no NUL");
    // SAFETY: a C string.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY) };
    assert!(fd >= 0, "{}", std::io::Error::last_os_error());
    // SAFETY: a new descriptor that nothing else owns.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    // SAFETY: an open descriptor.
    let flocked = unsafe { libc::flock(fd.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) };
    assert_eq!(flocked, 0);
    let mut lock = libc::flock {
        l_type: libc::F_RDLCK.try_into().expect("small"),
        l_whence: 0,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    let command = match how {
        // While there is a writer, only the bytes before the claim can be locked.
        "wait" => libc::F_OFD_SETLKW,
        "before" => {
            lock.l_len = 1 << 62;
            libc::F_OFD_SETLK
        }
        "after" => {
            lock.l_start = (1 << 62) + 1;
            libc::F_OFD_SETLK
        }
        _ => libc::F_OFD_SETLK,
    };
    if how == "wait" {
        say("ready");
    }
    // SAFETY: an open descriptor and a local lock.
    let locked = unsafe { libc::fcntl(fd.as_raw_fd(), command, &raw mut lock) };
    assert_eq!(locked, 0, "{}", std::io::Error::last_os_error());
    // Opened before the line below, after which the name may have another object.
    let reader = Reader::<Message>::open(name);
    let _sleeper = std::thread::spawn(move || {
        let mut reader = reader?;
        while reader.next(Deadline::NEVER)?.is_some() {}
        Ok::<(), snapshot::Error>(())
    });
    say(if how == "wait" { "locked" } else { "ready" });
    to_the_end()
}
