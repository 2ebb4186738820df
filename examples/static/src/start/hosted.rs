//! An ordinary program's `main`, where there is no start code of our own.

use std::env::{self, ArgsOs};
use std::os::unix::ffi::OsStringExt as _;
use std::process::ExitCode;

/// The arguments behind the program's name.
pub(crate) struct Arguments(ArgsOs);

pub(crate) fn main() -> ExitCode {
    let mut arguments = env::args_os();
    let _ = arguments.next();
    ExitCode::from(crate::run(Arguments(arguments)))
}

impl Arguments {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }
}

impl Iterator for Arguments {
    type Item = &'static [u8];

    fn next(&mut self) -> Option<&'static [u8]> {
        self.0.next().map(|text| &*text.into_vec().leak())
    }
}
