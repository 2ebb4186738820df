//! Publishes the lines of standard input, or numbers at a fixed rate, as the values of a snapshot.

#![cfg_attr(target_os = "linux", no_std, no_main)]

mod source;

use core::mem::MaybeUninit;

use rawshm::snapshot::{self, Writer};
use rawshm::{Errno, Error, Mode, Name, Operation, Options, errno};
use rawshm_static::arguments::{Item, Parser};
use rawshm_static::report::misused;
use rawshm_static::start::Arguments;
use rawshm_static::trouble::Trouble;
use source::{NANOSECONDS, Source};

const USAGE: &str = "usage: publish [-n NAME] [-m MODE] [-s SLOTS] [-r RATE] [-c COUNT] [-u]\n";
const FAILED: &str = "publish: cannot % %: % (%%)\n";

const SLOTS_MAX: u64 = 65_536;

struct Request {
    name: &'static [u8],
    mode: Mode,
    slots: u64,
    /// Numbers per second instead of lines, if it is not 0.
    rate: u64,
    /// How many values to publish, at most.
    count: u64,
    unlink: bool,
}

rawshm_static::program!(run);

fn run(arguments: Arguments) -> u8 {
    let mut request = Request {
        name: b"/my_snapshot",
        mode: Mode::LessUmask(0o644),
        slots: 4,
        rate: 0,
        count: u64::MAX,
        unlink: false,
    };
    if request.parse(arguments).is_none() {
        return misused(USAGE);
    }
    match publish(&request) {
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
                Item::Letter(b'n') => self.name = parser.value()?,
                Item::Letter(b'm') => self.mode = parser.mode()?,
                Item::Letter(b's') => self.slots = parser.unsigned()?,
                Item::Letter(b'r') => self.rate = parser.unsigned().filter(|rate| *rate > 0)?,
                Item::Letter(b'c') => self.count = parser.unsigned()?,
                Item::Letter(b'u') => self.unlink = true,
                _ => return None,
            }
        }
        let slots = self.slots.is_power_of_two() && (2..=SLOTS_MAX).contains(&self.slots);
        (slots && self.rate <= NANOSECONDS).then_some(())
    }
}

fn publish(request: &Request) -> Result<(), Trouble> {
    let mut buffer = MaybeUninit::uninit();
    let name = Name::write(&mut buffer, request.name)?;
    let options = Options::new().mode(request.mode);
    let slots = u32::try_from(request.slots).unwrap_or(0);
    // If another writer is alive, this fails before any input is read.
    let mut writer = match Writer::open_with(&options, name) {
        Err(snapshot::Error::System(error))
            if error == Error::new(Operation::Open, Errno::NOENT) =>
        {
            None
        }
        opened => Some(opened?),
    };
    let mut source = Source::new(request.rate);
    for _ in 0..request.count {
        let Some(message) = source.next().map_err(unreadable)? else {
            break;
        };
        match &mut writer {
            // The snapshot appears together with its first value.
            None => writer = Some(Writer::create_with(&options, name, slots, &message)?),
            Some(writer) => {
                writer.store(&message);
                writer.notify()?;
            }
        }
    }
    match writer {
        Some(writer) if request.unlink => {
            writer.unlink(name)?;
            writer.retire()?;
        }
        _ => {}
    }
    Ok(())
}

fn unreadable(errno: Errno) -> Trouble {
    Trouble::Other {
        verb: "read",
        what: Some("standard input"),
        // An error of shared bytes has words of its own for some errnos.
        words: errno::words(errno).unwrap_or("unknown error"),
        error: Error::new(Operation::Access, errno),
    }
}
