//! Torture: writers are killed at random times, again and again, while readers check every value.

#![cfg(target_os = "linux")]

use std::hint::{black_box, spin_loop};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rawshm::{Extent, Mapping, ReadOnly};
use rawshm_tests::header::{LAST, slot};
use rawshm_tests::values::scrambled;
use rawshm_tests::{Peer, UniqueName, run, spawn, status, until, wait};

use crate::peers::PEER;

/// For how many seconds to torture, instead of a number of kills.
const SECONDS: &str = "RAWSHM_TORTURE";

fn peer(command: &str, name: &UniqueName, bytes: usize, rest: &str) -> Command {
    let mut peer = Command::new(PEER);
    peer.args(["torture", command, &name.argument(), &bytes.to_string()]);
    peer.arg(rest);
    peer
}

/// Spins for a pseudo-random number of turns, up to this one. It counts and uses no clock.
fn dawdle(random: &mut u64, turns: u64) {
    *random = scrambled(*random);
    for turn in 0..*random % turns {
        black_box(turn);
        spin_loop();
    }
}

/// The number in the header.
fn published(mapping: &Mapping<ReadOnly>) -> u64 {
    let last: u64 = mapping.load(LAST).expect("within");
    last >> 1
}

/// What was found in the slots of killed writers.
#[derive(Debug, Default)]
struct Found {
    kills: u64,
    /// Killed in the middle of a value.
    begun: u64,
    /// Killed between a value and its publication.
    unpublished: u64,
    values: u64,
    overruns: u64,
}

/// Kills writers, and adds what it has found. Every reader checks every value.
fn torture(bytes: usize, slots: u64, kills: u64, random: &mut u64, found: &mut Found) {
    let name = UniqueName::new();
    let start = || {
        let mut writer = peer("write", &name, bytes, &slots.to_string());
        spawn(writer.stdout(Stdio::null()))
    };
    let mut writer = start();
    until("the object", || Mapping::open(&name, Extent::Whole).is_ok());
    let mapping = Mapping::open(&name, Extent::Whole).expect("an object");
    let checks: Vec<Peer> = ["load", "unmapped", "poll", "next", "turns"]
        .map(|how| Peer::ready(&mut peer("check", &name, bytes, how)))
        .into();

    let mut newest = 0;
    for kill in 0..kills {
        // One of four is killed at any time, maybe before its first store, and the others after it.
        if kill % 4 > 0 {
            until("progress", || {
                (0..1000).any(|_| {
                    spin_loop();
                    published(&mapping) > newest
                })
            });
            dawdle(random, 20_000);
        } else {
            dawdle(random, 200_000);
        }
        writer.kill().expect("its own process");
        let ended = writer.wait().expect("its own process");
        assert_eq!(status(ended), 128 + 9, "it ended by itself");
        let now = published(&mapping);
        assert!(now >= newest, "{now} after {newest}");
        newest = now;
        let next: u64 = mapping.load(slot(now + 1, slots, bytes)).expect("within");
        found.kills += 1;
        found.begun += u64::from(next == 2 * (now + 1) + 1);
        found.unpublished += u64::from(next == 2 * (now + 1));
        writer = start();
    }
    writer.kill().expect("its own process");
    wait(&mut writer);

    let retired = run(&mut peer("retire", &name, bytes, ""));
    assert_eq!(retired.stdout, "ok\n", "{}", retired.stderr);
    let last = published(&mapping);
    for mut check in checks {
        let line = check.line();
        let numbers: Result<Vec<u64>, _> = line.split(' ').map(str::parse).collect();
        let [values, end, overruns] = numbers.expect(&line)[..] else {
            panic!("{line}");
        };
        assert_eq!(end, last, "it has not seen the last one");
        found.values += values;
        found.overruns += overruns;
        assert_eq!(check.end(), 0);
    }
}

#[test]
fn readers_see_whole_values_in_order_while_writers_are_killed() {
    for slots in [2, 4] {
        let (mut random, mut found) = (0x0dd1_7e57 * slots, Found::default());
        torture(1024, slots, 1200, &mut random, &mut found);
        println!("1024 bytes, {slots} slots: {found:?}");
        assert!(found.begun > 0, "no kill hit a store");
        assert!(found.values > found.kills, "no values");
    }
}

#[test]
fn readers_see_whole_values_in_order_of_any_size_while_writers_are_killed() {
    let seconds = std::env::var(SECONDS).ok();
    let seconds = seconds.map(|text| text.parse().expect("a number of seconds"));
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut random = u64::from(std::process::id()) << 1 | 1;
    let (mut found, mut rounds) = (Found::default(), 0);
    loop {
        for bytes in [8, 24, 56, 64, 1024, 65_536, 1 << 20] {
            // At most 16 MiB.
            for slots in [2, 4, 16, 64]
                .into_iter()
                .filter(|slots| slots * bytes <= 16 << 20)
            {
                let slots = u64::try_from(slots).expect("few");
                torture(bytes, slots, 20, &mut random, &mut found);
            }
        }
        rounds += 1;
        println!("round {rounds}: {found:?}");
        if end.is_none_or(|end| Instant::now() >= end) {
            break;
        }
    }
    assert!(found.values > found.kills, "no values");
}
