//! Frames of 8 MiB from one process to another, 60 a second, none of them on the stack.
//!
//! ```text
//! cargo run --release --example frames --features snapshot -- receive /frames &
//! cargo run --release --example frames --features snapshot -- send /frames 600
//! ```

use core::error::Error;
use core::time::Duration;
use std::thread::sleep;
use std::time::Instant;

use rawshm::Name;
use rawshm::snapshot::{self, Deadline, Reader, Writer};

type Frame = [u8; 8 << 20];

const PERIOD: Duration = Duration::from_nanos(1_000_000_000 / 60);

fn frame() -> Result<Box<Frame>, Box<dyn Error>> {
    let bytes = vec![0; size_of::<Frame>()].into_boxed_slice();
    bytes.try_into().map_err(|_| "not as many bytes".into())
}

/// With four slots, a receiver has the time of three frames to copy one.
fn send(name: &Name, count: u32) -> Result<(), Box<dyn Error>> {
    let mut frame = frame()?;
    let (mut writer, _) = Writer::open_or_create(name, 4, &*frame)?;
    for number in 1..=count {
        let begun = Instant::now();
        frame.fill(u8::try_from(number % 256)?);
        writer.store(&frame);
        writer.notify()?;
        sleep(PERIOD.saturating_sub(begun.elapsed()));
    }
    writer.finish(name)?;
    Ok(())
}

/// Skips frames if it is too slow for them.
fn receive(name: &Name) -> Result<(), Box<dyn Error>> {
    let mut frame = frame()?;
    let Some(mut reader) = Reader::<Frame>::wait_for(name, Deadline::NEVER)? else {
        return Err("it has waited forever".into());
    };
    let mut last = 0;
    for received in 0.. {
        match reader.next_into(&mut frame, Deadline::NEVER) {
            Err(snapshot::Error::Retired) => {
                println!("{received} frames, the last is {last}");
                break;
            }
            next => next?,
        };
        last = number(&frame).ok_or("a frame is torn")?;
    }
    Ok(())
}

/// What a frame is filled with; `None` if that is not one number.
fn number([first, rest @ ..]: &Frame) -> Option<u8> {
    rest.iter().all(|byte| byte == first).then_some(*first)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["send", name, count] => send(&Name::new(name)?, count.parse()?),
        ["receive", name] => receive(&Name::new(name)?),
        _ => Err("usage: frames send NAME COUNT | receive NAME".into()),
    }
}
