//! What happens where a system call is refused: by a filter, an old kernel or a file system.

#![cfg(target_os = "linux")]

mod each_call;
mod names;
mod programs;
mod sizes;
mod sleeps;

mod needs_namespaces {
    mod file_systems;
}

mod needs_root {
    mod users;
}
