//! Child processes, and the memory that they share.

use std::io::Error;
use std::marker::PhantomData;

use crate::sampling::Outcome;

/// A value in memory that a child shares.
pub struct Shared<T> {
    pub address: *mut T,
    owned: PhantomData<T>,
}

impl<T> Shared<T> {
    pub fn new(value: T) -> Outcome<Self> {
        let (rights, flags) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED | libc::MAP_ANONYMOUS,
        );
        let null = std::ptr::null_mut();
        // SAFETY: it makes a new mapping.
        let mapped = unsafe { libc::mmap(null, size_of::<T>(), rights, flags, -1, 0) };
        if mapped == libc::MAP_FAILED {
            return Err(Error::last_os_error().into());
        }
        let address: *mut T = mapped.cast();
        // SAFETY: the mapping begins with a page and is large enough. It stays until the end.
        unsafe { address.write(value) };
        Ok(Self {
            address,
            owned: PhantomData,
        })
    }

    /// The same value, once more.
    pub fn again(&self) -> Self {
        Self {
            address: self.address,
            owned: PhantomData,
        }
    }

    pub fn get(&self) -> &T {
        // SAFETY: it was written, and stays until the end.
        unsafe { &*self.address }
    }
}

/// A process that runs until this is dropped.
pub struct Child(i32);

impl Child {
    /// Runs `run` in a child, which ends with it.
    pub fn start(run: impl FnOnce()) -> Outcome<Self> {
        // SAFETY: this process has one thread. The new process uses only what `run` does, and
        // exits.
        match unsafe { libc::fork() } {
            -1 => Err(Error::last_os_error().into()),
            0 => {
                run();
                // SAFETY: it ends the process.
                unsafe { libc::_exit(0) }
            }
            process => Ok(Self(process)),
        }
    }

    /// Runs `act` in a child on a processor, again and again.
    pub fn repeat_on(processor: usize, mut act: impl FnMut()) -> Outcome<Self> {
        Self::start(|| {
            let _ = crate::stay_on(processor);
            loop {
                act();
            }
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: it is a child of this process.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        // SAFETY: as above. Its status is not needed.
        unsafe { libc::waitpid(self.0, std::ptr::null_mut(), 0) };
    }
}
