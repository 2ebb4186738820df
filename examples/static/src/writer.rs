//! Creates a shared memory object, anew and exclusively, and stores three 64-bit integers at its start.

#![cfg_attr(target_os = "linux", no_std, no_main)]

mod arguments;
#[expect(dead_code, reason = "the reader uses the rest of it")]
mod line;
#[expect(dead_code, reason = "the reader uses the rest of it")]
mod report;
#[expect(dead_code, reason = "the reader uses the rest of it")]
mod start;

use core::mem::MaybeUninit;

use arguments::{Item, Parser, signed};
use rawshm::{Errno, Error, Mode, Name, Options, Size};
use report::Failure;

const USAGE: &str = "usage: writer [-n NAME] [-s BYTES] [-m MODE] [COL1 COL2 COL3]\n";
const FAILED: &str = "writer: cannot % %: % (%%)\n";

const COLUMNS: usize = 3;
const COLUMNS_SIZE: u64 = 24;

struct Request {
    name: &'static [u8],
    size: u64,
    mode: u64,
    columns: [i64; COLUMNS],
}

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
    let mut request = Request {
        name: b"/my_shm",
        size: 4_000_000_000,
        mode: 0o644,
        columns: [100, 876, 8021],
    };
    if request.parse(arguments).is_none() {
        return report::misused(USAGE);
    }
    match write(&request) {
        Ok(()) => 0,
        Err(error) => Failure::from(error).report(FAILED, request.name),
    }
}

impl Request {
    /// Gives nothing if the arguments are not as the usage line has them.
    fn parse(&mut self, arguments: start::Arguments) -> Option<()> {
        let mut operands = 0;
        let mut parser = Parser::new(arguments);
        while let Some(item) = parser.next() {
            match item {
                Item::Letter(b'n') => self.name = parser.value()?,
                Item::Letter(b's') => self.size = parser.unsigned(10)?,
                Item::Letter(b'm') => self.mode = parser.unsigned(8)?,
                Item::Letter(_) => return None,
                Item::Operand(text) => {
                    *self.columns.get_mut(operands)? = signed(text)?;
                    operands = operands.wrapping_add(1);
                }
            }
        }
        let complete = matches!(operands, 0 | COLUMNS);
        let valid = self.size >= COLUMNS_SIZE && self.mode <= 0o777;
        (complete && valid).then_some(())
    }
}

fn write(request: &Request) -> Result<(), Error> {
    let mut room = MaybeUninit::uninit();
    let name = Name::write(&mut room, request.name)?;
    match rawshm::unlink(name) {
        Err(error) if error.errno() != Errno::NOENT => return Err(error),
        _ => {}
    }
    let mapping = Options::new()
        .mode(Mode::LessUmask(u32::try_from(request.mode).unwrap_or(0)))
        .create_mapping(name, Size::Sparse(request.size))?;
    mapping.store(0, &request.columns)?;
    Ok(())
}
