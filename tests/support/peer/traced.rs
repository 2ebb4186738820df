//! What of the peer is traced: between `begin` and the answer, each command does only what its name
//! says.

use std::time::Duration;

use rawshm::snapshot::{self, Deadline, Follower, Reader, Writer};
use rawshm::{Error, Name, Object, Options, Outcome};
use rawshm_tests::values::{Message, message, text};

use crate::say;
use crate::snapshot::SLOTS;

pub(crate) fn answer(command: &str, name: &Name, rest: &[&str]) -> Result<String, snapshot::Error> {
    let first = message("first");
    let options = Options::new();
    let done = String::from("ok");
    match command {
        "create-writer" => {
            begun(|| Writer::create_with(&options, name, SLOTS, &first)).map(|_| done)
        }
        "open-writer" => {
            let writer: Writer<Message> = begun(|| Writer::open_with(&options, name))?;
            Ok(format!("{} {}", writer.sequence(), text(&writer.load())))
        }
        "open-or-create-writer" => {
            let (_, outcome) =
                begun(|| Writer::open_or_create_with(&options, name, SLOTS, &first))?;
            Ok(String::from(match outcome {
                Outcome::Created => "created",
                Outcome::Opened => "opened",
            }))
        }
        "replace-writer" => {
            begun(|| Writer::replace_with(&options, name, SLOTS, &first)).map(|_| done)
        }
        "open-reader" => {
            let reader: Reader<Message> = begun(|| Reader::open_with(&options, name))?;
            let (number, value) = reader.load_with_sequence()?;
            Ok(format!("{number} {}", text(&value)))
        }
        "wait-for-reader" => {
            let wait = || Reader::<Message>::wait_for_with(&options, name, deadline(rest)?);
            Ok(begun(wait)?.map_or("none", |_| "there").into())
        }
        "load" => {
            let reader = Reader::<Message>::open(name)?;
            begun(|| (0..1000).try_for_each(|_| reader.load().map(|_| ())))?;
            say("done");
            Ok(done)
        }
        "store" => {
            let mut writer = Writer::<Message>::open(name)?;
            begun(|| (0..1000).for_each(|_| writer.store(&first)));
            say("done");
            Ok(done)
        }
        "notify" => {
            let mut writer = Writer::<Message>::open(name)?;
            writer.store(&first);
            Ok(begun(|| writer.notify())?.to_string())
        }
        "next" => {
            let mut reader = Reader::<Message>::open(name)?;
            let next = |reader: &mut Reader<Message>| reader.next(deadline(rest)?);
            next(&mut reader)?;
            let next = begun(|| next(&mut reader))?;
            Ok(next.map_or("none".into(), |next| text(&next)))
        }
        "retire-message" => {
            let writer = Writer::<Message>::open(name)?;
            begun(|| writer.retire());
            Ok(done)
        }
        "finish" => {
            let writer = Writer::<Message>::open(name)?;
            Ok(begun(|| writer.finish(name))?.to_string())
        }
        "has-name" => {
            let writer = Writer::<Message>::open(name)?;
            Ok(begun(|| writer.has_name(name))?.to_string())
        }
        "is-current" => {
            let reader = Reader::<Message>::open(name)?;
            Ok(begun(|| reader.is_current(name))?.to_string())
        }
        "follower" => {
            let mut follower = Follower::<Message>::new(name);
            let next = begun(|| follower.next(Deadline::NEVER))?;
            Ok(next.map_or("none".into(), |next| text(&next)))
        }
        "claim" => {
            let object = Object::open_read_write(name)?;
            begun(|| object.claim())?;
            Ok(done)
        }
        "writer-alive" => {
            let object = Object::open(name)?;
            Ok(begun(|| object.writer_alive())?.to_string())
        }
        "wait-for-writer-end" => {
            let object = Object::open(name)?;
            begun(|| object.wait_for_writer_end())?;
            Ok("ended".into())
        }
        "reap" => Ok(begun(|| snapshot::reap_with(&options, name))?.to_string()),
        "unlink-object" => {
            let object = Object::open(name)?;
            Ok(begun(|| object.unlink(name))?.to_string())
        }
        _ => panic!("there is no command {command}"),
    }
}

/// Prints `begin`, and begins.
fn begun<T>(act: impl FnOnce() -> T) -> T {
    say("begin");
    act()
}

fn deadline(rest: &[&str]) -> Result<Deadline, Error> {
    match rest {
        [] => Ok(Deadline::NEVER),
        [milliseconds, ..] => {
            let milliseconds = milliseconds.parse().expect("a number");
            Deadline::after(Duration::from_millis(milliseconds))
        }
    }
}
