//! Passes the linker's flags for executables that have neither a C library nor its start files.

use std::env;

/// What each saves and costs stands in README.md beside this file.
const FLAGS: [&str; 7] = [
    "-static",
    "--no-dynamic-linker",
    "-znorelro",
    "-znoseparate-code",
    "--nmagic",
    "--build-id=none",
    "--no-eh-frame-hdr",
];

/// Only what drives the linker, not the linker itself, knows these.
const DRIVER_FLAGS: [&str; 3] = ["-nostartfiles", "-nostdlib", "-static"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    if links_directly() {
        FLAGS.map(link_arg);
    } else {
        DRIVER_FLAGS.map(link_arg);
        FLAGS.map(|flag| link_arg(&format!("-Wl,{flag}")));
        // Last, so that it wins over rustc's own choice.
        link_arg("-no-pie");
    }
}

/// Says whether rustc calls a linker, and not a C compiler that calls one.
fn links_directly() -> bool {
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let linker = env::var("RUSTC_LINKER").unwrap_or_default();
    flags.contains("linker-flavor=ld") || linker.ends_with("lld") || linker.ends_with("ld")
}

fn link_arg(flag: &str) {
    println!("cargo::rustc-link-arg-bins={flag}");
}
