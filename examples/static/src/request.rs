//! The arguments of the programs that create an object.

use rawshm::{Mode, Options, Size};

use crate::arguments::{Item, Parser, signed};
use crate::start::Arguments;

const COLUMNS: usize = 3;
const COLUMNS_SIZE: u64 = 24;

/// What the arguments ask for.
#[derive(Debug)]
pub struct Request {
    /// The name of the object, not validated.
    pub name: &'static [u8],
    size: u64,
    mode: u64,
    /// The integers to store.
    pub columns: [i64; COLUMNS],
}

impl Default for Request {
    fn default() -> Self {
        Self {
            name: b"/my_shm",
            size: 4_000_000_000,
            mode: 0o644,
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
                Item::Letter(b'n') => self.name = parser.value()?,
                Item::Letter(b's') => self.size = parser.unsigned(10)?,
                Item::Letter(b'm') => self.mode = parser.unsigned(8)?,
                Item::Letter(letter) => other(letter)?,
                Item::Operand(text) => {
                    *self.columns.get_mut(operands)? = signed(text)?;
                    operands = operands.wrapping_add(1);
                }
            }
        }
        let complete = matches!(operands, 0 | COLUMNS);
        let valid = self.size >= COLUMNS_SIZE && self.mode <= 0o777;
        (complete && valid).then_some(())
    }

    /// The options to create the object with.
    pub fn options(&self) -> Options<'static> {
        Options::new().mode(Mode::LessUmask(u32::try_from(self.mode).unwrap_or(0)))
    }

    /// The size of the object.
    #[must_use]
    pub fn size(&self) -> Size {
        Size::Sparse(self.size)
    }
}
