//! What the tests of complete objects have in common.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rawshm::{Complete, Directory, Errno, Error, Extent, InitError, Mapping, Name, Operation};
use rawshm::{Options, ReadWrite, Size};

use crate::{Folder, UniqueName};

pub const SMALL: Size = Size::Sparse(64);

/// An initialiser that stores a number.
pub fn number(number: u64) -> impl Fn(&Mapping<ReadWrite>) -> Result<(), Error> {
    move |mapping| Ok(mapping.store(0, &number)?)
}

/// Creates a small object with this value.
///
/// # Errors
///
/// Those of the creation.
pub fn create(name: &Name, value: u64) -> Result<Complete, InitError<Error>> {
    Options::new().create_complete(name, SMALL, number(value))
}

/// Replaces the object with a small one with this value.
///
/// # Errors
///
/// Those of the replacement.
pub fn replace(name: &Name, value: u64) -> Result<Complete, InitError<Error>> {
    Options::new().replace(name, SMALL, number(value))
}

/// What the object under the name holds.
///
/// # Errors
///
/// Those of opening and mapping it.
pub fn load(name: &Name) -> Result<u64, Error> {
    Ok(Mapping::open(name, Extent::first(8))?.load(0)?)
}

/// Only the file of the object with this name.
#[must_use]
pub fn alone(name: &UniqueName) -> Vec<String> {
    vec![name.argument().trim_start_matches('/').to_owned()]
}

/// The temporary name of this number.
#[must_use]
pub fn temporary(name: &str, number: u32) -> String {
    format!(".{name}.rawshm-{number:03}")
}

/// Checks that a creation failed, and how.
///
/// # Panics
///
/// If it did not fail, or failed with another error.
#[track_caller]
pub fn assert_failed<T>(result: Result<T, InitError<Error>>, operation: Operation, errno: Errno) {
    crate::assert_failed(result.map_err(Error::from), operation, errno);
}

/// A folder for objects, and the directory opened.
#[must_use]
pub fn folder() -> (Folder, Directory) {
    let folder = Folder::new();
    let path = CString::new(folder.as_os_str().as_bytes()).expect("no NUL");
    let directory = Directory::open(&path).expect("opened");
    (folder, directory)
}

/// What is in a folder, sorted.
#[must_use]
pub fn entries(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    let name = |file: std::fs::DirEntry| file.file_name().to_string_lossy().into_owned();
    let mut files: Vec<_> = files.map(|file| name(file.expect("a file"))).collect();
    files.sort();
    files
}
