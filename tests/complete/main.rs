//! Objects that appear under their name only when they are complete.

mod creating;
mod linking;
mod on_linux;
mod races;
mod replacing;
mod temporary_names;

mod needs_namespaces {
    mod killed;
    mod private_shm;
}
