//! Two processes, one of which learns that the other has ended, however that was.
//!
//! ```text
//! cargo run --example liveness --features snapshot -- work /job    # in one terminal
//! cargo run --example liveness --features snapshot -- watch /job   # in another
//! ```
//!
//! Then end the first one, with Ctrl-C or kill -9.

use core::error::Error;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use std::thread::sleep;

use rawshm::{Extent, Mapping, Name, Object, Options, Outcome, Size};

/// Claims the object, also one that a worker has left, and counts up in it.
fn work(name: &Name) -> Result<(), Box<dyn Error>> {
    // Complete: a worker that is killed here leaves nothing that is not.
    let size = Size::Reserved(4096);
    let begin = |_: &Mapping<_>| Ok::<_, rawshm::Error>(());
    let (job, outcome) = Options::new().open_or_create_complete(name, size, begin)?;
    // EBUSY if another worker is alive. The claim lasts as long as `job`, or this process.
    job.object.claim()?;
    let steps = job.mapping.atomic::<u32>(0)?;
    match outcome {
        Outcome::Created => println!("begins"),
        Outcome::Opened => println!("goes on after step {}", steps.load(Relaxed)),
    }
    loop {
        steps.fetch_add(1, Relaxed);
        sleep(Duration::from_millis(100));
    }
}

fn watch(name: &Name) -> Result<(), Box<dyn Error>> {
    let object = Object::open(name)?;
    println!(
        "the worker is {}",
        if object.writer_alive()? {
            "alive"
        } else {
            "gone"
        }
    );
    // Sleeps in the kernel, which also ends the sleep: there is no pid and no heartbeat.
    object.wait_for_writer_end()?;
    let steps: u32 = object.map(Extent::first(4))?.load(0)?;
    println!("the worker has ended after step {steps}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["work", name] => work(&Name::new(name)?),
        ["watch", name] => watch(&Name::new(name)?),
        _ => Err("usage: liveness work NAME | watch NAME".into()),
    }
}
