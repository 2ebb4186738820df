//! Child processes, and the memory that they share.

use std::io::Error;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU32, Ordering};

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

impl Shared<AtomicU32> {
    /// Sleeps until the word is woken, unless it is another one already.
    pub fn sleep(&self, seen: u32) {
        // SAFETY: the word is mapped, and there is no deadline.
        unsafe {
            let (wait, never) = (libc::FUTEX_WAIT, std::ptr::null::<libc::timespec>());
            libc::syscall(libc::SYS_futex, self.address, wait, seen, never)
        };
    }

    /// Wakes all that sleep.
    pub fn wake(&self) {
        // SAFETY: the word is mapped.
        unsafe { libc::syscall(libc::SYS_futex, self.address, libc::FUTEX_WAKE, i32::MAX) };
    }
}

/// A switch that children sleep on while it is off.
pub struct Switch(Shared<AtomicU32>);

impl Switch {
    pub fn new() -> Outcome<Self> {
        Ok(Self(Shared::new(AtomicU32::new(0))?))
    }

    pub fn turn(&self, on: bool) {
        self.0.get().store(on.into(), Ordering::Release);
        self.0.wake();
    }

    /// Returns as soon as it is on.
    pub fn wait(&self) {
        while self.0.get().load(Ordering::Acquire) == 0 {
            self.0.sleep(0);
        }
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
                end_with_the_parent();
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
            let _ = stay_on(processor);
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

/// Kills this process when the one that has started it ends, for whatever reason.
pub fn end_with_the_parent() {
    // SAFETY: it has no preconditions.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// Keeps this process and its children on the processor whose caches they fill. This removes most
/// of the noise.
pub fn stay_on_one_processor() -> Outcome {
    stay_on(processor()?)
}

/// The processor that this process runs on.
pub fn processor() -> Outcome<usize> {
    // SAFETY: it has no preconditions.
    Ok(unsafe { libc::sched_getcpu() }.try_into()?)
}

pub fn processors() -> Outcome<usize> {
    // SAFETY: it has no preconditions.
    Ok(unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.try_into()?)
}

/// A processor that this machine has, and this process does not run on.
pub fn another_processor() -> Option<usize> {
    let here = processor().ok()?;
    (0..processors().ok()?).find(|processor| *processor != here)
}

/// Keeps this process on a processor.
pub fn stay_on(processor: usize) -> Outcome {
    // SAFETY: all zeros is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number of a processor is in the range of the set.
    unsafe { libc::CPU_SET(processor, &mut set) };
    // SAFETY: the set is readable for its size.
    match unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) } {
        0 => Ok(()),
        _ => Err(Error::last_os_error().into()),
    }
}
