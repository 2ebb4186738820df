//! The pair's job with std and the crate `shared_memory`: `shared_memory write|read [NAME]`.

#![expect(
    clippy::cast_ptr_alignment,
    reason = "a mapping begins at a page's start"
)]

use shared_memory::{ShmemConf, ShmemError};

const COLUMNS_LEN: usize = 24;

fn main() -> Result<(), ShmemError> {
    let mut arguments = std::env::args().skip(1);
    let writes = arguments.next().as_deref() == Some("write");
    let name = arguments.next().unwrap_or("/my_shm".into());
    if writes { write(&name) } else { read(&name) }
}

fn write(name: &str) -> Result<(), ShmemError> {
    let create = || ShmemConf::new().size(4_000_000_000).os_id(name).create();
    let mut object = match create() {
        // The only way to unlink a name is to own the object.
        Err(ShmemError::MappingIdExists) => {
            ShmemConf::new().os_id(name).open()?.set_owner(true);
            create()?
        }
        result => result?,
    };
    object.set_owner(false);
    // SAFETY: the object holds three integers, and no other process accesses it at the same time.
    unsafe {
        object
            .as_ptr()
            .cast::<[i64; 3]>()
            .write_volatile([100, 876, 8021]);
    }
    Ok(())
}

fn read(name: &str) -> Result<(), ShmemError> {
    let object = ShmemConf::new().os_id(name).open()?;
    if object.len() < COLUMNS_LEN {
        return Err(ShmemError::MapSizeZero);
    }
    // SAFETY: the object holds three integers, and no other process accesses it at the same time.
    let [one, two, three] = unsafe { object.as_ptr().cast::<[i64; 3]>().read_volatile() };
    println!("&{{{one} {two} {three}}}");
    Ok(())
}
