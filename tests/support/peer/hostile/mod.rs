//! A process that attacks the objects of names that it is told, one after the other.

mod bytes;
mod floods;
mod locks;
mod things;

use std::os::fd::AsRawFd as _;
use std::path::PathBuf;

use rawshm::Name;
use rawshm_tests::random::Random;

use crate::say;

/// What is done to the objects of a name.
pub(super) trait Attack {
    /// One act, which takes no longer than some system calls.
    fn act(&mut self, random: &mut Random);

    /// The last act: a process that it keeps waiting goes on.
    fn end(&mut self);
}

/// The files that a name can have: its own and its first temporary ones.
pub(super) struct Paths([PathBuf; 3]);

impl Paths {
    fn new(name: &str) -> Self {
        let leaf = name.trim_start_matches('/');
        let temporary = |number| format!("/dev/shm/.{leaf}.rawshm-{number:03}").into();
        Self([
            format!("/dev/shm/{leaf}").into(),
            temporary(0),
            temporary(1),
        ])
    }

    fn own(&self) -> &PathBuf {
        &self.0[0]
    }

    fn name(&self) -> Name {
        let leaf = self.own().file_name().expect("a name");
        Name::from_bytes(leaf.as_encoded_bytes()).expect("a name")
    }

    /// Makes an event for those who wait for the name.
    fn announce(&self) {
        let mut beside = self.own().clone().into_os_string();
        beside.push("-beside");
        let _ = std::fs::write(&beside, "").and_then(|()| std::fs::remove_file(&beside));
    }

    /// The name itself most of the time.
    fn any(&self, random: &mut Random) -> &PathBuf {
        &self.0[random.of(&[0, 0, 0, 1, 2])]
    }
}

fn attack(how: &str, name: &str) -> Box<dyn Attack> {
    let paths = Paths::new(name);
    match how.split_once(' ') {
        None if how == "scribbles" => Box::new(bytes::Bytes::scribbles(paths)),
        None if how == "truncates" => Box::new(bytes::Bytes::truncates(paths)),
        None if how == "plants" => Box::new(things::Plants::new(paths)),
        None if how == "floods" => Box::new(floods::Floods::new(&paths)),
        Some((when, lock)) => Box::new(locks::Locks::new(paths, when, lock)),
        _ => panic!("no attack: {how}"),
    }
}

/// Reads a name, attacks it until the next line, and so on.
pub(crate) fn run(how: &str, seed: &str) {
    let mut random = Random::new(seed.parse().expect("a number"));
    locks::ignore_signals();
    let mut line = String::new();
    while std::io::stdin().read_line(&mut line).expect("a line") > 0 {
        let mut attack = attack(how, line.trim());
        attack.act(&mut random);
        say("begun");
        while !is_told() {
            attack.act(&mut random);
        }
        line.clear();
        let _ = std::io::stdin().read_line(&mut line).expect("a line");
        attack.end();
        say("ended");
        line.clear();
    }
}

/// Whether there is another line to read, or none will follow.
fn is_told() -> bool {
    let mut input = libc::pollfd {
        fd: std::io::stdin().as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one struct, which the call fills.
    unsafe { libc::poll(&raw mut input, 1, 0) != 0 }
}
