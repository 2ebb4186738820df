//! As `bare`, under the name that it is given, and says in words what failed.
#![cfg_attr(target_os = "linux", no_std, no_main)]

use rawshm::{Error, Mapping, Name, Size};

rawshm_start::main!(run);

fn run(mut arguments: rawshm_start::Arguments) -> u8 {
    let name = arguments.next().unwrap_or(b"/words");
    let Err(error) = write(name) else { return 0 };
    let (verb, errno) = (error.operation().verb(), error.name().unwrap_or("other errno"));
    rawshm_start::say!("words: cannot % %: % (%)", verb, name, error.words(), errno);
    1
}

fn write(name: &[u8]) -> Result<(), Error> {
    let mapping = Mapping::create(&Name::from_bytes(name)?, Size::Sparse(4096))?;
    Ok(mapping.store(0, &[100_i64, 876, 8021])?)
}
