//! Publishes the lines of standard input, or numbers at a fixed rate, as the values of a snapshot.

#![cfg_attr(target_os = "linux", no_std, no_main)]

mod source;

use core::mem::MaybeUninit;
use core::sync::atomic::AtomicBool;
use core::sync::atomic::Ordering::Relaxed;

use rawshm::snapshot::{self, Writer};
use rawshm::{Errno, Error, Mode, Name, Operation, Options, Outcome};
use rawshm_start::Arguments;
use rawshm_static::arguments::{Item, Parser};
use rawshm_static::message::Message;
use rawshm_static::report::{are_closed, is_ready, misused};
use rawshm_static::signals;
use rawshm_static::trouble::Trouble;
use source::{NANOSECONDS, Source};

const USAGE: &str = "usage: publish [-n NAME] [-m MODE] [-s SLOTS] [-r RATE] [-c COUNT] [-u] \
    (MODE is less the umask)\n";
const FAILED: &str = "publish: cannot % %: % (%%)\n";

/// There is no such name.
const MISSING: Error = Error::new(Operation::Open, Errno::NOENT);

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

rawshm_start::main!(run, silent);

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
    signals::catch();
    match publish(&request) {
        Ok(()) => signals::status(),
        Err(failure) => {
            // The process that reads standard error may have stopped reading.
            let begun = AtomicBool::new(false);
            let last = &mut || {
                if !begun.load(Relaxed) {
                    report_at_once(failure, request.name);
                }
            };
            signals::interruptible(last, || {
                begun.store(true, Relaxed);
                failure.report(FAILED, request.name)
            })
        }
    }
}

impl Request {
    /// Reads the arguments. None if they do not agree with the usage line.
    fn parse(&mut self, arguments: Arguments) -> Option<()> {
        let mut parser = Parser::new(arguments);
        while let Some(item) = parser.next() {
            match item {
                Item::Letter(b'n') => self.name = parser.name()?,
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

/// Publishes values until there are no more.
fn publish(request: &Request) -> Result<(), Trouble> {
    // The object must not be read as lines, nor have messages written to it.
    let [input, error] = are_closed();
    if input && request.rate == 0 || error {
        return Err(Trouble::new("read", "standard input", Errno::BADF));
    }
    let mut buffer = MaybeUninit::uninit();
    let name = Name::write(&mut buffer, request.name)?;
    let options = Options::new().mode(request.mode);
    let mut snapshot = Snapshot {
        request,
        options,
        name,
        writer: None,
    };
    // If another writer is alive, this fails before any input is read.
    snapshot.open()?;
    let published = snapshot.publish();
    let ended = snapshot.end();
    published.and(ended)
}

/// The snapshot of a name.
struct Snapshot<'a> {
    request: &'a Request,
    options: Options<'a>,
    name: &'a Name,
    /// None before the first value.
    writer: Option<Writer<Message>>,
}

impl Snapshot<'_> {
    /// Takes over what the last writer left, if it did.
    fn open(&mut self) -> Result<(), Trouble> {
        match Writer::open_with(&self.options, self.name) {
            // The first value replaces it. Without one, its end is completed, which a kill may have
            // interrupted.
            Err(snapshot::Error::Retired) if self.request.unlink => {
                match snapshot::reap_with(&self.options, self.name) {
                    Err(MISSING) => {}
                    reaped => drop(reaped?),
                }
            }
            Err(snapshot::Error::Retired | snapshot::Error::System(MISSING)) => {}
            opened => self.writer = Some(opened?),
        }
        Ok(())
    }

    fn publish(&mut self) -> Result<(), Trouble> {
        let mut source = Source::new(self.request.rate);
        for _ in 0..self.request.count {
            // A signal ends the program while it waits, never in the middle of a step.
            let last = &mut || self.end_by_signal();
            let Some(message) = signals::interruptible(last, || source.next())? else {
                break;
            };
            self.store(&message)?;
        }
        Ok(())
    }

    fn store(&mut self, message: &Message) -> Result<(), Trouble> {
        if self.writer.is_none() {
            // The snapshot appears together with its first value.
            let slots = u32::try_from(self.request.slots).unwrap_or(0);
            let (writer, outcome) =
                Writer::open_or_create_with(&self.options, self.name, slots, message)?;
            self.writer = Some(writer);
            if outcome == Outcome::Created {
                return Ok(());
            }
        }
        if let Some(writer) = &mut self.writer {
            writer.store(message);
            writer.notify()?;
        }
        Ok(())
    }

    /// Retires and removes the snapshot, if that was asked for.
    fn end(&mut self) -> Result<(), Trouble> {
        match self.writer.take() {
            Some(writer) if self.request.unlink => {
                writer.finish_with(&self.options, self.name)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn end_by_signal(&mut self) {
        if let Err(trouble) = self.end() {
            report_at_once(trouble, self.request.name);
        }
    }
}

/// Reports what went wrong unless that would have to wait, which no signal could end any more.
fn report_at_once(trouble: Trouble, name: &[u8]) {
    if is_ready() {
        let _ = trouble.report(FAILED, name);
    }
}
