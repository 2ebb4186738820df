//! The other process of a test of snapshots and claims: does one thing, and prints a line about it.

#[cfg(target_os = "linux")]
#[path = "publisher/commands.rs"]
mod commands;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    commands::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {}
