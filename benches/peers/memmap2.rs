//! The pair's job with std and the crate `memmap2`: `memmap2 write|read [NAME]`.

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use memmap2::{Mmap, MmapMut};

const COLUMNS_LEN: usize = 24;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let writes = arguments.next().as_deref() == Some("write");
    let name = arguments.next().unwrap_or("/my_shm".into());
    let path = PathBuf::from(format!("/dev/shm{name}"));
    if writes { write(&path) } else { read(&path) }
}

fn write(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path)?;
    file.set_len(4_000_000_000)?;
    // SAFETY: no other process accesses the object at the same time.
    let mut bytes = unsafe { MmapMut::map_mut(&file)? };
    drop(file);
    for (bytes, column) in bytes.chunks_exact_mut(8).zip([100_i64, 876, 8021]) {
        bytes.copy_from_slice(&column.to_ne_bytes());
    }
    Ok(())
}

fn read(path: &Path) -> Result<(), Error> {
    let file = File::open(path)?;
    // SAFETY: no other process accesses the object at the same time.
    let bytes = unsafe { Mmap::map(&file)? };
    drop(file);
    let bytes = bytes.get(..COLUMNS_LEN).ok_or(ErrorKind::UnexpectedEof)?;
    let column = |at: usize| i64::from_ne_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
    let (one, two, three) = (column(0), column(8), column(16));
    println!("&{{{one} {two} {three}}}");
    Ok(())
}
