//! Errors, names, objects and mappings.

mod errors;
mod flags_on_linux;
mod huge_pages;
mod mappings;
mod mappings_on_linux;
mod names;
mod objects;
mod objects_on_linux;
mod peers;

mod needs_namespaces {
    mod private_shm;
}
