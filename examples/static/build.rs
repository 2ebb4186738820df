//! Passes the linker's flags for executables that have neither a C library nor its start files.
//!
//! All are spelled so that the linker and the C compiler that drives it both know them: nothing tells a build script
//! which of the two it will be. What each saves and costs stands in README.md beside this file.

use std::env;

const FLAGS: [&str; 4] = ["-static", "-no-pie", "-nostdlib", "--entry=rawshm_start"];

/// How each program is laid out.
const SCRIPTS: [(&str, &str); 5] = [
    ("writer", "static.ld"),
    ("reader", "static.ld"),
    ("creator", "static.ld"),
    ("publish", "variables.ld"),
    ("watch", "variables.ld"),
];

fn main() {
    for file in ["build.rs", "sections.ld", "static.ld", "variables.ld"] {
        println!("cargo::rerun-if-changed={file}");
    }
    if variable("CARGO_CFG_TARGET_OS") != "linux" {
        return;
    }
    // Only what is optimised as the profile static does is without variables, and no 32-bit target: rustix keeps some
    // there.
    if variable("OPT_LEVEL") == "z" && variable("CARGO_CFG_TARGET_POINTER_WIDTH") == "64" {
        let folder = variable("CARGO_MANIFEST_DIR");
        link_arg(&format!("-L{folder}"));
        for (program, script) in SCRIPTS {
            println!("cargo::rustc-link-arg-bin={program}=-T{folder}/{script}");
        }
    }
    FLAGS.into_iter().for_each(link_arg);
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn link_arg(flag: &str) {
    println!("cargo::rustc-link-arg-bins={flag}");
}
