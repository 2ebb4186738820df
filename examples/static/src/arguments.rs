//! Options and operands as in POSIX's utility syntax guidelines: `-v`, `-u -v`, `-uv`, `-n NAME`,
//! `-nNAME`, `--`. An argument that begins with `-` and a digit is a number.

use rawshm::Mode;
use rawshm_start::Arguments;

/// One argument, or one letter of it.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    /// A letter after `-`.
    Letter(u8),
    /// An argument that is neither letters nor the value of one.
    Operand(&'static [u8]),
}

/// Splits the arguments into items.
#[derive(Debug)]
pub struct Parser {
    arguments: Arguments,
    /// The letters of the current argument that have not been returned yet.
    letters: &'static [u8],
    /// What letters begin with: `-`, and nothing after `--`.
    dash: Option<u8>,
}

impl Parser {
    /// Begins with the first argument.
    #[must_use]
    pub fn new(arguments: Arguments) -> Self {
        Self {
            arguments,
            letters: &[],
            dash: Some(b'-'),
        }
    }

    /// How many arguments are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.arguments.clone().count()
    }

    /// The value of the last letter: the rest of its argument, or the next one.
    pub fn value(&mut self) -> Option<&'static [u8]> {
        match core::mem::take(&mut self.letters) {
            [] => self.arguments.next(),
            rest => Some(rest),
        }
    }

    /// The value of the last letter as a name. The empty one is `/`, which is not valid either.
    pub fn name(&mut self) -> Option<&'static [u8]> {
        Some(match self.value()? {
            [] => b"/",
            name => name,
        })
    }

    /// The value of the last letter as a decimal number.
    pub fn unsigned(&mut self) -> Option<u64> {
        unsigned(self.value()?, 10)
    }

    /// The value of the last letter as octal permissions, from which the umask is taken.
    #[inline] // 16 bytes less in the writer.
    pub fn mode(&mut self) -> Option<Mode> {
        let mode = u32::try_from(unsigned(self.value()?, 8)?).ok()?;
        (mode <= 0o777).then_some(Mode::LessUmask(mode))
    }
}

impl Iterator for Parser {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let [letter, rest @ ..] = self.letters {
                self.letters = rest;
                return Some(Item::Letter(*letter));
            }
            let argument = self.arguments.next()?;
            match argument.split_first() {
                Some((dash, letters)) if Some(*dash) == self.dash => match letters {
                    b"-" => self.dash = None,
                    [] | [b'0'..=b'9', ..] => return Some(Item::Operand(argument)),
                    letters => self.letters = letters,
                },
                _ => return Some(Item::Operand(argument)),
            }
        }
    }
}

/// Reads an unsigned number of this base, at most 10.
fn unsigned(digits: &[u8], base: u64) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = u64::from(digit.wrapping_sub(b'0'));
        if digit >= base {
            return None;
        }
        number.checked_mul(base)?.checked_add(digit)
    })
}

/// Reads a signed decimal number.
#[must_use]
pub fn signed(text: &[u8]) -> Option<i64> {
    let (digits, negative) = match text {
        [b'-', digits @ ..] => (digits, true),
        digits => (digits, false),
    };
    let magnitude = unsigned(digits, 10)?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}
