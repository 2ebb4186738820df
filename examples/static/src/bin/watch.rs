//! Prints each new value of the snapshot that `publish` stores.

#![cfg_attr(target_os = "linux", no_std, no_main)]

use core::mem::MaybeUninit;
use core::time::Duration;

use rawshm::snapshot::{self, Deadline, Reader};
use rawshm::{Errno, Error, Name, Operation};
use rawshm_static::arguments::{Item, Parser};
use rawshm_static::line::{Stream, write_all};
use rawshm_static::message::{LONGEST, Message};
use rawshm_static::report::{FAILURE, Failure, Operand, misused, say};
use rawshm_static::start::Arguments;
use rawshm_static::trouble::Trouble;

const USAGE: &str = "usage: watch [-n NAME] [-c COUNT] [-t SECONDS]\n";
const FAILED: &str = "watch: cannot % %: % (%%)\n";

struct Request {
    name: &'static [u8],
    /// How many values to print, at most.
    count: u64,
    /// How long to wait for each.
    seconds: Option<u64>,
}

rawshm_static::program!(run);

fn run(arguments: Arguments) -> u8 {
    let mut request = Request {
        name: b"/my_snapshot",
        count: u64::MAX,
        seconds: None,
    };
    if request.parse(arguments).is_none() {
        return misused(USAGE);
    }
    match watch(&request) {
        Ok(true) => 0,
        Ok(false) => {
            let seconds = request.seconds.unwrap_or(0);
            let operands = [Operand::Text(request.name), Operand::Number(seconds)];
            say("watch: no new value in % for % seconds\n", &operands);
            FAILURE
        }
        Err(failure) => failure.report(FAILED, request.name),
    }
}

impl Request {
    /// Reads the arguments. None if they do not agree with the usage line.
    fn parse(&mut self, arguments: Arguments) -> Option<()> {
        let mut parser = Parser::new(arguments);
        while let Some(item) = parser.next() {
            match item {
                Item::Letter(b'n') => self.name = parser.value()?,
                Item::Letter(b'c') => self.count = parser.unsigned()?,
                Item::Letter(b't') => self.seconds = Some(parser.unsigned()?),
                _ => return None,
            }
        }
        Some(())
    }

    fn deadline(&self) -> Result<Deadline, Error> {
        match self.seconds {
            None => Ok(Deadline::NEVER),
            Some(seconds) => Deadline::after(Duration::from_secs(seconds)),
        }
    }
}

/// Prints `count` values, or all until the snapshot ends. False if a wait timed out.
fn watch(request: &Request) -> Result<bool, Trouble> {
    let mut buffer = MaybeUninit::uninit();
    let name = Name::write(&mut buffer, request.name)?;
    let mut left = request.count;
    let Some(mut reader) = Reader::<Message>::wait_for(name, request.deadline()?)? else {
        return Ok(false);
    };
    while left > 0 {
        match reader.next(request.deadline()?) {
            Ok(Some(message)) => {
                print(&message).map_err(|errno| Trouble::Failure(Failure::Output(errno)))?;
            }
            Ok(None) => return Ok(false),
            // A new snapshot may have the name. Otherwise that was the last value.
            Err(snapshot::Error::Retired) => match Reader::open(name) {
                Ok(next) if next.is_retired() => break,
                Ok(next) => {
                    reader = next;
                    continue;
                }
                Err(snapshot::Error::System(error))
                    if error == Error::new(Operation::Open, Errno::NOENT) =>
                {
                    break;
                }
                Err(error) => return Err(error.into()),
            },
            Err(error) => return Err(error.into()),
        }
        left = left.wrapping_sub(1);
    }
    Ok(true)
}

fn print(message: &Message) -> Result<(), Errno> {
    let text = unpack(message);
    let mut line = [b'\n'; LONGEST + 1];
    for (slot, byte) in line.iter_mut().zip(text) {
        *slot = *byte;
    }
    let line = line.get(..=text.len()).unwrap_or(&line);
    write_all(Stream::Output, line)
}

/// The text of a message. Whatever length a peer has stored, the text ends within the message.
fn unpack(message: &Message) -> &[u8] {
    let [len, text @ ..] = message;
    text.get(..usize::from(*len)).unwrap_or(text)
}
