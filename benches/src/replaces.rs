//! Putting a new, complete object in place of an old one.

use std::ffi::CString;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::ptr::{copy_nonoverlapping, null_mut};

use rawshm::{Error, Name, Options, Size};

use crate::group::{self, Thing, again, ours, theirs};
use crate::peers::checked;
use crate::sampling::{Case, Outcome, Samples};
use crate::settings::Settings;
use crate::table::{Measured, Table, exact};
use crate::text::number;
use crate::{Unlinked, unique_name};

const C: &str = "C: create, size, map, copy, rename";
const STD: &str = "std: create, write, rename";

const C_WHY: &str = "C's leaves a temporary name behind if it is killed, and two that replace at a \
    time use the same. rawshm fills an object that has no name yet, locks it while it has a \
    temporary one, and removes those that others have left";
const STD_WHY: &str = "std's leaves a temporary name behind, as C's, and fills by `write`: that \
    takes no mapping and no page fault, but the initialiser must have all bytes in a row";

pub fn measure(id: &str, settings: &Settings) -> Outcome<Measured> {
    let len = if id == "replace-small" { 24 } else { 1 << 20 };
    let named = unique_name(id);
    let (unlinked, temporary) = (
        Unlinked::new(&named)?,
        Unlinked::new(&format!("{named}.new"))?,
    );
    let bytes = vec![7; len];
    let path = |name: &str| PathBuf::from(format!("/dev/shm{name}"));
    let (to, from) = (path(&named), path(&format!("{named}.new")));
    let c = [&from, &to].map(|path| CString::new(path.to_string_lossy().as_bytes()));
    let [from_c, to_c] = c;
    let (from_c, to_c) = (from_c?, to_c?);
    let things: [Thing; 4] = [
        theirs(C, C_WHY),
        ours("`replace`"),
        theirs(STD, STD_WHY),
        again(),
    ];
    let mut cases = [
        Case::new(|| by_c(&from_c, &to_c, &bytes)),
        Case::new(|| by_rawshm(&unlinked.0, &bytes)),
        Case::new(|| by_std(&from, &to, &bytes)),
        Case::new(|| by_c(&from_c, &to_c, &bytes)),
    ];
    let samples = Samples::of(&mut cases, settings.lasting(3000))?;
    drop(cases);
    drop(temporary);
    let size = number(exact(len.try_into()?), 0);
    let table = Table {
        id: id.into(),
        title: format!("Replacing an object of {size} bytes"),
        about:
            "A new object with its content takes the name of an old one, in one step. Each round\n\
                checks every call."
                .into(),
        columns: group::columns_with("ns", 0, 3),
        rows: group::rows("", &things, &samples, 1.0),
        plotted: vec!["p50".into()],
    };
    let what = format!("`replace` of {size} bytes, × C's time");
    let budget = (len == 24).then(|| table.budget(&what, C, "ours", 1.1));
    Ok(Measured::of(table, budget.flatten().into_iter().collect()))
}

fn by_rawshm(name: &Name, bytes: &[u8]) -> Outcome {
    let size = Size::Sparse(bytes.len().try_into()?);
    let replaced = Options::new().replace(name, size, |memory| memory.copy_from(0, bytes));
    Ok(replaced.map(drop).map_err(Error::from)?)
}

fn by_c(from: &CString, to: &CString, bytes: &[u8]) -> Outcome {
    let (flags, rights) = (
        libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC,
        libc::PROT_READ | libc::PROT_WRITE,
    );
    let len = bytes.len();
    // SAFETY: the names are C strings, and the mapping is this function's own and holds the bytes.
    unsafe {
        let fd = checked(libc::open(from.as_ptr(), flags, 0o600))?;
        checked(libc::ftruncate(fd, len.try_into()?))?;
        let start = libc::mmap(null_mut(), len, rights, libc::MAP_SHARED, fd, 0);
        if start == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error().into());
        }
        copy_nonoverlapping(bytes.as_ptr(), start.cast(), len);
        checked(libc::rename(from.as_ptr(), to.as_ptr()))?;
        checked(libc::munmap(start, len))?;
        checked(libc::close(fd))?;
    }
    Ok(())
}

fn by_std(from: &PathBuf, to: &PathBuf, bytes: &[u8]) -> Outcome {
    let mut file = File::create_new(from)?;
    file.write_all(bytes)?;
    Ok(std::fs::rename(from, to)?)
}
