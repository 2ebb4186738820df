//! Goes through every operation of the library and every program, traces itself, and prints the
//! system calls of each, a line for each outcome: `Object::open/missing: openat ENOENT, faccessat`.
//!
//!     operations FOLDER
//!
//! The folder has the static executables. Nothing else may use `/dev/shm` meanwhile. As the first
//! process of a machine, it does so as root and as another user, with `/proc` and without. Then it
//! does what changes the whole machine: it goes through huge pages, and through things that other
//! users have planted, with `all-settings` or with the `usual-settings` of the kernel's that are
//! about them, if it is asked to. At last it turns the machine off.

#![no_std]
#![no_main]

mod huge_pages;
mod machine;
mod names;
mod objects;
mod planted;
mod programs;
mod reading;
mod refusal;
mod report;
mod shm;
mod snapshots;
mod tracer;

use core::ffi::CStr;

use rawshm::Name;
use rawshm_start::Arguments;
use rustix::process::{chdir, getpid};

/// What every operation is done to.
const NAME: &Name = &Name::from_static("/guest");
const PATH: &CStr = c"/dev/shm/guest";
/// Where the name is made before it appears.
const ELSEWHERE: &CStr = c"/dev/shm/elsewhere";
/// Its first temporary name.
const TEMPORARY: &CStr = c"/dev/shm/.guest.rawshm-000";

rawshm_start::main!(run);

fn run(mut arguments: Arguments) -> u8 {
    if getpid().is_init() {
        machine::run(arguments.next())
    }
    let Some(folder) = arguments.next() else {
        rawshm_start::say!("usage: operations FOLDER");
        return 2;
    };
    if chdir(folder).is_err() {
        rawshm_start::say!("operations: there is no folder %", folder);
        return 1;
    }
    objects::all();
    snapshots::all();
    reading::all();
    programs::all();
    report::line(format_args!("== end"));
    0
}
