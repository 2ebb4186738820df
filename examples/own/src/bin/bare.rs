//! Creates an object in place of the old one, and stores three integers.
#![no_std]
#![no_main]

use rawshm::{Error, Mapping, Name, Size};

rawshm_start::main!(run);

fn run(_: rawshm_start::Arguments) -> u8 {
    u8::from(write(&Name::from_static("/bare")).is_err())
}

fn write(name: &Name) -> Result<(), Error> {
    let _ = rawshm::unlink(name);
    let mapping = Mapping::create(name, Size::Sparse(4_000_000_000))?;
    mapping.store(0, &[100_i64, 876, 8021])?;
    Ok(())
}
