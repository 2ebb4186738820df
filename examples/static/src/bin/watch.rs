//! Prints each new value of the snapshot that `publish` stores.

#![cfg_attr(target_os = "linux", no_std, no_main)]

use core::mem::MaybeUninit;
use core::time::Duration;

use rawshm::snapshot::{self, Deadline, Reader};
use rawshm::{Error, Name};
use rawshm_start::Arguments;
use rawshm_start::line::{Stream, write_all};
use rawshm_start::{Operand, say};
use rawshm_static::arguments::{Item, Parser};
use rawshm_static::message::{LONGEST, Message};
use rawshm_static::report::{FAILURE, misused};
use rawshm_static::signals;
use rawshm_static::trouble::Trouble;
use rustix::thread::{Timespec, nanosleep};

const USAGE: &str = "usage: watch [-n NAME] [-c COUNT] [-t SECONDS]\n";
const FAILED: &str = "watch: cannot % %: % (%%)\n";

/// How often to ask whether the name is still the snapshot's, if there is no new value.
const CHECK: Duration = Duration::from_secs(2);

/// How often, and after which pauses, to look for the snapshot that replaces a retired one.
const LOOKS: u32 = 100;
const PAUSE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 10_000_000,
};

struct Request {
    name: &'static [u8],
    /// How many values to print, at most.
    count: u64,
    /// How long to wait for each.
    seconds: Option<u64>,
}

rawshm_start::main!(run, silent);

fn run(arguments: Arguments) -> u8 {
    let mut request = Request {
        name: b"/my_snapshot",
        count: u64::MAX,
        seconds: None,
    };
    if request.parse(arguments).is_none() {
        return misused(USAGE);
    }
    signals::catch();
    signals::interruptible(&mut || {}, || match watch(&request) {
        Ok(true) => 0,
        Ok(false) => {
            let seconds = request.seconds.unwrap_or(0);
            let operands = [Operand::Text(request.name), Operand::Number(seconds)];
            say("watch: no new value in % for % seconds\n", &operands);
            FAILURE
        }
        Err(failure) => failure.report(FAILED, request.name),
    })
}

impl Request {
    /// Reads the arguments. None if they do not agree with the usage line.
    fn parse(&mut self, arguments: Arguments) -> Option<()> {
        let mut parser = Parser::new(arguments);
        while let Some(item) = parser.next() {
            match item {
                Item::Letter(b'n') => self.name = parser.name()?,
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
    let mut watched = Watched {
        name,
        reader: None,
        check: Deadline::NEVER,
    };
    let found = Reader::wait_for(name, request.deadline()?);
    if !watched.go_on_with(found)? {
        return Ok(false);
    }
    watched.check = next_check();
    let mut message = [0; LONGEST + 1];
    for _ in 0..request.count {
        match watched.next(&mut message, request.deadline()?)? {
            Next::Value => print(&message)?,
            Next::TimedOut => return Ok(false),
            Next::End => break,
        }
    }
    Ok(true)
}

/// The snapshots that have a name, one after the other.
struct Watched<'a> {
    name: &'a Name,
    /// None before the first one.
    reader: Option<Reader<Message>>,
    /// When to ask whether the name is still the reader's.
    check: Deadline,
}

enum Next {
    Value,
    TimedOut,
    /// The snapshot is retired, and no other one has the name.
    End,
}

impl Watched<'_> {
    fn next(&mut self, message: &mut Message, deadline: Deadline) -> Result<Next, snapshot::Error> {
        while let Some(reader) = &mut self.reader {
            let looks = match reader.next_into(message, deadline.min(self.check)) {
                Ok(true) => return Ok(Next::Value),
                Ok(false) if deadline <= self.check => return Ok(Next::TimedOut),
                Ok(false) => {
                    self.check = next_check();
                    1
                }
                Err(snapshot::Error::Retired) => LOOKS,
                Err(error) => return Err(error),
            };
            if !self.find_another(looks)? && looks == LOOKS {
                break;
            }
        }
        Ok(Next::End)
    }

    /// Goes on with another snapshot if one has the name, and returns whether one has.
    fn find_another(&mut self, mut looks: u32) -> Result<bool, snapshot::Error> {
        while self.is_current()? {
            if self
                .reader
                .as_ref()
                .is_some_and(|reader| !reader.is_retired())
            {
                // The name could not be taken from it, or was not to be.
                return Ok(true);
            }
            looks = looks.saturating_sub(1);
            if looks == 0 {
                return Ok(false);
            }
            // The process that has retired it is about to take the name away from it, unless it was
            // killed.
            let _ = nanosleep(&PAUSE);
        }
        self.go_on_with(Reader::open_if_current(self.name))
    }

    fn is_current(&self) -> Result<bool, Error> {
        self.reader
            .as_ref()
            .map_or(Ok(false), |reader| reader.is_current(self.name))
    }

    /// Goes on with a snapshot if it was found, and returns whether it was.
    #[inline(never)] // 400 bytes less: a reader is moved here only.
    fn go_on_with(
        &mut self,
        found: Result<Option<Reader<Message>>, snapshot::Error>,
    ) -> Result<bool, snapshot::Error> {
        let found = found?;
        let is_one = found.is_some();
        if is_one {
            self.reader = found;
        }
        Ok(is_one)
    }
}

/// Readers are not woken if a process such as `rm` removes the snapshot. Without a clock, it is not
/// asked for the name.
fn next_check() -> Deadline {
    Deadline::after(CHECK).unwrap_or(Deadline::NEVER)
}

fn print(message: &Message) -> Result<(), Trouble> {
    let text = unpack(message);
    let mut line = [b'\n'; LONGEST + 1];
    for (slot, byte) in line.iter_mut().zip(text) {
        *slot = *byte;
    }
    let line = line.get(..=text.len()).unwrap_or(&line);
    write_all(Stream::Output, line)
        .map_err(|errno| Trouble::new("write to", "standard output", errno))
}

/// The text of a message. Whatever length a peer has stored, the text ends within the message.
fn unpack(message: &Message) -> &[u8] {
    let [len, text @ ..] = message;
    text.get(..usize::from(*len)).unwrap_or(text)
}
