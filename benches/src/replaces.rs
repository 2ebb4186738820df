//! Putting a new, complete object in place of an old one.

use std::ffi::{CStr, CString, c_char, c_void};
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

const SHM: &CStr = c"/dev/shm";
/// A name that always exists, as the target of the probe.
const SHM_ITSELF: &CStr = c"/dev/shm/.";

const C: &str = "C: create, size, map, copy, rename";
const STD: &str = "std: create, write, rename";

const C_WHY: &str = "C's leaves a temporary name behind if it is killed, and two that replace at a \
    time use the same. rawshm fills an object that has no name yet, locks it while it has a \
    temporary one, and removes those that others have left";
const STD_WHY: &str = "std's leaves a temporary name behind, as C's, and fills by `write`: that \
    takes no mapping and no page fault, but the initialiser must have all bytes in a row";

/// What C leaves out of rawshm's calls. Each row of them shows what the call costs.
#[derive(Clone, Copy, PartialEq)]
enum Without {
    Nothing,
    Probe,
    Lock,
    Look,
    AllThree,
}

const CALLS: [(&str, Without, &str); 5] = [
    (
        "C: rawshm's calls",
        Without::Nothing,
        "rawshm builds the names of temporary files, and looks at each result",
    ),
    (
        "C: rawshm's calls without the `linkat` that tries",
        Without::Probe,
        "That `linkat` finds out whether an object without a name can be linked here, before an \
         initialiser runs for nothing",
    ),
    (
        "C: rawshm's calls without locks",
        Without::Lock,
        "A lock on a temporary name tells others that its process lives",
    ),
    (
        "C: rawshm's calls without the look for what was left",
        Without::Look,
        "The look removes the temporary name of a process that was killed while others replaced",
    ),
    (
        "C: rawshm's calls without these three",
        Without::AllThree,
        "All of the above together. What is left is slower than C's, since the object begins \
         without a name and is linked",
    ),
];

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
    let mut things: Vec<Thing> = vec![theirs(C, C_WHY), ours("`replace`"), theirs(STD, STD_WHY)];
    let mut cases = vec![
        Case::new(|| by_c(&from_c, &to_c, &bytes)),
        Case::new(|| by_rawshm(&unlinked.0, &bytes)),
        Case::new(|| by_std(&from, &to, &bytes)),
    ];
    // Before Linux 6.10, only a process with a capability of the machine's root links a descriptor.
    let can_link = by_calls(&from_c, &to_c, &bytes, Without::Nothing).is_ok();
    for (what, without, why) in CALLS.iter().filter(|_| can_link) {
        things.push(theirs(what, why));
        cases.push(Case::new(|| by_calls(&from_c, &to_c, &bytes, *without)));
    }
    things.push(again());
    cases.push(Case::new(|| by_c(&from_c, &to_c, &bytes)));
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
    let mut measured = Measured::of(table, budget.flatten().into_iter().collect());
    if !can_link {
        let what = "since a descriptor cannot be linked here: C with rawshm's calls";
        measured.left_out.push(what.into());
    }
    Ok(measured)
}

fn by_rawshm(name: &Name, bytes: &[u8]) -> Outcome {
    let size = Size::Sparse(bytes.len().try_into()?);
    let replaced = Options::new().replace(name, size, |memory| memory.copy_from(0, bytes));
    Ok(replaced.map(drop).map_err(Error::from)?)
}

/// Sizes, maps and fills an object, and returns the mapping.
fn filled(fd: i32, bytes: &[u8]) -> Outcome<*mut c_void> {
    let (len, rights) = (bytes.len(), libc::PROT_READ | libc::PROT_WRITE);
    // SAFETY: the mapping is new, and holds the bytes.
    unsafe {
        checked(libc::ftruncate(fd, len.try_into()?))?;
        let start = libc::mmap(null_mut(), len, rights, libc::MAP_SHARED, fd, 0);
        if start == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error().into());
        }
        copy_nonoverlapping(bytes.as_ptr(), start.cast(), len);
        Ok(start)
    }
}

fn by_c(from: &CString, to: &CString, bytes: &[u8]) -> Outcome {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
    // SAFETY: the names are C strings, and the mapping is this function's own.
    unsafe {
        let fd = checked(libc::open(from.as_ptr(), flags, 0o600))?;
        let start = filled(fd, bytes)?;
        checked(libc::rename(from.as_ptr(), to.as_ptr()))?;
        checked(libc::munmap(start, bytes.len()))?;
        checked(libc::close(fd))?;
    }
    Ok(())
}

fn by_calls(from: &CString, to: &CString, bytes: &[u8], without: Without) -> Outcome {
    let flags = libc::O_RDWR | libc::O_TMPFILE | libc::O_CLOEXEC;
    let has = |call| without != call && without != Without::AllThree;
    // SAFETY: as above.
    unsafe {
        let fd = checked(libc::open(SHM.as_ptr(), flags, 0o600))?;
        let link = |name: *const c_char| {
            libc::linkat(fd, c"".as_ptr(), libc::AT_FDCWD, name, libc::AT_EMPTY_PATH)
        };
        if has(Without::Probe) {
            link(SHM_ITSELF.as_ptr());
        }
        let start = filled(fd, bytes)?;
        if has(Without::Lock) {
            checked(libc::flock(fd, libc::LOCK_EX | libc::LOCK_NB))?;
        }
        checked(link(from.as_ptr()))?;
        checked(libc::rename(from.as_ptr(), to.as_ptr()))?;
        if has(Without::Lock) {
            checked(libc::flock(fd, libc::LOCK_UN))?;
        }
        if has(Without::Look) {
            // It does not exist any more.
            libc::open(from.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        }
        checked(libc::munmap(start, bytes.len()))?;
        checked(libc::close(fd))?;
    }
    Ok(())
}

fn by_std(from: &PathBuf, to: &PathBuf, bytes: &[u8]) -> Outcome {
    let mut file = File::create_new(from)?;
    file.write_all(bytes)?;
    Ok(std::fs::rename(from, to)?)
}
