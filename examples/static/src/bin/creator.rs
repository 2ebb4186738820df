//! Creates a shared memory object that appears under its name only after three 64-bit integers are
//! stored at its start.

#![cfg_attr(target_os = "linux", no_std, no_main)]

use core::ffi::CStr;
use core::mem::MaybeUninit;

use rawshm::{Directory, Errno, Error, Mapping, Name, Operation, Options, ReadWrite, Size};
use rawshm_start::line::{BUFFER, Stream, write_all};
use rawshm_start::{Arguments, Operand, say};
use rawshm_static::arguments::Parser;
use rawshm_static::report::{FAILURE, Failure, USAGE, why};
use rawshm_static::request::Request;

/// A macro, as only literals can be put together at compile time.
macro_rules! usage {
    () => {
        "usage: creator [-n NAME] [-d DIR] [-s BYTES] [-m MODE] [-R] [-r] [-h] [COL1 COL2 COL3] \
        (MODE is less the umask)\n"
    };
}

const MISUSED: &str = concat!("creator: wrong usage at '%'\n", usage!());
/// How much of the wrong argument is shown: what a line has left.
const SHOWN: usize = BUFFER.len() - (MISUSED.len() - "%".len());
const HELP: &str = concat!(
    usage!(),
    "Creates a shared memory object that appears only when it is complete: NAME (/my_shm) with\n\
    BYTES (4000000000, at least 24), MODE (644) and three integers at its start (100 876 8021).\n\
    -d  in this directory instead of /dev/shm\n\
    -R  reserve the memory of all BYTES, or fail if there is not enough\n\
    -r  replace the object that has the name\n\
    -h  print this\n"
);
const FAILED: &str = "creator: cannot % %: % (%%)\n";

/// The longest path, with its NUL.
const PATH_MAX: usize = 4096;

/// What only this program is asked for.
struct Creation {
    directory: Option<&'static [u8]>,
    reserve: bool,
    replace: bool,
    help: bool,
}

rawshm_start::main!(run, silent);

#[expect(
    clippy::inline_always,
    reason = "saves storing and restoring registers whose values nothing uses"
)]
#[inline(always)]
fn run(arguments: Arguments) -> u8 {
    let mut request = Request::default();
    let mut creation = Creation {
        directory: None,
        reserve: false,
        replace: false,
        help: false,
    };
    let mut parser = Parser::new(arguments.clone());
    let letter = |letter, parser: &mut Parser| creation.read(letter, parser);
    if request.parse(&mut parser, letter).is_none() {
        return misused(arguments, &parser);
    }
    let done = if creation.help {
        write_all(Stream::Output, HELP.as_bytes()).map_err(Failure::Output)
    } else {
        creation.create(&request).map_err(Failure::from)
    };
    match done {
        Ok(()) => 0,
        Err(failure) => creation.report(failure, request.name),
    }
}

/// Reports the argument that was read last.
fn misused(mut arguments: Arguments, parser: &Parser) -> u8 {
    let read = arguments.clone().count().wrapping_sub(parser.left());
    let last = arguments.nth(read.wrapping_sub(1)).unwrap_or(b"");
    let shown = last.get(..SHOWN).unwrap_or(last);
    say(MISUSED, &[Operand::Text(shown)]);
    USAGE
}

impl Creation {
    /// Reads a letter. None if there is no such.
    fn read(&mut self, letter: u8, parser: &mut Parser) -> Option<()> {
        match letter {
            b'd' => self.directory = Some(parser.value()?),
            b'R' => self.reserve = true,
            b'r' => self.replace = true,
            b'h' => self.help = true,
            _ => return None,
        }
        Some(())
    }

    /// As [`Failure::report`], which knows only one directory.
    fn report(&self, failure: Failure, name: &[u8]) -> u8 {
        match (failure, self.directory) {
            (Failure::Object(error), Some(directory))
                if error.operation() == Operation::Directory =>
            {
                let [words, errno, number] = why(error);
                let verb = Operand::Text(error.operation().verb().as_bytes());
                let operands = [verb, Operand::Text(directory), words, errno, number];
                say(FAILED, &operands);
                FAILURE
            }
            _ => failure.report(FAILED, name),
        }
    }

    fn create(&self, request: &Request) -> Result<(), Error> {
        let mut buffer = MaybeUninit::uninit();
        let name = Name::write(&mut buffer, request.name)?;
        let directory = self.directory.map_or(Ok(Directory::DEFAULT), open)?;
        let options = Options::new().mode(request.mode).directory(&directory);
        let size = if self.reserve {
            Size::Reserved(request.size)
        } else {
            Size::Sparse(request.size)
        };
        let initialise = |mapping: &Mapping<ReadWrite>| mapping.store(0, &request.columns);
        if self.replace {
            options.replace(name, size, initialise)?;
        } else {
            options.create_complete(name, size, initialise)?;
        }
        Ok(())
    }
}

/// Opens a directory.
fn open(path: &[u8]) -> Result<Directory, Error> {
    let mut buffer = [0; PATH_MAX];
    let too_long = Error::new(Operation::Directory, Errno::NAMETOOLONG);
    let (_, room) = buffer.split_last_mut().ok_or(too_long)?;
    let copy = room.get_mut(..path.len()).ok_or(too_long)?;
    copy.copy_from_slice(path);
    Directory::open(CStr::from_bytes_until_nul(&buffer).unwrap_or_default())
}
