//! Creates a shared memory object that appears under its name only after three 64-bit integers are
//! stored at its start.

#![cfg_attr(target_os = "linux", no_std, no_main)]

use core::mem::MaybeUninit;

use rawshm::{Error, Mapping, Name, ReadWrite};
use rawshm_start::Arguments;
use rawshm_static::report::{Failure, misused};
use rawshm_static::request::Request;

const USAGE: &str = "usage: creator [-n NAME] [-s BYTES] [-m MODE] [-r] [COL1 COL2 COL3] \
    (MODE is less the umask)\n";
const FAILED: &str = "creator: cannot % %: % (%%)\n";

rawshm_start::main!(run, silent);

#[expect(
    clippy::inline_always,
    reason = "saves storing and restoring registers whose values nothing uses"
)]
#[inline(always)]
fn run(arguments: Arguments) -> u8 {
    let mut request = Request::default();
    let mut replace = false;
    let flag = |letter| (letter == b'r').then(|| replace = true);
    if request.parse(arguments, flag).is_none() {
        return misused(USAGE);
    }
    match create(&request, replace) {
        Ok(()) => 0,
        Err(error) => Failure::from(error).report(FAILED, request.name),
    }
}

fn create(request: &Request, replace: bool) -> Result<(), Error> {
    let mut buffer = MaybeUninit::uninit();
    let name = Name::write(&mut buffer, request.name)?;
    let (options, size) = (request.options(), request.size());
    let initialise = |mapping: &Mapping<ReadWrite>| mapping.store(0, &request.columns);
    if replace {
        options.replace(name, size, initialise)?;
    } else {
        options.create_complete(name, size, initialise)?;
    }
    Ok(())
}
