//! Prints the three 64-bit integers at the start of a shared memory object.

#![cfg_attr(target_os = "linux", no_std, no_main)]

use core::mem::MaybeUninit;

use rawshm::{Errno, Extent, Name, Options, Status};
use rawshm_start::Arguments;
use rawshm_start::line::{BUFFER, Line, Stream};
use rawshm_start::{Operand, say};
use rawshm_static::arguments::{Item, Parser};
use rawshm_static::report::{Failure, misused};

const USAGE: &str = "usage: reader [-n NAME] [-v] [-u]\n";
const FAILED: &str = "reader: cannot % %: % (%%)\n";

const COLUMNS_LEN: usize = 24;

struct Request {
    name: &'static [u8],
    verbose: bool,
    unlink: bool,
}

rawshm_start::main!(run, silent);

#[expect(
    clippy::inline_always,
    reason = "saves storing and restoring registers whose values nothing uses"
)]
#[inline(always)]
fn run(arguments: Arguments) -> u8 {
    let mut request = Request {
        name: b"/my_shm",
        verbose: false,
        unlink: false,
    };
    // Without arguments this saves the parser's 20 instructions.
    if !arguments.is_empty() && request.parse(arguments).is_none() {
        return misused(USAGE);
    }
    match read(&request) {
        Ok(()) => 0,
        Err(failure) => failure.report(FAILED, request.name),
    }
}

impl Request {
    /// Reads the arguments. None if they do not agree with the usage line.
    fn parse(&mut self, arguments: Arguments) -> Option<()> {
        let mut parser = Parser::new(arguments);
        while let Some(item) = parser.next() {
            match item {
                Item::Letter(b'n') => self.name = parser.name()?,
                Item::Letter(b'v') => self.verbose = true,
                Item::Letter(b'u') => self.unlink = true,
                _ => return None,
            }
        }
        Some(())
    }
}

fn read(request: &Request) -> Result<(), Failure> {
    let mut buffer = MaybeUninit::uninit();
    let name = Name::write(&mut buffer, request.name)?;
    let (object, status) = Options::new().open_with_status(name)?;
    if request.verbose {
        describe(request.name, status);
    }
    let extent = Extent::first(COLUMNS_LEN);
    let mapping = object.map_within(extent, status)?;
    drop(object);
    print(mapping.load(0)?).map_err(Failure::Output)?;
    drop(mapping);
    if request.unlink {
        rawshm::unlink(name)?;
    }
    Ok(())
}

fn print([one, two, three]: [i64; 3]) -> Result<(), Errno> {
    let mut buffer = BUFFER;
    let mut line = Line::new(&mut buffer);
    line.byte(b'\n');
    line.byte(b'}');
    line.signed(b' ', three);
    line.signed(b' ', two);
    line.signed(b'{', one);
    line.byte(b'&');
    line.write(Stream::Output)
}

/// Reports the object's size on standard error, and how much memory it takes if the system says so.
fn describe(name: &[u8], status: Status) {
    let size = Operand::Number(status.size());
    match status.allocated() {
        Ok(allocated) => say(
            "%: % bytes, % of them in memory\n",
            &[Operand::Text(name), size, Operand::Number(allocated)],
        ),
        Err(_) => say("%: % bytes\n", &[Operand::Text(name), size]),
    }
}
