//! Prints the three 64-bit integers at the start of a shared memory object.

#![cfg_attr(target_os = "linux", no_std, no_main)]

mod arguments;
mod report;
mod start;

use arguments::{Item, Parser};
use rawshm::{Error, Extent, Mapping, Name, Object, ReadOnly};
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
    let name = Name::from_bytes(request.name).map_err(failed)?;
    let extent = Extent::first(COLUMNS_LEN);
    let mapping = if request.verbose {
        let object = Object::open(&name).map_err(failed)?;
        describe(request.name, &object).map_err(failed)?;
        object.map(extent)
    } else {
        Mapping::open(&name, extent)
    };
    let mapping = mapping.map_err(failed)?;
    print(mapping.load(0).map_err(|error| failed(error.into()))?)?;
    drop(mapping);
    if request.unlink {
        rawshm::unlink(&name).map_err(failed)?;
    }
    Ok(())
}

fn print([one, two, three]: [i64; 3]) -> Result<(), Failure> {
    let mut line = Line::<72>::new();
    line.text(b"&{")
        .signed(one)
        .text(b" ")
        .signed(two)
        .text(b" ")
        .signed(three)
        .text(b"}\n");
    line.write(Stream::Output).map_err(Failure::of_output)
}

/// Says on standard error how large the object is, and how much memory it takes.
fn describe(name: &[u8], object: &Object<ReadOnly>) -> Result<(), Error> {
    let (size, allocated) = (object.size()?, object.allocated()?);
    let mut line = Line::<384>::new();
    line.printable(name)
        .text(b": ")
        .unsigned(size)
        .text(b" bytes, ")
        .unsigned(allocated)
        .text(b" of them in memory\n");
    // Nothing depends on whether anybody reads it.
    let _ = line.write(Stream::Error);
    Ok(())
}
