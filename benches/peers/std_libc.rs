//! The pair's job with std, and the C library's functions through the crate `libc`:
//! `std_libc write|read [NAME]`.

use std::ffi::CString;
use std::io::{Error, ErrorKind};
use std::ptr::null_mut;

const SIZE: usize = 4_000_000_000;
const COLUMNS_LEN: usize = 24;

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let writes = arguments.next().as_deref() == Some("write");
    let name = CString::new(arguments.next().unwrap_or("/my_shm".into()))?;
    if writes { write(&name) } else { read(&name) }
}

fn write(name: &CString) -> Result<(), Error> {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL;
    let rights = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the name is a C string, and the mapping holds three integers that no other process
    // accesses at the same time.
    unsafe {
        if libc::shm_unlink(name.as_ptr()) == -1 {
            let error = Error::last_os_error();
            if error.kind() != ErrorKind::NotFound {
                return Err(error);
            }
        }
        let fd = checked(libc::shm_open(name.as_ptr(), flags, 0o644))?;
        checked(libc::ftruncate(fd, SIZE.try_into().expect("64 bits")))?;
        let start = libc::mmap(null_mut(), SIZE, rights, libc::MAP_SHARED, fd, 0);
        if start == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        libc::close(fd);
        start.cast::<[i64; 3]>().write_volatile([100, 876, 8021]);
        libc::munmap(start, SIZE);
    }
    Ok(())
}

fn read(name: &CString) -> Result<(), Error> {
    // SAFETY: the name is a C string, all zeros is a valid status, and the object holds three
    // integers.
    let [one, two, three] = unsafe {
        let fd = checked(libc::shm_open(name.as_ptr(), libc::O_RDONLY, 0))?;
        let mut status: libc::stat = std::mem::zeroed();
        checked(libc::fstat(fd, &raw mut status))?;
        if status.st_size < 24 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let rights = libc::PROT_READ;
        let start = libc::mmap(null_mut(), COLUMNS_LEN, rights, libc::MAP_SHARED, fd, 0);
        if start == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        libc::close(fd);
        let columns = start.cast::<[i64; 3]>().read_volatile();
        libc::munmap(start, COLUMNS_LEN);
        columns
    };
    println!("&{{{one} {two} {three}}}");
    Ok(())
}

fn checked(result: i32) -> Result<i32, Error> {
    if result == -1 {
        Err(Error::last_os_error())
    } else {
        Ok(result)
    }
}
