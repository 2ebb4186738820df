//! Kills a program after each of its instructions, and looks each time at what is left:
//!     stepper store PUBLISHER NAME
//!     stepper life PUBLISH
//! The first kills `PUBLISHER store-once NAME` between its two marks; a reader and the next writer follow each time. The
//! second kills `PUBLISH -c 3 -r 1000000` from its start to its end; its directory, `/dev/shm`, is to be a small one that
//! was empty, and so is nobody else's. Both print how many kills led to what.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "stepper/steps.rs"]
mod steps;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["store", publisher, name] => steps::store(publisher, name),
        ["life", publish] => steps::life(publish),
        _ => panic!("usage: stepper store PUBLISHER NAME | stepper life PUBLISH"),
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {}
