//! Options and operands, as POSIX's utility syntax guidelines have them: `-v`, `-u -v`, `-uv`, `-n NAME`, `-nNAME`,
//! `--`. What begins with `-` and a digit is a number.

use crate::start::Arguments;

/// One argument, or one letter of it.
pub(crate) enum Item {
    Letter(u8),
    Operand(&'static [u8]),
}

/// Gives the arguments one by one.
pub(crate) struct Parser {
    arguments: Arguments,
    /// The letters of the current argument that have not been given yet.
    letters: &'static [u8],
    /// `--` has been seen.
    operands_only: bool,
}

impl Parser {
    pub(crate) fn new(arguments: Arguments) -> Self {
        Self {
            arguments,
            letters: &[],
            operands_only: false,
        }
    }

    /// The value of the letter just given: the rest of its argument, or the next one.
    pub(crate) fn value(&mut self) -> Option<&'static [u8]> {
        match core::mem::take(&mut self.letters) {
            [] => self.arguments.next(),
            rest => Some(rest),
        }
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
            match self.arguments.next()? {
                b"--" if !self.operands_only => self.operands_only = true,
                [b'-', letters @ ..] if !self.operands_only && begins_with_letter(letters) => {
                    self.letters = letters;
                }
                operand => return Some(Item::Operand(operand)),
            }
        }
    }
}

fn begins_with_letter(letters: &[u8]) -> bool {
    !matches!(letters, [] | [b'0'..=b'9', ..])
}

/// Reads an unsigned number of this base, 8 or 10.
pub(crate) fn unsigned(digits: &[u8], base: u64) -> Option<u64> {
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
pub(crate) fn signed(text: &[u8]) -> Option<i64> {
    match text {
        [b'-', digits @ ..] => 0_i64.checked_sub_unsigned(unsigned(digits, 10)?),
        digits => i64::try_from(unsigned(digits, 10)?).ok(),
    }
}
