//! Temporary names: `.NAME.rawshm-000` to `.NAME.rawshm-999`.
//!
//! The process that creates an object under a temporary name holds a lock on it, which the kernel
//! removes when the process ends. A process that finds a temporary name without a lock removes it.

use core::mem::MaybeUninit;

use rustix::fd::{AsFd as _, OwnedFd};

use crate::object::unlink_if_same;
use crate::sys::{self, Access, Dir, Disposition};
use crate::{Errno, Name};

const SUFFIX: &[u8; 8] = b".rawshm-";

/// The length of the dot, the suffix and three digits.
const ADDED: usize = 1 + SUFFIX.len() + 3;

/// How many objects of one name can have a temporary name at a time.
const COUNT: u32 = 1000;

/// The temporary name of this number, with the name itself shortened to fit. So two names can
/// have the same temporary names, as two processes can.
pub(super) fn name<'a>(
    buffer: &'a mut MaybeUninit<Name>,
    name: &Name,
    number: u32,
) -> Result<&'a Name, Errno> {
    let whole = name.as_bytes().get(1..).unwrap_or(&[]);
    let longest = Name::MAX.saturating_sub(ADDED);
    let digits = [number / 100 % 10, number / 10 % 10, number % 10]
        .map(|digit| b'0' | u8::try_from(digit).unwrap_or(0));
    let mut bytes = [0; Name::MAX];
    let mut len = 0;
    for part in [b".", whole.get(..longest).unwrap_or(whole), SUFFIX, &digits] {
        let end = part.len().wrapping_add(len);
        if let Some(slots) = bytes.get_mut(len..end) {
            slots.copy_from_slice(part);
        }
        len = end;
    }
    Name::write(buffer, bytes.get(..len).unwrap_or(&[])).map_err(crate::Error::errno)
}

/// Creates an object under a free temporary name, and locks it.
pub(super) fn create(dir: Dir<'_>, name: &Name, mode: u32) -> Result<(OwnedFd, u32), Errno> {
    with_free(dir, name, &|temporary| create_locked(dir, temporary, mode))
}

/// `EEXIST` also if a peer took the new object for one that was left behind, before it was locked.
/// That peer holds the lock and removes the name, which may be another object's by now.
fn create_locked(dir: Dir<'_>, temporary: &Name, mode: u32) -> Result<OwnedFd, Errno> {
    let fd = sys::open(dir, temporary, Access::ReadWrite, Disposition::New(mode))?;
    let is_lost = match sys::lock_file(fd.as_fd()) {
        Err(Errno::AGAIN) => true,
        _ => sys::status(fd.as_fd()).and_then(|status| status.is_unlinked) == Ok(true),
    };
    if is_lost { Err(Errno::EXIST) } else { Ok(fd) }
}

/// Calls `make` with the first temporary name that is free, and removes those before it that were
/// left behind.
pub(super) fn with_free<T>(
    dir: Dir<'_>,
    name: &Name,
    make: &dyn Fn(&Name) -> Result<T, Errno>,
) -> Result<(T, u32), Errno> {
    for number in 0..COUNT {
        let mut buffer = MaybeUninit::uninit();
        let temporary = self::name(&mut buffer, name, number)?;
        let mut result = make(temporary);
        if matches!(result, Err(Errno::EXIST)) {
            remove_if_left(dir, temporary);
            result = make(temporary);
        }
        if !matches!(result, Err(Errno::EXIST)) {
            return result.map(|made| (made, number));
        }
    }
    Err(Errno::AGAIN)
}

/// Removes the temporary names that were left behind, from this number up to the first that is
/// missing.
#[inline(never)]
pub(super) fn remove_left(dir: Dir<'_>, name: &Name, first: u32) {
    let exists = |number| {
        let mut buffer = MaybeUninit::uninit();
        self::name(&mut buffer, name, number).is_ok_and(|temporary| remove_if_left(dir, temporary))
    };
    let mut numbers = first..COUNT;
    while numbers.next().is_some_and(exists) {}
}

/// Removes a temporary name if the process that made it has ended. Returns whether there was such a
/// name.
fn remove_if_left(dir: Dir<'_>, temporary: &Name) -> bool {
    match sys::open(dir, temporary, Access::ReadOnly, Disposition::Existing) {
        Ok(fd) => {
            if sys::lock_file(fd.as_fd()).is_ok() {
                let _ = unlink_if_same(dir, temporary, fd.as_fd());
            }
            true
        }
        Err(errno) => errno != Errno::NOENT,
    }
}
