//! Two calls fail: after the first, the operation goes on by other calls. Some are then killed.

use std::collections::HashMap;

use rawshm_tests::random::Random;
use rawshm_tests::watchdog::Progress;

use crate::errnos;
use crate::fault::{Fault, How, Kill, Plan, Side};
use crate::report::Report;
use crate::singles::{Way, ways};

const KIND: &str = "two calls fail, at random: operations";
/// How many calls after the second fault a kill comes at most.
const LATER: usize = 4;

/// The calls of the ways with one fault, which are many, and asked for often.
type Known = HashMap<(usize, usize, i32), Vec<&'static str>>;

/// Runs pairs of faults, each of which has a seed of its own: the seed of the first, and one more
/// for each that follows.
pub fn two_calls_fail(progress: &Progress, seed: u64, pairs: u64) -> Report {
    let mut report = Report::default();
    let ways = ways();
    let mut known = Known::new();
    for seed in (seed..).take(pairs.try_into().expect("a number")) {
        progress.step();
        let red = report.red.len();
        one_pair(seed, &ways, &mut known, &mut report);
        let repeat = format!("\n    RAWSHM_SEED={seed} RAWSHM_DOUBLE_FAULTS=1 repeats it");
        for why in &mut report.red[red..] {
            why.push_str(&repeat);
        }
    }
    report
}

/// One of these calls fails, from this one on; None if there is none. Those that only release what
/// the operation has are tried alone.
fn refused(calls: &[&'static str], from: usize, random: &mut Random) -> Option<(Fault, i32)> {
    let matters = |at: &usize| !["close", "munmap"].contains(&calls[*at]);
    let places: Vec<_> = (from..calls.len()).filter(matters).collect();
    let at = *places.get(random.index(places.len().max(1)))?;
    let errno = random.of(&errnos::of(calls[at]));
    Some((Fault::new(calls[at], at, How::Refused(errno)), errno))
}

fn one_pair(seed: u64, ways: &[Way], known: &mut Known, report: &mut Report) {
    let mut random = Random::new(scrambled(seed));
    // Some faults are the last call.
    loop {
        let number = random.index(ways.len());
        let way = &ways[number];
        let Some((first, errno)) = refused(&way.calls, 0, &mut random) else {
            continue;
        };
        let calls = known.entry((number, first.at, errno)).or_insert_with(|| {
            let faults = &[first];
            let plan = Plan { faults, kill: None };
            // It is one of the single faults, which are counted elsewhere.
            way.cell(plan).run(KIND, &mut Report::default())
        });
        let Some((second, _)) = refused(calls, first.at + 1, &mut random) else {
            continue;
        };
        let kill = Kill {
            at: second.at + 1 + random.index(LATER),
            side: random.of(&[Side::Before, Side::After]),
        };
        let plan = Plan {
            faults: &[first, second],
            kill: (random.index(3) == 0).then_some(kill),
        };
        way.cell(plan).run(KIND, report);
        return;
    }
}

/// A number that is not 0 and has nothing in common with that of the next seed: splitmix64.
fn scrambled(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ z >> 31) | 1
}
