//! What the programs that create an object are asked for.

use crate::arguments::{Item, Parser, signed};
use crate::start::Arguments;
use rawshm::{Mode, Options, Size};

const COLUMNS: usize = 3;
const COLUMNS_SIZE: u64 = 24;

pub(crate) struct Request {
    pub(crate) name: &'static [u8],
    size: u64,
    mode: u64,
    pub(crate) columns: [i64; COLUMNS],
}

impl Request {
    pub(crate) fn new() -> Self {
        Self {
            name: b"/my_shm",
            size: 4_000_000_000,
            mode: 0o644,
            columns: [100, 876, 8021],
        }
    }

    /// Gives nothing if the arguments are not as the usage line has them. A letter that only one of the programs knows
    /// is for `other` to judge.
    pub(crate) fn parse(
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

    pub(crate) fn options(&self) -> Options<'static> {
        Options::new().mode(Mode::LessUmask(u32::try_from(self.mode).unwrap_or(0)))
    }

    pub(crate) fn size(&self) -> Size {
        Size::Sparse(self.size)
    }
}
