//! The same rounds with rawshm and with its peers, each written as its documentation shows.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::Error;
use std::path::PathBuf;
use std::ptr::{null_mut, read_volatile};

use rawshm::{Extent, Mapping, Name, Object, Size};
use shared_memory::ShmemConf;

use crate::sampling::Outcome;

pub const COLUMNS: [i64; 3] = [100, 876, 8021];
const COLUMNS_LEN: usize = 24;

/// The name of an object, in the forms that the peers take.
pub struct Named {
    text: String,
    c: CString,
    path: PathBuf,
}

impl Named {
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn new(text: &str) -> Outcome<Self> {
        Ok(Self {
            text: text.into(),
            c: CString::new(text)?,
            path: PathBuf::from(format!("/dev/shm{text}")),
        })
    }
}

/// Create, size, map, unmap, unlink.
type Create = fn(&Named, u64) -> Outcome;

/// Open, check the size, map, load 24 bytes, unmap.
type Open = fn(&Named) -> Outcome<[i64; 3]>;

pub struct Peer {
    pub label: &'static str,
    pub create: Option<Create>,
    pub open: Option<Open>,
}

const fn peer(label: &'static str, create: Create, open: Open) -> Peer {
    let (create, open) = (Some(create), Some(open));
    Peer {
        label,
        create,
        open,
    }
}

/// It shows the noise, and is no row.
pub const AGAIN: &str = "glibc, once more";

pub const PEERS: [Peer; 7] = [
    peer("glibc", glibc_create, glibc_open),
    peer("rawshm", rawshm_create, rawshm_open),
    Peer {
        label: "rawshm, object and mapping kept apart",
        create: Some(rawshm_create_apart),
        open: None,
    },
    peer(AGAIN, glibc_create, glibc_open),
    peer("rustix", rustix_create, rustix_open),
    peer("memmap2", memmap2_create, memmap2_open),
    peer("shared_memory", shared_memory_create, shared_memory_open),
];

pub fn rawshm_create(named: &Named, size: u64) -> Outcome {
    let name = Name::new(&named.text)?;
    let mapping = Mapping::create(&name, Size::Sparse(size))?;
    drop(mapping);
    Ok(rawshm::unlink(&name)?)
}

fn rawshm_create_apart(named: &Named, size: u64) -> Outcome {
    let name = Name::new(&named.text)?;
    let object = Object::create(&name, Size::Sparse(size))?;
    drop(object.map(Extent::Whole)?);
    drop(object);
    Ok(rawshm::unlink(&name)?)
}

pub fn rawshm_open(named: &Named) -> Outcome<[i64; 3]> {
    let name = Name::new(&named.text)?;
    Ok(Mapping::open(&name, Extent::first(COLUMNS_LEN))?.load(0)?)
}

pub fn glibc_create(named: &Named, size: u64) -> Outcome {
    // SAFETY: it has no preconditions.
    glibc_create_with(named, size, |fd, size| unsafe { libc::ftruncate(fd, size) })
}

/// With all of its memory.
pub fn glibc_reserve(named: &Named, size: u64) -> Outcome {
    glibc_create_with(named, size, |fd, size| {
        // SAFETY: it has no preconditions.
        match unsafe { libc::posix_fallocate(fd, 0, size) } {
            0 => 0,
            _ => -1,
        }
    })
}

fn glibc_create_with(
    named: &Named,
    size: u64,
    resize: impl Fn(i32, libc::off_t) -> i32,
) -> Outcome {
    let (flags, len) = (
        libc::O_RDWR | libc::O_CREAT | libc::O_EXCL,
        usize::try_from(size)?,
    );
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the name is a C string, and the mapping is this function's own.
    unsafe {
        let fd = checked(libc::shm_open(named.c.as_ptr(), flags, 0o600))?;
        checked(resize(fd, size.try_into()?))?;
        let start = libc::mmap(null_mut(), len, rights, libc::MAP_SHARED, fd, 0);
        if start == libc::MAP_FAILED {
            return Err(Error::last_os_error().into());
        }
        checked(libc::close(fd))?;
        checked(libc::munmap(start, len))?;
        checked(libc::shm_unlink(named.c.as_ptr()))?;
    }
    Ok(())
}

pub fn glibc_open(named: &Named) -> Outcome<[i64; 3]> {
    // SAFETY: the name is a C string, all zeros is a valid status, and the mapping holds three
    // integers.
    unsafe {
        let fd = checked(libc::shm_open(named.c.as_ptr(), libc::O_RDONLY, 0))?;
        let mut status: libc::stat = std::mem::zeroed();
        checked(libc::fstat(fd, &raw mut status))?;
        if status.st_size < 24 {
            return Err("too small".into());
        }
        let (rights, shared) = (libc::PROT_READ, libc::MAP_SHARED);
        let start = libc::mmap(null_mut(), COLUMNS_LEN, rights, shared, fd, 0);
        if start == libc::MAP_FAILED {
            return Err(Error::last_os_error().into());
        }
        checked(libc::close(fd))?;
        let columns = read_volatile(start.cast());
        checked(libc::munmap(start, COLUMNS_LEN))?;
        Ok(columns)
    }
}

fn rustix_create(named: &Named, size: u64) -> Outcome {
    use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
    use rustix::shm::{self, Mode, OFlags};
    let (rights, len) = (ProtFlags::READ | ProtFlags::WRITE, usize::try_from(size)?);
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    let fd = shm::open(&*named.c, flags, Mode::RUSR | Mode::WUSR)?;
    rustix::fs::ftruncate(&fd, size)?;
    // SAFETY: the kernel chooses an unused address.
    let start = unsafe { mmap(null_mut(), len, rights, MapFlags::SHARED, &fd, 0)? };
    drop(fd);
    // SAFETY: the mapping is this function's own.
    unsafe { munmap(start, len)? };
    Ok(shm::unlink(&*named.c)?)
}

fn rustix_open(named: &Named) -> Outcome<[i64; 3]> {
    use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
    use rustix::shm::{self, Mode, OFlags};
    let fd = shm::open(&*named.c, OFlags::RDONLY, Mode::empty())?;
    if rustix::fs::fstat(&fd)?.st_size < 24 {
        return Err("too small".into());
    }
    let (rights, shared) = (ProtFlags::READ, MapFlags::SHARED);
    // SAFETY: the kernel chooses an unused address.
    let start = unsafe { mmap(null_mut(), COLUMNS_LEN, rights, shared, &fd, 0)? };
    drop(fd);
    // SAFETY: the mapping holds three integers.
    let columns = unsafe { read_volatile(start.cast()) };
    // SAFETY: the mapping is this function's own.
    unsafe { munmap(start, COLUMNS_LEN)? };
    Ok(columns)
}

fn memmap2_create(named: &Named, size: u64) -> Outcome {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    let file = options.open(&named.path)?;
    file.set_len(size)?;
    // SAFETY: no other process accesses the object.
    let mapping = unsafe { memmap2::MmapMut::map_mut(&file)? };
    drop(file);
    drop(mapping);
    Ok(std::fs::remove_file(&named.path)?)
}

fn memmap2_open(named: &Named) -> Outcome<[i64; 3]> {
    let file = File::open(&named.path)?;
    // SAFETY: no other process writes to the object at the same time.
    let mapping = unsafe { memmap2::Mmap::map(&file)? };
    drop(file);
    let bytes = mapping.get(..COLUMNS_LEN).ok_or("too small")?;
    // SAFETY: there are 24 bytes.
    Ok(unsafe { read_volatile(bytes.as_ptr().cast()) })
}

fn shared_memory_create(named: &Named, size: u64) -> Outcome {
    let configuration = ShmemConf::new().size(size.try_into()?).os_id(&named.text);
    // The owner unlinks the name when it is dropped.
    drop(configuration.create()?);
    Ok(())
}

fn shared_memory_open(named: &Named) -> Outcome<[i64; 3]> {
    let mapping = ShmemConf::new().os_id(&named.text).open()?;
    if mapping.len() < COLUMNS_LEN {
        return Err("too small".into());
    }
    // SAFETY: there are 24 bytes.
    Ok(unsafe { read_volatile(mapping.as_ptr().cast()) })
}

pub fn checked(result: i32) -> Result<i32, Error> {
    if result == -1 {
        Err(Error::last_os_error())
    } else {
        Ok(result)
    }
}
