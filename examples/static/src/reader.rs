//! Prints the three 64-bit integers at the start of a shared memory object.

#![cfg_attr(target_os = "linux", no_std, no_main)]

mod arguments;
mod report;
mod start;

use core::mem::MaybeUninit;

use arguments::{Item, Parser};
use rawshm::{Error, Extent, Name, Options, Status};
use report::{Failure, Line, Stream};

const PROGRAM: &str = "reader";
const USAGE: &str = "usage: reader [-n NAME] [-v] [-u]\n";

const COLUMNS_LEN: usize = 24;

struct Request {
    name: &'static [u8],
    verbose: bool,
    unlink: bool,
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    start::main()
}

fn run(arguments: start::Arguments) -> u8 {
    let Some(request) = parse(arguments) else {
        return report::misused(USAGE);
    };
    match read(&request) {
        Ok(()) => 0,
        Err(failure) => failure.report(PROGRAM),
    }
}

fn parse(arguments: start::Arguments) -> Option<Request> {
    let mut request = Request {
        name: b"/my_shm",
        verbose: false,
        unlink: false,
    };
    let mut parser = Parser::new(arguments);
    while let Some(item) = parser.next() {
        match item {
            Item::Letter(b'n') => request.name = parser.value()?,
            Item::Letter(b'v') => request.verbose = true,
            Item::Letter(b'u') => request.unlink = true,
            _ => return None,
        }
    }
    Some(request)
}

fn read(request: &Request) -> Result<(), Failure> {
    let failed = |error| Failure::of(error, request.name);
    let mut room = MaybeUninit::uninit();
    let name = Name::write(&mut room, request.name).map_err(failed)?;
    let (object, status) = Options::new().open_with_status(name).map_err(failed)?;
    if request.verbose {
        describe(request.name, status).map_err(failed)?;
    }
    let extent = Extent::first(COLUMNS_LEN);
    let mapping = object.map_within(extent, status).map_err(failed)?;
    drop(object);
    print(mapping.load(0).map_err(|error| failed(error.into()))?)?;
    drop(mapping);
    if request.unlink {
        rawshm::unlink(name).map_err(failed)?;
    }
    Ok(())
}

fn print([one, two, three]: [i64; 3]) -> Result<(), Failure> {
    let mut line = Line::new();
    line.text("}\n")
        .signed(three)
        .text(" ")
        .signed(two)
        .text(" ")
        .signed(one)
        .text("&{");
    line.write(Stream::Output).map_err(Failure::of_output)
}

/// Says on standard error how large the object is, and how much memory it takes.
fn describe(name: &[u8], status: Status) -> Result<(), Error> {
    let allocated = status.allocated()?;
    let mut line = Line::new();
    line.text(" of them in memory\n")
        .unsigned(allocated)
        .text(" bytes, ")
        .unsigned(status.size())
        .text(": ")
        .printable(name);
    // Nothing depends on whether anybody reads it.
    let _ = line.write(Stream::Error);
    Ok(())
}
