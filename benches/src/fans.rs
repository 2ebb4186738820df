//! Ways to wake sleeping processes, and to hand them a number.

use std::io::Error;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rawshm::snapshot::{Deadline, Reader, Writer};

use crate::child::Shared;
use crate::sampling::Outcome;
use crate::{Unlinked, unique_name};

pub type Send = Box<dyn FnMut(u64) -> Outcome>;
/// Sleeps until there is a new number.
pub type Receive = Box<dyn FnMut() -> Outcome<u64>>;

/// One process sends, and each of the others receives.
pub struct Fan {
    pub send: Send,
    pub receive: Vec<Receive>,
}

pub fn snapshot(readers: usize) -> Outcome<Fan> {
    let name = Unlinked::new(&unique_name("wakes"))?;
    let mut writer = Writer::create(&name.0, 2, &0_u64)?;
    let receive = |_| -> Outcome<Receive> {
        let mut reader = Reader::<u64>::open(&name.0)?;
        reader.next(Deadline::NEVER)?;
        Ok(Box::new(move || {
            let number = reader.next(Deadline::NEVER)?;
            number.ok_or("a deadline that never comes has passed".into())
        }))
    };
    let receive = (0..readers).map(receive).collect::<Outcome<_>>()?;
    let send = Box::new(move |number| {
        writer.store(&number);
        writer.notify()?;
        Ok(())
    });
    Ok(Fan { send, receive })
}

/// A word in shared memory, and the kernel's call to sleep on it.
pub fn futex(readers: usize) -> Outcome<Fan> {
    let word = Shared::new(AtomicU32::new(0))?;
    let receive = |_| -> Receive {
        let word = word.again();
        let mut last = 0;
        Box::new(move || {
            while word.get().load(Ordering::Acquire) == last {
                word.sleep(last);
            }
            last = word.get().load(Ordering::Acquire);
            Ok(last.into())
        })
    };
    let receive = (0..readers).map(receive).collect();
    let send = Box::new(move |number: u64| {
        word.get().store(number.try_into()?, Ordering::Release);
        word.wake();
        Ok(())
    });
    Ok(Fan { send, receive })
}

/// A semaphore of the C library for each reader, and the number in shared memory.
pub fn semaphores(readers: usize) -> Outcome<Fan> {
    let number = Shared::new(AtomicU64::new(0))?;
    let one = |_| -> Outcome<Shared<libc::sem_t>> {
        // SAFETY: all zeros is a value of this plain structure, which the next call sets up.
        let semaphore = Shared::new(unsafe { std::mem::zeroed::<libc::sem_t>() })?;
        // SAFETY: it is writable, and nothing uses it yet.
        unsafe { libc::sem_init(semaphore.address, 1, 0) };
        Ok(semaphore)
    };
    let all = (0..readers).map(one).collect::<Outcome<Vec<_>>>()?;
    let receive = |semaphore: &Shared<libc::sem_t>| -> Receive {
        let (semaphore, number) = (semaphore.again(), number.again());
        Box::new(move || {
            // SAFETY: it was set up.
            match unsafe { libc::sem_wait(semaphore.address) } {
                0 => Ok(number.get().load(Ordering::Acquire)),
                _ => Err(Error::last_os_error().into()),
            }
        })
    };
    let receive = all.iter().map(receive).collect();
    let send = Box::new(move |next| {
        number.get().store(next, Ordering::Release);
        for semaphore in &all {
            // SAFETY: it was set up.
            unsafe { libc::sem_post(semaphore.address) };
        }
        Ok(())
    });
    Ok(Fan { send, receive })
}

/// The two ends of something that carries eight bytes, for each reader.
fn descriptors(readers: usize, pair: impl Fn() -> Outcome<[i32; 2]>) -> Outcome<Fan> {
    let pairs = (0..readers).map(|_| pair()).collect::<Outcome<Vec<_>>>()?;
    let receive = pairs.iter().map(|&[from, _]| -> Receive {
        Box::new(move || {
            let mut number = 0_u64;
            // SAFETY: the number can be overwritten with any bytes.
            let got = unsafe { libc::read(from, (&raw mut number).cast(), size_of::<u64>()) };
            whole(got).map(|()| number)
        })
    });
    let receive = receive.collect();
    let send = Box::new(move |number: u64| {
        for &[_, to] in &pairs {
            // SAFETY: the number can be read as bytes.
            whole(unsafe { libc::write(to, (&raw const number).cast(), size_of::<u64>()) })?;
        }
        Ok(())
    });
    Ok(Fan { send, receive })
}

fn whole(len: isize) -> Outcome {
    match usize::try_from(len) {
        Ok(len) if len == size_of::<u64>() => Ok(()),
        Ok(_) => Err("eight bytes in pieces".into()),
        Err(_) => Err(Error::last_os_error().into()),
    }
}

fn made(result: i32, ends: [i32; 2]) -> Outcome<[i32; 2]> {
    match result {
        0 => Ok(ends),
        _ => Err(Error::last_os_error().into()),
    }
}

pub fn pipes(readers: usize) -> Outcome<Fan> {
    descriptors(readers, || {
        let mut ends = [0; 2];
        // SAFETY: the array holds two descriptors.
        let result = unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) };
        made(result, ends)
    })
}

pub fn eventfds(readers: usize) -> Outcome<Fan> {
    descriptors(readers, || {
        // SAFETY: it has no preconditions.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) };
        made(fd.min(0), [fd, fd])
    })
}

fn sockets(readers: usize, kind: i32) -> Outcome<Fan> {
    descriptors(readers, || {
        let (mut ends, kind) = ([0; 2], kind | libc::SOCK_CLOEXEC);
        // SAFETY: the array holds two descriptors.
        let result = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) };
        made(result, ends)
    })
}

pub fn streams(readers: usize) -> Outcome<Fan> {
    sockets(readers, libc::SOCK_STREAM)
}

pub fn datagrams(readers: usize) -> Outcome<Fan> {
    sockets(readers, libc::SOCK_DGRAM)
}
