//! The first process of a machine.

use core::ptr::null;

use rawshm::Errno;
use rawshm_boot::{become_program, fork};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{WaitOptions, waitpid};
use rustix::system::{RebootCommand, reboot, uname};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::report::line;

/// Users: root, and one without any right.
const USERS: [u32; 2] = [0, 65534];

/// What these programs are for, which need not be what the kernel is for.
const ARCHITECTURE: &str = if cfg!(target_arch = "x86") {
    "i686"
} else if cfg!(target_arch = "arm") {
    "armv7"
} else if cfg!(target_arch = "aarch64") {
    "aarch64"
} else if cfg!(target_arch = "riscv64") {
    "riscv64"
} else {
    "x86_64"
};

/// Goes through everything as each user, and turns the machine off.
pub fn run() -> ! {
    if let Err(errno) = passes() {
        line(format_args!("cannot start: {errno:?}"));
    }
    let _ = reboot(RebootCommand::PowerOff);
    rawshm_start::exit(1)
}

fn passes() -> Result<(), Errno> {
    let flags = MountFlags::NOSUID;
    mount(c"shm", c"/dev/shm", c"tmpfs", flags, None)?;
    let system = uname();
    let release = system.release().to_str().unwrap_or("?");
    for has_proc in [true, false] {
        if has_proc {
            mount(c"proc", c"/proc", c"proc", flags, None)?;
        } else {
            unmount(c"/proc", UnmountFlags::empty())?;
        }
        let proc = if has_proc { "proc" } else { "no-proc" };
        for user in USERS {
            line(format_args!("== {release} {ARCHITECTURE} {user} {proc}"));
            pass(user)?;
        }
    }
    Ok(())
}

/// Goes through everything as a user.
fn pass(user: u32) -> Result<(), Errno> {
    if let Some(pid) = fork()? {
        waitpid(Some(pid), WaitOptions::empty())?;
        return Ok(());
    }
    if become_user(user).is_err() {
        rawshm_start::exit(1);
    }
    // SAFETY: C strings, and a null after them.
    unsafe { become_program(&[c"/init".as_ptr(), c"/".as_ptr(), null()]) }
}

fn become_user(user: u32) -> Result<(), Errno> {
    let (uid, gid) = (
        rustix::process::Uid::from_raw(user),
        rustix::process::Gid::from_raw(user),
    );
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}
