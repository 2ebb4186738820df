//! A ring of samples on atomics: one process records, others read along without the right to write.
//!
//! ```text
//! cargo run --example samples -- record /samples 200000   # in one terminal
//! cargo run --example samples -- read /samples 200000     # in another
//! ```

#![expect(clippy::arithmetic_side_effects, reason = "numbers are less than 2^31")]

use core::error::Error;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::fence;
use core::time::Duration;
use std::thread::sleep;

use rawshm::{Extent, Mapping, Name, Options, Size};

/// The number of samples so far is at offset 0. The last ones follow, of 4 bytes each.
const HEAD: usize = 0;
const RING: u32 = 1024;
/// What makes a sample of a number here.
const MARK: u32 = 0x0809;

fn slot(number: u32) -> Result<usize, Box<dyn Error>> {
    Ok(usize::try_from(4 + number % RING * 4)?)
}

fn record(name: &Name, count: u32) -> Result<(), Box<dyn Error>> {
    let size = Size::Reserved(u64::from(4 + RING * 4));
    let ring = Options::new().create_complete(name, size, |_| Ok::<(), rawshm::Error>(()))?;
    for number in 0..count {
        let sample = number ^ MARK;
        // A process that sees this sample sees the head of the last round, too.
        fence(Release);
        ring.mapping
            .atomic::<u32>(slot(number)?)?
            .store(sample, Relaxed);
        ring.mapping.atomic::<u32>(HEAD)?.store(number + 1, Release);
        sleep(Duration::from_micros(50));
    }
    rawshm::unlink(name)?;
    Ok(())
}

fn read(name: &Name, count: u32) -> Result<(), Box<dyn Error>> {
    let ring = Mapping::open(name, Extent::Whole)?;
    let (mut next, mut read) = (0, 0_u32);
    while next < count {
        if ring.atomic::<u32>(HEAD)?.load(Acquire) <= next {
            sleep(Duration::from_millis(1));
            continue;
        }
        let sample = ring.atomic::<u32>(slot(next)?)?.load(Relaxed);
        fence(Acquire);
        let head = ring.atomic::<u32>(HEAD)?.load(Relaxed);
        if head < next + RING {
            // The recorder had not begun to overwrite this slot.
            if sample != next ^ MARK {
                return Err(format!("sample {next} is {sample}").into());
            }
            (next, read) = (next + 1, read + 1);
        } else {
            next = head - RING + 1;
        }
    }
    println!("{read} read, {} missed", count - read);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["record", name, count] => record(&Name::new(name)?, count.parse()?),
        ["read", name, count] => read(&Name::new(name)?, count.parse()?),
        _ => Err("usage: samples record NAME COUNT | read NAME COUNT".into()),
    }
}
