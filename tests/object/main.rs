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
mod reading_on_linux;
mod sealed_on_linux;

mod needs_namespaces {
    mod full_shm;
    mod private_shm;
}
