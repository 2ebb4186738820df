//! A million opens while others create, unlink and replace.

#![cfg(target_os = "linux")]

use std::process::Command;

use rawshm_tests::rungs::on_each_rung;
use rawshm_tests::{Peer, UniqueName};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

fn start(command: &str, name: &UniqueName, number: u64) -> Peer {
    let mut peer = Command::new(PEER);
    Peer::ready(peer.args([command, &name.argument(), &number.to_string()]))
}

/// Runs these until each reader has opened the name `opens` times. The readers must find whole
/// objects and no object.
///
/// A reader fails at once, and so does the test, if it finds anything else.
fn race(makers: &[&str], readers: u64, opens: u64) {
    let name = UniqueName::new();
    let mut makers: Vec<_> = (1..)
        .zip(makers)
        .map(|(number, how)| start(how, &name, number << 32))
        .collect();
    let mut readers: Vec<_> = (0..readers).map(|_| start("look", &name, opens)).collect();
    let (mut whole, mut none) = (0, 0);
    for reader in &mut readers {
        let answer = reader.line();
        println!("{answer}");
        let mut counts = answer.split(", ").map(|part| {
            let (count, _) = part.split_once(' ').expect("a figure");
            count.parse::<u64>().expect("a number")
        });
        let mut count = || counts.next().expect("a figure");
        let (found, missed) = (count(), count());
        assert_eq!(found + missed, opens, "{answer}");
        whole += found;
        none += missed;
    }
    assert!(whole > 0, "nothing was ever there");
    assert!(none > 0, "something was always there");
    for maker in &mut makers {
        maker.close();
        let answer = maker.line();
        println!("{answer}");
        assert!(answer.contains(" made, "), "{answer}");
    }
    let left = rawshm_tests::left_in_shm(&name);
    let expected = [name.argument().trim_start_matches('/').to_owned()];
    assert!(left.is_empty() || left == expected, "{left:?}");
}

#[test]
fn opens_find_no_object_or_a_whole_one_on_each_rung_while_several_create_and_replace() {
    on_each_rung(|_| {
        let makers = ["make-create", "make-create", "make-replace", "make-replace"];
        race(&makers, 2, 20_000);
    });
}

mod needs_half_a_minute {
    use super::*;

    #[test]
    #[ignore = "needs half a minute"]
    fn a_million_opens_find_no_object_or_a_whole_one() {
        race(&["make-create", "make-replace"], 2, 500_000);
    }
}
