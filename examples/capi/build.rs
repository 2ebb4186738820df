//! Keeps the C compiler's start files out of the shared library: it has nothing to start, and they ask for symbols.
//!
//! The flag is one that the linker and the C compiler that drives it both know.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-nostdlib");
    }
}
