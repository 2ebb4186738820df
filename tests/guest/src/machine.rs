//! The first process of a machine.

use core::ffi::CStr;
use core::ptr::null;

use rawshm::Errno;
use rawshm_boot::{become_program, fork};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::write;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use rustix::process::{Gid, Uid, WaitOptions, waitpid};
use rustix::system::{RebootCommand, reboot, uname};
use rustix::thread::{set_thread_res_gid, set_thread_res_uid};

use crate::report::line;
use crate::{huge_pages, planted};

/// Users: root, and one without any right.
pub const USERS: [u32; 2] = [0, 65534];

/// What these programs are for, which need not be what the kernel is for.
pub const ARCHITECTURE: &str = if cfg!(target_arch = "x86") {
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
pub fn run(settings: Option<&[u8]>) -> ! {
    if let Err(errno) = passes().and_then(|()| matrices(settings)) {
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

/// Goes through what changes settings of the whole machine.
fn matrices(settings: Option<&[u8]>) -> Result<(), Errno> {
    mount(c"proc", c"/proc", c"proc", MountFlags::NOSUID, None)?;
    in_a_child(huge_pages::all)?;
    let settings = match settings {
        Some(b"all-settings") => &planted::SETTINGS[..],
        Some(b"usual-settings") => &planted::SETTINGS[..1],
        _ => return Ok(()),
    };
    in_a_child(|| planted::all(settings)).map(drop)
}

/// Does it in a process of its own, and returns its status; that of a signal is negative.
pub fn in_a_child(act: impl FnOnce()) -> Result<i32, Errno> {
    let Some(pid) = fork()? else {
        act();
        rawshm_start::exit(0)
    };
    let ended = waitpid(Some(pid), WaitOptions::empty())?;
    let (_, ended) = ended.ok_or(Errno::CHILD)?;
    Ok(ended.exit_status().unwrap_or_else(|| -ended.as_raw()))
}

/// Changes a setting of the whole machine.
pub fn set(path: &CStr, value: &[u8]) -> Result<(), Errno> {
    let setting = open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    write(setting, value).map(|_| ())
}

/// Goes through everything as a user.
fn pass(user: u32) -> Result<(), Errno> {
    in_a_child(|| {
        become_user(user).expect("root");
        // SAFETY: C strings, and a null after them.
        unsafe { become_program(&[c"/init".as_ptr(), c"/".as_ptr(), null()]) }
    })
    .map(drop)
}

/// The first process, and so each other, has no more groups.
pub fn become_user(user: u32) -> Result<(), Errno> {
    become_with_a_way_back(user, user)
}

/// Does it as a user, and is root again.
pub fn as_user<T>(user: u32, act: impl FnOnce() -> T) -> Result<T, Errno> {
    become_with_a_way_back(user, 0)?;
    let done = act();
    become_user(0)?;
    Ok(done)
}

/// Becomes a user that may become this one again.
fn become_with_a_way_back(user: u32, back: u32) -> Result<(), Errno> {
    let [user, back] = [user, back].map(|id| (Uid::from_raw(id), Gid::from_raw(id)));
    set_thread_res_gid(user.1, user.1, back.1)?;
    set_thread_res_uid(user.0, user.0, back.0)
}
