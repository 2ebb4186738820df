//! The arguments of the programs that create an object.

use rawshm::{Mode, Options, Size};
use rawshm_start::Arguments;

use crate::arguments::{Item, Parser, signed};

const COLUMNS: usize = 3;
const COLUMNS_SIZE: u64 = 24;

/// What the arguments ask for.
#[derive(Debug)]
pub struct Request {
    /// The name of the object, not validated.
    pub name: &'static [u8],
    size: u64,
    mode: Mode,
    /// The integers to store.
    pub columns: [i64; COLUMNS],
}

impl Default for Request {
    fn default() -> Self {
        Self {
            name: b"/my_shm",
            size: 4_000_000_000,
            mode: Mode::LessUmask(0o644),
            columns: [100, 876, 8021],
        }
    }
}

impl Request {
    /// Reads the arguments. `other` judges the letters that only one of the programs has. None if
    /// they do not agree with the usage line.
    pub fn parse(
        &mut self,
        arguments: Arguments,
        mut other: impl FnMut(u8) -> Option<()>,
    ) -> Option<()> {
        let mut operands = 0;
        let mut parser = Parser::new(arguments);
        while let Some(item) = parser.next() {
            match item {
                Item::Letter(b'n') => self.name = parser.name()?,
                Item::Letter(b's') => self.size = parser.unsigned()?,
                Item::Letter(b'm') => self.mode = parser.mode()?,
                Item::Letter(letter) => other(letter)?,
                Item::Operand(text) => {
                    *self.columns.get_mut(operands)? = signed(text)?;
                    operands = operands.wrapping_add(1);
                }
            }
        }
        let complete = matches!(operands, 0 | COLUMNS);
        (complete && self.size >= COLUMNS_SIZE).then_some(())
    }

    /// The options to create the object with.
    pub fn options(&self) -> Options<'static> {
        Options::new().mode(self.mode)
    }

    /// The size of the object.
    #[must_use]
    pub fn size(&self) -> Size {
        Size::Sparse(self.size)
    }
}
