//! Values of snapshots, which show whether they are whole.

/// A value of 1 KiB: its number, its author, a word that depends on both, repeated, and a checksum.
pub type Value = [u64; 128];

/// The value of this number. All its words except two differ from those of every other number or
/// author.
#[must_use]
pub fn value(number: u64, author: u32) -> Value {
    let author = u64::from(author);
    let filling = scrambled((number ^ author << 32) | 1 << 63);
    let mut value = [filling; 128];
    value[0] = number;
    value[64] = author;
    value[127] = checksum(number, filling);
    value
}

/// The number of a value; `None` if the value is torn.
#[must_use]
pub fn number(value: &Value) -> Option<u64> {
    let (number, author) = (value[0], u32::try_from(value[64]).ok()?);
    (*value == self::value(number, author)).then_some(number)
}

/// Makes words of any number the value of this number and author. Each word depends on both.
pub fn fill(words: &mut [u64], number: u64, author: u16) {
    let mut word = number << 16 | u64::from(author);
    for place in words {
        *place = word;
        word = scrambled(word);
    }
}

/// The number of words that [`fill`] has made; `None` if they are torn.
#[must_use]
pub fn filled(words: &[u64]) -> Option<u64> {
    let first = *words.first()?;
    let mut word = first;
    for found in words {
        if *found != word {
            return None;
        }
        word = scrambled(word);
    }
    Some(first >> 16)
}

const fn checksum(number: u64, filling: u64) -> u64 {
    number.rotate_left(32) ^ filling.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The next pseudo-random number: xorshift.
#[must_use]
pub const fn scrambled(number: u64) -> u64 {
    let number = number ^ (number << 13);
    let number = number ^ (number >> 7);
    number ^ (number << 17)
}

/// What `publish` stores and `watch` prints.
pub type Message = [u8; 256];

/// A text of at most 255 bytes as a message.
#[must_use]
pub fn message(text: &str) -> Message {
    let mut message = [0; 256];
    message[0] = u8::try_from(text.len()).expect("a short text");
    message[1..=text.len()].copy_from_slice(text.as_bytes());
    message
}

/// The text of a message.
#[must_use]
pub fn text(message: &Message) -> String {
    let text = &message[1..=usize::from(message[0])];
    String::from_utf8(text.to_vec()).expect("text")
}
