//! What the peer does to snapshots and claims, each command one operation.

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
        "open-reader" => {
            let reader: Reader<Message> = begun(|| Reader::open_with(&options, name))?;
            let (number, value) = reader.load_with_sequence()?;
            Ok(format!("{number} {}", text(&value)))
        }
        "read-object" => {
            let object = Object::open(name)?;
            kept(|| Reader::<Message>::of(&object)).map(|()| done)
        }
        "drop-reader" => {
            let reader = Reader::<Message>::open(name)?;
            begun(|| drop(reader));
            Ok(done)
        }
        "wait-for-reader" => {
            let wait = || Reader::<Message>::wait_for_with(&options, name, deadline(rest)?);
            Ok(begun(wait)?.map_or("none", |_| "there").into())
        }
        "load" => {
            let mut reader = Reader::<Message>::open(name)?;
            kept(|| {
                let mut value = first;
                for _ in 0..100 {
                    reader.load()?;
                    reader.load_with_sequence()?;
                    reader.load_into(&mut value)?;
                    reader.load_part(0, &mut [0; 8])?;
                    reader.try_next()?;
                    reader.try_next_into(&mut value)?;
                    let _ = reader.is_retired();
                }
                Ok::<(), snapshot::Error>(())
            })?;
            Ok(done)
        }
        "next" => {
            let mut reader = Reader::<Message>::open(name)?;
            let next = |reader: &mut Reader<Message>| reader.next(deadline(rest)?);
            next(&mut reader)?;
            let next = begun(|| next(&mut reader))?;
            Ok(next.map_or("none".into(), |next| text(&next)))
        }
        "is-current" => {
            let reader = Reader::<Message>::open(name)?;
            let is_current = begun(|| reader.is_current(name))?;
            Ok(is_current.to_string())
        }
        "follower" => {
            let mut follower = Follower::<Message>::new(name);
            let next = begun(|| follower.next(Deadline::NEVER))?;
            Ok(next.map_or("none".into(), |next| text(&next)))
        }
        "drop-follower" => {
            let mut follower = Follower::<Message>::new(name);
            follower.next(Deadline::NEVER)?;
            begun(|| drop(follower));
            Ok(done)
        }
        "deadline" => {
            kept(|| Deadline::after(Duration::from_secs(1)))?;
            Ok(done)
        }
        _ => writer(command, name),
    }
}

fn writer(command: &str, name: &Name) -> Result<String, snapshot::Error> {
    let first = message("first");
    let options = Options::new();
    let done = String::from("ok");
    match command {
        "create-writer" => {
            kept(|| Writer::create_with(&options, name, SLOTS, &first)).map(|()| done)
        }
        "open-writer" => {
            let writer: Writer<Message> = begun(|| Writer::open_with(&options, name))?;
            let report = format!("{} {}", writer.sequence(), text(&writer.load()));
            Ok(report)
        }
        "open-or-create-writer" => {
            let create = || Writer::open_or_create_with(&options, name, SLOTS, &first);
            let (_writer, outcome) = begun(create)?;
            Ok(String::from(match outcome {
                Outcome::Created => "created",
                Outcome::Opened => "opened",
            }))
        }
        "replace-writer" => {
            kept(|| Writer::replace_with(&options, name, SLOTS, &first)).map(|()| done)
        }
        "drop-writer" => {
            let writer = Writer::<Message>::open(name)?;
            begun(|| drop(writer));
            Ok(done)
        }
        "store" => {
            let mut writer = Writer::<Message>::open(name)?;
            begun(|| {
                let mut value = first;
                for _ in 0..100 {
                    writer.store(&value);
                    let _ = writer.load();
                    writer.load_into(&mut value);
                }
            });
            Ok(done)
        }
        "notify" => {
            let mut writer = Writer::<Message>::open(name)?;
            writer.store(&first);
            let woken = begun(|| writer.notify())?;
            Ok(woken.to_string())
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
            let has_name = begun(|| writer.has_name(name))?;
            Ok(has_name.to_string())
        }
        _ => claim(command, name),
    }
}

fn claim(command: &str, name: &Name) -> Result<String, snapshot::Error> {
    let options = Options::new();
    match command {
        "claim" => {
            let object = Object::open_read_write(name)?;
            kept(|| object.claim())?;
            Ok("ok".into())
        }
        "writer-alive" => {
            let object = Object::open(name)?;
            let is_alive = begun(|| object.writer_alive())?;
            Ok(is_alive.to_string())
        }
        "wait-for-writer-end" => {
            let object = Object::open(name)?;
            kept(|| object.wait_for_writer_end())?;
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
    crate::begun(act)
}

fn kept<T, E>(act: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
    begun(act).map(drop)
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
