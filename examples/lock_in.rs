//! A reader that maps a snapshot, then locks itself in: a filter of system calls leaves it nothing
//! but to load, to sleep and to end. On Linux.
//!
//! ```text
//! cargo run --example lock_in --features snapshot
//! ```

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn core::error::Error>> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("only Linux has these filters");
}

#[cfg(target_os = "linux")]
mod linux {
    use core::error::Error;
    use core::ffi::c_ulong;
    use core::time::Duration;
    use std::env;
    use std::fs::File;
    use std::io;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, ExitStatus};
    use std::thread::sleep;

    use rawshm::Name;
    use rawshm::snapshot::{self, Deadline, Reader, Writer};

    #[allow(
        dead_code,
        unreachable_pub,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::indexing_slicing,
        clippy::wildcard_imports,
        reason = "generated, for programs that include it"
    )]
    mod filters {
        use libc::*;
        include!("../contract/filters.rs");
    }

    const LOADS: u32 = 1_000_000;
    const LOADS_PER_WAIT: u32 = 1_000;

    pub(crate) fn main() -> Result<(), Box<dyn Error>> {
        let arguments: Vec<String> = env::args().skip(1).collect();
        match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [] => write(),
            ["read", name] => read(&Name::new(name)?),
            ["open", name] => open(&Name::new(name)?),
            _ => Err("usage: lock_in".into()),
        }
    }

    /// Stores values while the readers run.
    fn write() -> Result<(), Box<dyn Error>> {
        let name = Name::new(&format!("/lock-in-{}", std::process::id()))?;
        let mut writer = Writer::create(&name, 4, &0_u64)?;
        let reader = store_for("read", &name, &mut writer);
        let opener = store_for("open", &name, &mut writer);
        writer.finish(&name)?;
        let reader = reader?;
        if !reader.success() {
            return Err(format!("the reader has failed: {reader}").into());
        }
        println!(
            "{LOADS} loads, and {} new values waited for",
            LOADS / LOADS_PER_WAIT
        );
        match opener?.signal() {
            Some(libc::SIGSYS) => println!("the kernel has killed the one that opens a file"),
            _ => return Err("a file can be opened".into()),
        }
        Ok(())
    }

    /// Stores values while this program runs as another process.
    fn store_for(what: &str, name: &Name, writer: &mut Writer<u64>) -> io::Result<ExitStatus> {
        let name = name.to_string();
        let mut child = Command::new(env::current_exe()?)
            .args([what, &name])
            .spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            writer.store(&writer.load().wrapping_add(1));
            writer.notify().map_err(io::Error::other)?;
            sleep(Duration::from_micros(100));
        }
    }

    /// Nothing may be printed any more: the status says whether it has worked.
    fn read(name: &Name) -> Result<(), Box<dyn Error>> {
        let mut reader = Reader::open(name)?;
        lock_in()?;
        let status = i32::from(load_and_wait(&mut reader) != Ok(true));
        drop(reader);
        // SAFETY: it ends the process, which has nothing left to do. std would free the stack of
        // its signal handlers first, with calls that the filter does not allow.
        unsafe { libc::_exit(status) }
    }

    /// Whether there was a new value each time.
    fn load_and_wait(reader: &mut Reader<u64>) -> Result<bool, snapshot::Error> {
        for load in 1..=LOADS {
            reader.load()?;
            if load % LOADS_PER_WAIT == 0 {
                let deadline = Deadline::after(Duration::from_secs(60))?;
                if reader.next(deadline)?.is_none() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn open(name: &Name) -> Result<(), Box<dyn Error>> {
        let mut reader = Reader::<u64>::open(name)?;
        lock_in()?;
        reader.next(Deadline::NEVER)?;
        File::open("/dev/null")?;
        Ok(())
    }

    /// Allows this thread, and those that it starts, the calls of a process that has mapped a
    /// snapshot. Without `no_new_privs`, only root may do that.
    fn lock_in() -> io::Result<()> {
        const YES: c_ulong = 1;
        const UNUSED: c_ulong = 0;
        let mut filter = filters::MAPPED.to_vec();
        let program = libc::sock_fprog {
            len: filter.len().try_into().map_err(io::Error::other)?,
            filter: filter.as_mut_ptr(),
        };
        // SAFETY: this sets a flag of the process, and passes no pointer.
        let done = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, YES, UNUSED, UNUSED, UNUSED) };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
        let (set, flags) = (libc::SECCOMP_SET_MODE_FILTER, 0);
        // SAFETY: the program and its filter live until the call has copied them.
        let done = unsafe { libc::syscall(libc::SYS_seccomp, set, flags, &raw const program) };
        if done != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}
