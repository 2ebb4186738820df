//! Creates a shared memory object, anew and exclusively, and stores three 64-bit integers at its start.

#![cfg_attr(target_os = "linux", no_std, no_main)]

mod arguments;
mod report;
mod start;

use core::mem::MaybeUninit;

use arguments::{Item, Parser, signed, unsigned};
use rawshm::{Errno, Error, Mode, Name, Options, Size};
use report::Failure;

const PROGRAM: &str = "writer";
const USAGE: &str = "usage: writer [-n NAME] [-s BYTES] [-m MODE] [COL1 COL2 COL3]\n";

const COLUMNS: usize = 3;
const COLUMNS_SIZE: u64 = 24;

struct Request {
    name: &'static [u8],
    size: u64,
    mode: u32,
    columns: [i64; COLUMNS],
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    start::main()
}

fn run(arguments: start::Arguments) -> u8 {
    let Some(request) = parse(arguments) else {
        return report::misused(USAGE);
    };
    match write(&request) {
        Ok(()) => 0,
        Err(error) => Failure::of(error, request.name).report(PROGRAM),
    }
}

fn parse(arguments: start::Arguments) -> Option<Request> {
    let mut request = Request {
        name: b"/my_shm",
        size: 4_000_000_000,
        mode: 0o644,
        columns: [100, 876, 8021],
    };
    let mut operands = 0;
    let mut parser = Parser::new(arguments);
    while let Some(item) = parser.next() {
        match item {
            Item::Letter(b'n') => request.name = parser.value()?,
            Item::Letter(b's') => request.size = unsigned(parser.value()?, 10)?,
            Item::Letter(b'm') => {
                request.mode = u32::try_from(unsigned(parser.value()?, 8)?).ok()?
            }
            Item::Letter(_) => return None,
            Item::Operand(text) => {
                *request.columns.get_mut(operands)? = signed(text)?;
                operands = operands.wrapping_add(1);
            }
        }
    }
    let complete = matches!(operands, 0 | COLUMNS);
    let valid = request.size >= COLUMNS_SIZE && request.mode <= 0o777;
    (complete && valid).then_some(request)
}

fn write(request: &Request) -> Result<(), Error> {
    let mut room = MaybeUninit::uninit();
    let name = Name::write(&mut room, request.name)?;
    match rawshm::unlink(name) {
        Err(error) if error.errno() != Errno::NOENT => return Err(error),
        _ => {}
    }
    let mapping = Options::new()
        .mode(Mode::LessUmask(request.mode))
        .create_mapping(name, Size::Sparse(request.size))?;
    mapping.store(0, &request.columns)?;
    Ok(())
}
