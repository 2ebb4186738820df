//! Peers that change the bytes of objects, and their sizes.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rawshm::{Extent, Mapping};
use rawshm_tests::header::{HEADER, LAST_LOWER};
use rawshm_tests::random::Random;

use super::{Attack, Paths};

/// Writes random bytes into the objects of a name, or gives them random sizes.
pub(super) struct Bytes {
    paths: Paths,
    /// What the object had at first.
    first: Vec<u8>,
    act: fn(&File, &[u8], &mut Random) -> std::io::Result<()>,
}

/// The sizes of objects, headers and slots, and those beside them.
const SIZES: [u64; 12] = [0, 1, 40, 63, 64, 100, 191, 192, 4095, 4096, 8192, 65_537];

impl Bytes {
    pub(super) fn scribbles(paths: Paths) -> Self {
        Self::new(paths, scribble)
    }

    pub(super) fn truncates(paths: Paths) -> Self {
        Self::new(paths, |file, _, random| file.set_len(random.of(&SIZES)))
    }

    fn new(paths: Paths, act: fn(&File, &[u8], &mut Random) -> std::io::Result<()>) -> Self {
        let first = std::fs::read(paths.own()).unwrap_or_default();
        Self { paths, first, act }
    }
}

/// It never writes beyond the end, which would change the size.
fn scribble(file: &File, first: &[u8], random: &mut Random) -> std::io::Result<()> {
    let size = file.metadata()?.len().min(4096);
    if random.below(4) == 0 {
        // So that the next changes are those of an object that is otherwise whole.
        let whole = usize::try_from(size).map_or(0, |size| size.min(first.len()));
        return file.write_all_at(&first[..whole], 0);
    }
    let end = random
        .of(&[HEADER.try_into().expect("small"), size])
        .min(size);
    if end == 0 {
        return Ok(());
    }
    let at = random.below(end);
    let len = (1 + random.below(64)).min(size - at);
    let bytes: Vec<u8> = (0..len)
        .map(|_| random.below(256).to_le_bytes()[0])
        .collect();
    file.write_all_at(&bytes, at)
}

fn open(path: &Path) -> std::io::Result<File> {
    File::options().read(true).write(true).open(path)
}

impl Attack for Bytes {
    fn act(&mut self, random: &mut Random) {
        // The name may have no object, or another one.
        if let Ok(file) = open(self.paths.any(random)) {
            let _ = (self.act)(&file, &self.first, random);
        }
    }

    /// Makes the object what it was, and wakes those who sleep on it or wait for its name.
    fn end(&mut self) {
        if self.first.is_empty() {
            return;
        }
        if let Ok(file) = open(self.paths.own()) {
            let _ = file.set_len(self.first.len().try_into().expect("small"));
            let _ = file.write_all_at(&self.first, 0);
        }
        wake_sleepers(&self.paths);
        self.paths.announce();
    }
}

fn wake_sleepers(paths: &Paths) {
    let Ok(mapping) = Mapping::open(&paths.name(), Extent::first(HEADER)) else {
        return;
    };
    let word = mapping.as_ptr().wrapping_add(LAST_LOWER);
    // SAFETY: the kernel accesses only the word, which is mapped.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, i32::MAX) };
}
