//! Every name of up to three bytes, and long ones, beside what POSIX and this crate's pages say.

use std::thread;

use rawshm::{Errno, Error, Name, Operation};
use rawshm_tests::random::Random;

use crate::cells::Cells;

/// What the documentation of `Name` says of a name: the bytes after its slashes, or why it is
/// refused.
fn judged(name: &[u8]) -> Result<&[u8], Errno> {
    let mut slashes = 0;
    while slashes < name.len() && name[slashes] == b'/' {
        slashes += 1;
    }
    let rest = &name[slashes..];
    let mut is_invalid = rest.is_empty() || rest == b"." || rest == b"..";
    for byte in rest {
        is_invalid |= *byte == b'/' || *byte == 0;
    }
    if is_invalid {
        Err(Errno::INVAL)
    } else if rest.len() > 255 {
        Err(Errno::NAMETOOLONG)
    } else {
        Ok(rest)
    }
}

/// What is wrong with what `Name` says of this name.
fn wrong(name: &[u8]) -> Option<String> {
    let found = Name::from_bytes(name);
    let is_right = match (&found, judged(name)) {
        (Ok(found), Ok(rest)) => found.as_bytes() == [b"/", rest].concat(),
        (Err(found), Err(errno)) => *found == Error::new(Operation::Name, errno),
        _ => false,
    };
    if !is_right {
        return Some(format!("{}: {found:?}", name.escape_ascii()));
    }
    let text = std::str::from_utf8(name).ok()?;
    (Name::new(text) != found).then(|| format!("{text:?} is another name as text"))
}

/// The names of three bytes that begin with this one, and in the first place those that are
/// shorter.
fn beginning_with(first: u8, check: &mut impl FnMut(&[u8])) {
    if first == 0 {
        check(&[]);
    }
    check(&[first]);
    for second in 0..=u8::MAX {
        check(&[first, second]);
        for third in 0..=u8::MAX {
            check(&[first, second, third]);
        }
    }
}

#[test]
fn every_name_of_up_to_three_bytes_is_judged_as_documented() {
    let mut cells = Cells::all("names of up to 3 bytes");
    let check = |bytes: std::ops::RangeInclusive<u8>| {
        let (mut right, mut red) = (0, Vec::new());
        for first in bytes {
            beginning_with(first, &mut |name| match wrong(name) {
                None => right += 1,
                Some(why) => red.push(why),
            });
        }
        (right, red)
    };
    thread::scope(|scope| {
        let halves = [0..=127, 128..=255].map(|half| scope.spawn(move || check(half)));
        for half in halves {
            let (right, red) = half.join().expect("no panic");
            cells.add_many(right, "judged as documented");
            for why in red {
                cells.add(Err::<String, _>(why));
            }
        }
    });
    assert_eq!(cells.count(), 1 + 256 + (256 << 8) + (256 << 16));
    cells.end();
}

/// A name of up to 600 bytes, many of which mean something.
fn long(random: &mut Random) -> Vec<u8> {
    let turns = [1, 3, 30, 31, 200, 254, 255, 256, 257, 258, 600];
    let len = random.of(&turns) + random.index(3);
    let rare = random.below(400) + 2;
    let byte = |random: &mut Random| match random.below(rare) {
        0 => random.of(b"/.\0"),
        _ => random.of(b"ab.\xff-"),
    };
    let mut name: Vec<u8> = (0..len).map(|_| byte(random)).collect();
    for slash in name.iter_mut().take(random.index(4)) {
        *slash = b'/';
    }
    name
}

#[test]
fn long_names_are_judged_as_documented() {
    let mut cells = Cells::all("long names");
    for _ in 0..100_000 {
        let name = long(&mut cells.random);
        let kind = match judged(&name) {
            Ok(_) => "valid",
            Err(Errno::INVAL) => "EINVAL",
            Err(_) => "ENAMETOOLONG",
        };
        cells.add(wrong(&name).map_or(Ok(kind), Err));
    }
    cells.end();
}
