//! A configuration that one process sets and others read: a struct of plain data, always whole.
//!
//! ```text
//! cargo run --example config --features derive -- set /config 60 0.5
//! cargo run --example config --features derive -- show /config
//! rm /dev/shm/config
//! ```

use core::error::Error;

use rawshm::bytemuck::{Pod, Zeroable};
use rawshm::{AccessError, Extent, Mapping, Name, Options, Size};

/// Plain data: no pointers, no padding, and every bit pattern is a value. The compiler checks it.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[bytemuck(crate = "rawshm::bytemuck")]
#[repr(C)]
struct Config {
    gain: f64,
    rate: u32,
    retries: u32,
}

/// Puts a new object in place of the old one. A process that has the old one mapped keeps it, and
/// one that opens the name finds either of them, whole.
fn set(name: &Name, config: &Config) -> Result<(), Box<dyn Error>> {
    let size = Size::Reserved(u64::try_from(size_of::<Config>())?);
    Options::new().replace::<AccessError>(name, size, |bytes| bytes.store(0, config))?;
    Ok(())
}

fn get(name: &Name) -> Result<Config, Box<dyn Error>> {
    // ENXIO if the object is smaller: then another program has created it.
    let mapping = Mapping::open(name, Extent::first(size_of::<Config>()))?;
    Ok(mapping.load(0)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["set", name, rate, gain] => {
            let (gain, rate) = (gain.parse()?, rate.parse()?);
            let config = Config {
                gain,
                rate,
                retries: 3,
            };
            set(&Name::new(name)?, &config)
        }
        ["show", name] => {
            println!("{:?}", get(&Name::new(name)?)?);
            Ok(())
        }
        _ => Err("usage: config set NAME RATE GAIN | show NAME".into()),
    }
}
