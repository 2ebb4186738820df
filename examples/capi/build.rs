//! Keeps the C compiler's start files out of the shared library: it has nothing to start, and they
//! need symbols.
//!
//! Both a linker and a C compiler that drives one know the flag.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        println!("cargo::rustc-cdylib-link-arg=-nostdlib");
    }
}
