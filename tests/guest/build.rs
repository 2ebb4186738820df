//! Passes the linker's flags for executables without a C library.

fn main() {
    rawshm_start::link!();
}
