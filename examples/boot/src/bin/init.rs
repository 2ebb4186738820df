//! The first process of a machine: mounts the directory of shared memory, starts a watcher and a
//! publisher, and turns the machine off when both have ended.

#![no_std]
#![no_main]

use core::ffi::c_char;
use core::ptr::null;

use rawshm_boot::{become_program, fork};
use rawshm_start::Arguments;
use rawshm_start::line::{Stream, write_all};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};
use rustix::process::{WaitOptions, getpid, wait};
use rustix::system::{RebootCommand, reboot};

/// A program and its arguments, and a null.
type Command = &'static [*const c_char];

const WATCH: Command = &[
    c"/watch".as_ptr(),
    c"-n".as_ptr(),
    c"/numbers".as_ptr(),
    null(),
];

const PUBLISH: Command = &[
    c"/publish".as_ptr(),
    c"-n".as_ptr(),
    c"/numbers".as_ptr(),
    c"-r".as_ptr(),
    c"1".as_ptr(),
    c"-c".as_ptr(),
    c"3".as_ptr(),
    c"-u".as_ptr(),
    null(),
];

rawshm_start::main!(run, silent);

fn run(_: Arguments) -> u8 {
    if !getpid().is_init() {
        print("init: only for the first process of a machine\n");
        return 1;
    }
    match programs() {
        Ok(true) => print("init: both have ended with status 0\n"),
        Ok(false) => print("init: one has failed\n"),
        Err(_) => print("init: cannot start them\n"),
    }
    let _ = reboot(RebootCommand::PowerOff);
    1
}

/// Runs both programs, and returns whether both have succeeded.
fn programs() -> Result<bool, Errno> {
    mount(c"shm", c"/dev/shm", c"tmpfs", MountFlags::NOSUID, None)?;
    print("init: /dev/shm is mounted\n");
    start(WATCH)?;
    start(PUBLISH)?;
    let mut succeeded = true;
    while let Ok(Some((_, status))) = wait(WaitOptions::empty()) {
        succeeded &= status.exit_status() == Some(0);
    }
    Ok(succeeded)
}

fn start(command: Command) -> Result<(), Errno> {
    if fork()?.is_some() {
        return Ok(());
    }
    // SAFETY: C strings, and a null after them.
    unsafe { become_program(command) }
}

fn print(line: &str) {
    let _ = write_all(Stream::Output, line.as_bytes());
}
