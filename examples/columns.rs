//! Three integers in shared memory, in an ordinary program on std.
//!
//! ```text
//! cargo run --example columns -- write /columns 100 876 8021
//! cargo run --example columns -- read /columns
//! cargo run --example columns -- unlink /columns
//! ```

use core::error::Error;
use std::env;
use std::process::ExitCode;

use rawshm::{Extent, Mapping, Name, Size};

const USAGE: &str = "usage: columns write NAME COL1 COL2 COL3 | read NAME | unlink NAME";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["write", name, one, two, three] => write(name, [one, two, three]),
        ["read", name] => read(name),
        ["unlink", name] => unlink(name),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("columns: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(name: &str, [one, two, three]: [&str; 3]) -> Result<(), Box<dyn Error>> {
    let columns: [i64; 3] = [one.parse()?, two.parse()?, three.parse()?];
    let mapping = Mapping::create(&Name::new(name)?, Size::Reserved(4096))?;
    mapping.store(0, &columns)?;
    Ok(())
}

fn read(name: &str) -> Result<(), Box<dyn Error>> {
    let mapping = Mapping::open(&Name::new(name)?, Extent::first(size_of::<[i64; 3]>()))?;
    let columns: [i64; 3] = mapping.load(0)?;
    println!("{columns:?}");
    Ok(())
}

fn unlink(name: &str) -> Result<(), Box<dyn Error>> {
    rawshm::unlink(&Name::new(name)?)?;
    Ok(())
}
