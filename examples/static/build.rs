//! Passes the linker's flags for executables without a C library and its start files.
//!
//! Each is spelled so that both a linker and a C compiler that drives one know it: a build script
//! cannot find out which of the two rustc will call. README.md explains what each saves and costs.

use std::env;

const FLAGS: [&str; 4] = ["-static", "-no-pie", "-nostdlib", "--entry=rawshm_start"];

/// The linker script of each program.
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
    // Only a build that is optimised like the profile `static` has no variables, and on 32-bit
    // targets not even that: rustix has some there.
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
