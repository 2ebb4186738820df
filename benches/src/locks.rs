//! The C library's locks, in memory that processes share.

use std::mem::MaybeUninit;

use crate::cells::{Batches, Cell};
use crate::child::Shared;
use crate::sampling::Outcome;

/// A mutex, and a value.
pub struct Mutex<const N: usize>(Shared<(libc::pthread_mutex_t, [u64; N])>);

impl<const N: usize> Mutex<N> {
    pub fn new(value: &[u64; N]) -> Outcome<Self> {
        let shared = Shared::new((libc::PTHREAD_MUTEX_INITIALIZER, *value))?;
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: it initialises them.
        unsafe { libc::pthread_mutexattr_init(attributes.as_mut_ptr()) };
        let between = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: they were initialised.
        unsafe { libc::pthread_mutexattr_setpshared(attributes.as_mut_ptr(), between) };
        // SAFETY: nothing uses the lock yet.
        unsafe { libc::pthread_mutex_init(&raw mut (*shared.address).0, attributes.as_ptr()) };
        Ok(Self(shared))
    }

    pub fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        Ok(Box::new(Self::new(value)?))
    }

    pub fn locked<T>(&mut self, act: impl FnOnce(&mut [u64; N]) -> T) -> T {
        let shared = self.0.address;
        // SAFETY: it was initialised.
        unsafe { libc::pthread_mutex_lock(&raw mut (*shared).0) };
        // SAFETY: only the process that has the lock accesses it.
        let done = act(unsafe { &mut (*shared).1 });
        // SAFETY: this process has it.
        unsafe { libc::pthread_mutex_unlock(&raw mut (*shared).0) };
        done
    }
}

impl<const N: usize> Cell<N> for Mutex<N> {
    fn store(&mut self, value: &[u64; N]) {
        self.locked(|inner| inner.copy_from_slice(value));
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        self.locked(|inner| into.copy_from_slice(inner));
        true
    }
}

/// A lock for one writer or several readers, and a value.
pub struct ReadWriteLock<const N: usize>(Shared<(libc::pthread_rwlock_t, [u64; N])>);

impl<const N: usize> ReadWriteLock<N> {
    pub fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        let shared = Shared::new((libc::PTHREAD_RWLOCK_INITIALIZER, *value))?;
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: it initialises them.
        unsafe { libc::pthread_rwlockattr_init(attributes.as_mut_ptr()) };
        let between = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: they were initialised.
        unsafe { libc::pthread_rwlockattr_setpshared(attributes.as_mut_ptr(), between) };
        // SAFETY: nothing uses the lock yet.
        unsafe { libc::pthread_rwlock_init(&raw mut (*shared.address).0, attributes.as_ptr()) };
        Ok(Box::new(Self(shared)))
    }
}

impl<const N: usize> Cell<N> for ReadWriteLock<N> {
    fn store(&mut self, value: &[u64; N]) {
        let shared = self.0.address;
        // SAFETY: it was initialised.
        unsafe { libc::pthread_rwlock_wrlock(&raw mut (*shared).0) };
        // SAFETY: only the process that has the lock accesses it.
        unsafe { (*shared).1 = *value };
        // SAFETY: this process has it.
        unsafe { libc::pthread_rwlock_unlock(&raw mut (*shared).0) };
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        let shared = self.0.address;
        // SAFETY: it was initialised.
        unsafe { libc::pthread_rwlock_rdlock(&raw mut (*shared).0) };
        // SAFETY: no process writes while this one has the lock for reading.
        *into = unsafe { (*shared).1 };
        // SAFETY: this process has it.
        unsafe { libc::pthread_rwlock_unlock(&raw mut (*shared).0) };
        true
    }
}
