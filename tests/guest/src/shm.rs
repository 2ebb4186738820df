//! What is in `/dev/shm`.

use core::mem::MaybeUninit;

use rawshm::Errno;
use rustix::fs::{Mode, OFlags, RawDir, open};

/// Passes each name in `/dev/shm`, and its inode.
pub fn each_name(mut act: impl FnMut(&[u8], u64) -> Result<(), Errno>) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let shm = open(c"/dev/shm", flags, Mode::empty())?;
    let mut buffer = [MaybeUninit::uninit(); 2048];
    let mut entries = RawDir::new(shm, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry?;
        match entry.file_name().to_bytes() {
            b"." | b".." => {}
            name => act(name, entry.ino())?,
        }
    }
    Ok(())
}
