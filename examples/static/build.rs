//! Passes the linker's flags for executables that have neither a C library nor its start files.

use std::env;

/// What each saves and costs stands in README.md beside this file.
const FLAGS: [&str; 3] = ["-static", "--build-id=none", "-znorelro"];

/// Only what drives the linker, not the linker itself, knows these. The last wins over rustc's own choice.
const DRIVER_FLAGS: [&str; 4] = ["-static", "-nostartfiles", "-nostdlib", "-no-pie"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=static.ld");
    if variable("CARGO_CFG_TARGET_OS") != "linux" {
        return;
    }
    if variable("OPT_LEVEL") != "0" {
        link_arg(&format!("-T{}/static.ld", variable("CARGO_MANIFEST_DIR")));
    }
    if links_directly() {
        FLAGS.into_iter().for_each(link_arg);
    } else {
        for flag in FLAGS {
            link_arg(&format!("-Wl,{flag}"));
        }
        DRIVER_FLAGS.into_iter().for_each(link_arg);
    }
}

/// Says whether rustc calls a linker, and not a C compiler that calls one.
fn links_directly() -> bool {
    let linker = variable("RUSTC_LINKER");
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    linker.ends_with("lld") || linker.ends_with("ld") || flags.contains("linker-flavor=ld")
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

fn link_arg(flag: &str) {
    println!("cargo::rustc-link-arg-bins={flag}");
}
