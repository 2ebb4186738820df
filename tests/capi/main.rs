//! The C drop-in.

mod install;
mod open;
mod preload;
mod programs;
mod standards;
mod symbols;
mod unlink;

mod needs_namespaces {
    mod private_shm;
}
