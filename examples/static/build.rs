//! Passes the linker's flags for executables that have neither a C library nor its start files.
//!
//! All are spelled so that the linker and the C compiler that drives it both know them: nothing tells a build script
//! which of the two it will be. What each saves and costs stands in README.md beside this file.

use std::env;

const FLAGS: [&str; 4] = ["-static", "-no-pie", "-nostdlib", "--entry=rawshm_start"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=static.ld");
    if variable("CARGO_CFG_TARGET_OS") != "linux" {
        return;
    }
    // Only what is optimised as the profile static does has no variable, and no 32-bit target: rustix keeps some there.
    if variable("OPT_LEVEL") == "z" && variable("CARGO_CFG_TARGET_POINTER_WIDTH") == "64" {
        link_arg(&format!("-T{}/static.ld", variable("CARGO_MANIFEST_DIR")));
    }
    FLAGS.into_iter().for_each(link_arg);
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn link_arg(flag: &str) {
    println!("cargo::rustc-link-arg-bins={flag}");
}
