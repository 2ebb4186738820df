//! Creates a shared memory object, anew and exclusively, and stores three 64-bit integers at its start.

#![cfg_attr(target_os = "linux", no_std, no_main)]

mod arguments;
#[expect(dead_code, reason = "the reader uses the rest of it")]
mod line;
#[expect(dead_code, reason = "the reader uses the rest of it")]
mod report;
mod request;
#[expect(dead_code, reason = "the reader uses the rest of it")]
mod start;

use core::mem::MaybeUninit;

use rawshm::{Errno, Error, Name};
use report::Failure;
use request::Request;

const USAGE: &str = "usage: writer [-n NAME] [-s BYTES] [-m MODE] [COL1 COL2 COL3]\n";
const FAILED: &str = "writer: cannot % %: % (%%)\n";

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    start::main()
}

#[expect(
    clippy::inline_always,
    reason = "spares saving and restoring registers that nobody uses"
)]
#[inline(always)]
fn run(arguments: start::Arguments) -> u8 {
    let mut request = Request::new();
    if request.parse(arguments, |_| None).is_none() {
        return report::misused(USAGE);
    }
    match write(&request) {
        Ok(()) => 0,
        Err(error) => Failure::from(error).report(FAILED, request.name),
    }
}

fn write(request: &Request) -> Result<(), Error> {
    let mut room = MaybeUninit::uninit();
    let name = Name::write(&mut room, request.name)?;
    match rawshm::unlink(name) {
        Err(error) if error.errno() != Errno::NOENT => return Err(error),
        _ => {}
    }
    let mapping = request.options().create_mapping(name, request.size())?;
    mapping.store(0, &request.columns)?;
    Ok(())
}
