//! The other process of a test: it does one thing, and prints a line about it.
//!     peer COMMAND NAME [ARGUMENT...]             with an object
//!     peer snapshot COMMAND NAME [ARGUMENT...]    with a snapshot or a claim
//!     peer reading COMMAND NAME [ARGUMENT...]     with an object that is not mapped, or is sealed
//!     peer operate                                runs operations that it is told
//!     peer hostile HOW SEED                       attacks names that it is told
//!     peer race WHAT NAME PROCESSES RUNG          has processes do one thing at a time
//!     peer torture COMMAND NAME ARGUMENT...       stores or checks values of any size
//!     peer filtered ROLE WITHOUT FAILING PROGRAM...
//!                                                 becomes a program under a filter
//!     peer filters                                prints the filters
//!     peer mapped NAME WITHOUT                    locks itself in with a snapshot
//!     peer step operations STRIDE FIRST           kills each operation after every STRIDE
//!                                                 instructions
//!     peer step life PUBLISH                      kills `publish` after each of its instructions
//!     peer step ends PUBLISH STRIDE FIRST         kills `publish -u` after every STRIDE
//!                                                 instructions
//!     peer step stops STRIDE FIRST                stops each operation after every STRIDE
//!                                                 instructions
//!     peer step appears-late NAME                 lets a name appear at a deadline

mod complete;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod filtered;
#[cfg(target_os = "linux")]
mod hostile;
mod object;
#[cfg(target_os = "linux")]
mod operate;
#[cfg(target_os = "linux")]
mod race;
#[cfg(target_os = "linux")]
mod reading;
#[cfg(target_os = "linux")]
mod snapshot;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod step;
#[cfg(target_os = "linux")]
mod torture;
#[cfg(target_os = "linux")]
mod traced;

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        #[cfg(target_os = "linux")]
        ["snapshot", command, name, rest @ ..] => say(&snapshot::run(command, name, rest)),
        #[cfg(target_os = "linux")]
        ["reading", command, name, rest @ ..] => say(&reading::run(command, name, rest)),
        #[cfg(target_os = "linux")]
        ["operate"] => operate::operate(),
        #[cfg(target_os = "linux")]
        ["hostile", how, seed] => hostile::run(how, seed),
        #[cfg(target_os = "linux")]
        ["race", what, name, processes, rung] => race::race(what, name, processes, rung),
        #[cfg(target_os = "linux")]
        ["torture", command, name, rest @ ..] => say(&torture::run(command, name, rest)),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        ["filtered", role, without, failing, program @ ..] => {
            filtered::run(role, without, failing, program)
        }
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        ["filters"] => filtered::print(),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        ["mapped", name, without] => filtered::mapped(name, without),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        ["step", "operations", stride, first] => step::operations(stride, first),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        ["step", "stops", stride, first] => step::stops(stride, first),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        ["step", "life", publish] => step::life(publish),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        ["step", "ends", publish, stride, first] => step::ends(publish, stride, first),
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        ["step", "appears-late", name] => step::appears_late(name),
        [command, name, rest @ ..] => say(&object::run(command, name, rest)),
        _ => {
            eprintln!("usage: peer [WHAT] COMMAND NAME [ARGUMENT...] | peer step WHAT ARGUMENT");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// Prints a line at once.
fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().expect("standard output");
}

/// Does what is traced: what the process does between two looks at a directory, which the library
/// makes by another call.
fn begun<T>(act: impl FnOnce() -> T) -> T {
    look();
    let done = act();
    look();
    done
}

fn look() {
    // SAFETY: a C string.
    unsafe { libc::access(c"/dev/shm".as_ptr(), libc::X_OK) };
}

/// Does what is traced, and drops what that has made later: drops make calls of their own.
fn kept<T, E>(act: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
    begun(act).map(drop)
}
