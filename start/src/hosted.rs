//! An ordinary program's `main`, for systems that the start code is not for.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::process;
use std::vec;

/// Makes a program of a function that takes [`Arguments`] and returns the exit status.
///
/// A macro, because only the program itself can define `main`.
#[macro_export]
macro_rules! main {
    ($run:path, silent) => {
        $crate::main!($run);
    };
    ($run:path) => {
        fn main() {
            $crate::exit($run($crate::Arguments::new()))
        }
    };
}

/// Ends the process with this exit status.
pub fn exit(status: u8) -> ! {
    process::exit(status.into())
}

/// The arguments after the program's name, and the environment.
#[derive(Clone, Debug)]
pub struct Arguments(vec::IntoIter<OsString>);

impl Arguments {
    /// The arguments of this process.
    #[doc(hidden)]
    #[must_use]
    pub fn new() -> Self {
        let arguments: Vec<_> = env::args_os().skip(1).collect();
        Self(arguments.into_iter())
    }

    /// Whether there are none left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// The value of an environment variable. None if it is not set.
    #[must_use]
    pub fn variable(&self, name: &[u8]) -> Option<&'static [u8]> {
        let value = env::var_os(OsStr::from_bytes(name))?;
        Some(value.into_vec().leak())
    }
}

impl Iterator for Arguments {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        self.0.next().map(|text| &*text.into_vec().leak())
    }
}
