//! The static executables: what they do, and what they are made of.

mod c_peers;
mod creator;
mod elf;
mod elsewhere;
mod own;
mod publish_watch;
mod signals;
mod writer_reader;
