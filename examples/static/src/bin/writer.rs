//! Creates a new shared memory object, exclusively, and stores three 64-bit integers at its start.

#![cfg_attr(target_os = "linux", no_std, no_main)]

use core::mem::MaybeUninit;

use rawshm::{Errno, Error, Name, Options, Size};
use rawshm_start::Arguments;
use rawshm_static::arguments::Parser;
use rawshm_static::report::{Failure, misused};
use rawshm_static::request::Request;

const USAGE: &str = "usage: writer [-n NAME] [-s BYTES] [-m MODE] [COL1 COL2 COL3] \
    (MODE is less the umask)\n";
const FAILED: &str = "writer: cannot % %: % (%%)\n";

rawshm_start::main!(run, silent);

#[expect(
    clippy::inline_always,
    reason = "saves storing and restoring registers whose values nothing uses"
)]
#[inline(always)]
fn run(arguments: Arguments) -> u8 {
    let mut request = Request::default();
    if request
        .parse(&mut Parser::new(arguments), |_, _| None)
        .is_none()
    {
        return misused(USAGE);
    }
    match write(&request) {
        Ok(()) => 0,
        Err(error) => Failure::from(error).report(FAILED, request.name),
    }
}

fn write(request: &Request) -> Result<(), Error> {
    let mut buffer = MaybeUninit::uninit();
    let name = Name::write(&mut buffer, request.name)?;
    match rawshm::unlink(name) {
        Err(error) if error.errno() != Errno::NOENT => return Err(error),
        _ => {}
    }
    let options = Options::new().mode(request.mode);
    let mapping = options.create_mapping(name, Size::Sparse(request.size))?;
    mapping.store(0, &request.columns)?;
    Ok(())
}
