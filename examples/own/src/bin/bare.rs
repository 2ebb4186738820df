//! Creates an object in place of the old one, and stores three integers.
#![cfg_attr(target_os = "linux", no_std, no_main)]

use rawshm::{Error, Mapping, Name, Size};

const NAME: Name = Name::from_static("/bare");

rawshm_start::main!(run);

fn run(_: rawshm_start::Arguments) -> u8 {
    u8::from(write().is_err())
}

fn write() -> Result<(), Error> {
    let _ = rawshm::unlink(&NAME);
    let mapping = Mapping::create(&NAME, Size::Sparse(4096))?;
    mapping.store(0, &[100_i64, 876, 8021])?;
    Ok(())
}
