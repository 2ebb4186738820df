//! The arguments of the programs that create an object.

use rawshm::Mode;

use crate::arguments::{Item, Parser, signed};

const COLUMNS: usize = 3;
const COLUMNS_SIZE: u64 = 24;

/// What the arguments ask for.
#[derive(Debug)]
pub struct Request {
    /// The name of the object, not validated.
    pub name: &'static [u8],
    /// The size of the object.
    pub size: u64,
    /// Its permissions.
    pub mode: Mode,
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
    /// Reads the arguments. `other` reads the letters that only one of the programs has. None if
    /// they do not agree with the usage line: the last one that was read does not.
    pub fn parse(
        &mut self,
        parser: &mut Parser,
        mut other: impl FnMut(u8, &mut Parser) -> Option<()>,
    ) -> Option<()> {
        let mut operands = 0;
        while let Some(item) = parser.next() {
            match item {
                Item::Letter(b'n') => self.name = parser.name()?,
                Item::Letter(b's') => {
                    self.size = parser.unsigned().filter(|size| *size >= COLUMNS_SIZE)?;
                }
                Item::Letter(b'm') => self.mode = parser.mode()?,
                Item::Letter(letter) => other(letter, parser)?,
                Item::Operand(text) => {
                    *self.columns.get_mut(operands)? = signed(text)?;
                    operands = operands.wrapping_add(1);
                }
            }
        }
        matches!(operands, 0 | COLUMNS).then_some(())
    }
}
