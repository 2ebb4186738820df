//! Torture: writers are killed at random times, again and again, while readers check every value.

#![cfg(target_os = "linux")]

use std::hint::{black_box, spin_loop};
use std::process::{Command, Stdio};

use rawshm::snapshot::Reader;
use rawshm::{Extent, Mapping};
use rawshm_tests::header::slot;
use rawshm_tests::values::{Value, number, scrambled};
use rawshm_tests::{Peer, UniqueName, run, spawn, status, until, wait};

use crate::peers::PEER;

const KILLS: u64 = 1200;

fn peer(arguments: &[&str]) -> Command {
    let mut command = Command::new(PEER);
    command.arg("snapshot").args(arguments);
    command
}

/// Spins for a pseudo-random number of turns, up to this one. It counts and uses no clock.
fn dawdle(random: &mut u64, turns: u64) {
    *random = scrambled(*random);
    for turn in 0..*random % turns {
        black_box(turn);
        spin_loop();
    }
}

/// Whether the slot that is written next has been partly written.
fn is_torn(name: &UniqueName, slots: u64, last: u64) -> bool {
    let mapping = Mapping::open(name, Extent::Whole).expect("an object");
    let slot = slot(last + 1, slots, size_of::<Value>());
    let stamp: u64 = mapping.load(slot).expect("within");
    let value: Value = mapping.load(slot + 64).expect("within");
    stamp & 1 == 1 && value[0] != 0 && number(&value).is_none()
}

/// Kills writers, and returns how many of them were killed in the middle of a value.
fn torture(slots: u64, seed: u64) -> u64 {
    let name = UniqueName::new();
    let (argument, slots_argument) = (name.argument(), slots.to_string());
    let start = || spawn(peer(&["write", &argument, &slots_argument]).stdout(Stdio::null()));
    let mut writer = start();
    until("the object", || Reader::<Value>::open(&name).is_ok());
    let reader = Reader::<Value>::open(&name).expect("a snapshot");
    let checks: Vec<Peer> = ["load", "next", "next"]
        .map(|how| Peer::ready(&mut peer(&["check", &argument, how])))
        .into();

    let (mut random, mut torn, mut newest) = (seed, 0, 0);
    for kill in 0..KILLS {
        // One of four is killed at any time, maybe before its first store, and the others after it.
        if kill % 4 > 0 {
            until("progress", || {
                (0..1000).any(|_| {
                    spin_loop();
                    reader
                        .load_with_sequence()
                        .is_ok_and(|(now, _)| now > newest)
                })
            });
            dawdle(&mut random, 20_000);
        } else {
            dawdle(&mut random, 200_000);
        }
        writer.kill().expect("its own process");
        let ended = writer.wait().expect("its own process");
        assert_eq!(status(ended), 128 + 9, "it ended by itself");
        let (now, value) = reader.load_with_sequence().expect("no writer runs");
        assert_eq!(number(&value), Some(now));
        assert!(now >= newest, "{now} after {newest}");
        newest = now;
        torn += u64::from(is_torn(&name, slots, now));
        writer = start();
    }
    writer.kill().expect("its own process");
    wait(&mut writer);

    let retired = run(&mut peer(&["retire", &argument]));
    assert_eq!(retired.stdout, "ok\n", "{}", retired.stderr);
    let (last, _) = reader.load_with_sequence().expect("no writer runs");
    for mut check in checks {
        let line = check.line();
        let (values, end) = line.split_once(' ').expect("two numbers");
        println!("{slots} slots: {values} values checked, the last {end} of {last}");
        assert_eq!(end, last.to_string(), "it has not seen the last one");
        assert!(values.parse::<u64>().expect("a number") > KILLS);
        assert_eq!(check.end(), 0);
    }
    println!("{slots} slots: {KILLS} kills, {torn} of them in the middle of a value");
    torn
}

#[test]
fn readers_see_whole_values_in_order_while_writers_are_killed_with_two_slots() {
    assert!(torture(2, 0x0dd1_7e57) > 0, "no kill hit a store");
}

#[test]
fn readers_see_whole_values_in_order_while_writers_are_killed_with_four_slots() {
    assert!(torture(4, 0x5eed_0f17) > 0, "no kill hit a store");
}
