//! An ordinary program's `main`, for systems that the start code is not for.

use std::env::{self, ArgsOs};
use std::os::unix::ffi::OsStringExt as _;
use std::process::ExitCode;

/// Makes a program of a function that takes [`Arguments`] and returns the exit status.
///
/// A macro, because only the program itself can define `main`.
#[macro_export]
macro_rules! program {
    ($run:path) => {
        fn main() -> std::process::ExitCode {
            $crate::start::main($run)
        }
    };
}

/// Runs a program's function with its arguments.
pub fn main(run: impl FnOnce(Arguments) -> u8) -> ExitCode {
    let mut arguments = env::args_os();
    let _ = arguments.next();
    ExitCode::from(run(Arguments(arguments)))
}

/// The arguments after the program's name.
#[derive(Debug)]
pub struct Arguments(ArgsOs);

impl Arguments {
    /// Whether there are none left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }
}

impl Iterator for Arguments {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        self.0.next().map(|text| &*text.into_vec().leak())
    }
}

/// Signals do here what the system has them do: each function has no effect.
pub mod signals {
    /// What would be left to do before the program ends.
    pub type Last<'a> = dyn FnMut() + Send + 'a;

    /// Has no effect.
    pub fn catch() {}

    /// Runs `wait`.
    pub fn interruptible<T>(_: &mut Last<'_>, wait: impl FnOnce() -> T) -> T {
        wait()
    }

    /// Always 0.
    #[must_use]
    pub fn status() -> u8 {
        0
    }
}
