//! Whether a model makes the calls of an operation in the order of its golden trace.
//!
//! The checker runs the model with a process that is to make the calls of one trace, from the
//! beginning of an operation to its end, and prints which steps it went through if it can.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::runs::Folder;
use crate::Model;
use crate::sources::{places, traces};

/// The model, with a process that keeps to the calls of a trace.
fn follower(model: &Model, sequences: &[Vec<usize>]) -> String {
    let (mut calls, mut starts) = (String::new(), String::new());
    let mut at = 0;
    for sequence in sequences {
        let _ = write!(starts, ":: at = {at}; from = at ");
        for call in sequence {
            let _ = write!(calls, "{}, ", call + 1);
        }
        calls.push_str("0, ");
        at += sequence.len() + 1;
    }
    let mut text = format!("c_decl {{ static const unsigned char calls[] = {{ {calls} }}; }}\n");
    for (number, (name, _)) in model.calls.iter().enumerate() {
        let _ = writeln!(text, "#define call_{name} {}", number + 1);
    }
    let places = places(model).len();
    let file = Model::file(model.name);
    // The second process begins one operation, and may be killed; then the first one runs.
    let _ = write!(
        text,
        r#"
byte following, begun[8];
short at, from;
bool passed[{places}];
#define called(call) if :: following != me :: following == me -> \
    c_expr {{ calls[now.at] == call_##call }}; at++; passed[__COUNTER__] = true fi
#define can_be_killed following == 0 && me == 2
#define can_run(who) following == who || following == 0 && \
    begun[who] <= (who == 2 -> 1 : 2) && (who != 2 || begun[1] <= 1)
#define between_operations if \
    :: following == me -> c_expr {{ calls[now.at] == 0 }}; c_code {{ \
        printf("followed %d:", now.from); \
        for (int place = 0; place < {places}; place++) \
            if (now.passed[place]) printf(" %d", place); \
        printf("\n"); }}; false \
    :: following == 0 -> begun[me]++ \
    :: following == 0 -> following = me; if {starts} fi \
    :: else fi
#include "{}"
"#,
        file.display()
    );
    text
}

/// Checks that each trace is followed, and each step is passed, except those that are listed.
fn followed(name: &'static str) {
    let model = Model::of(name);
    let [traces, left_out] = traces(&model);
    let unique: BTreeSet<_> = traces.values().chain(left_out.values()).cloned().collect();
    let sequences: Vec<_> = unique.into_iter().collect();
    let folder = Folder::new(&format!("{name}-order"));
    folder.write("follower.pml", &follower(&model, &sequences));
    folder.compile(
        "follower.pml",
        &["-DTEMPORARY=3", "-DOPERATIONS=3"],
        &["-DSAFETY"],
    );
    let output = folder.run("./pan", &["-m1000000", "-E", "-A", "-n"]);
    let mut at = 0;
    let starts: BTreeMap<usize, &Vec<usize>> = sequences
        .iter()
        .map(|sequence| {
            let start = at;
            at += sequence.len() + 1;
            (start, sequence)
        })
        .collect();
    let (mut can_follow, mut passed) = (BTreeSet::new(), BTreeSet::new());
    for line in output
        .lines()
        .filter_map(|line| line.strip_prefix("followed "))
    {
        let (start, places) = line.split_once(':').expect("a start");
        can_follow.insert(starts[&start.parse().expect("a number")].clone());
        let places = places.split_whitespace();
        passed.extend(places.map(|place| place.parse::<usize>().expect("a number")));
    }
    for (file, sequence) in &traces {
        assert!(
            can_follow.contains(sequence),
            "{name} does not make the calls of {file}: {:?}",
            sequence
                .iter()
                .map(|call| model.calls[*call].0)
                .collect::<Vec<_>>()
        );
    }
    for (file, sequence) in &left_out {
        let has_path = traces.values().any(|other| other == sequence);
        assert!(
            has_path || !can_follow.contains(sequence),
            "{name} follows {file}"
        );
    }
    let places = places(&model);
    let missed = places
        .iter()
        .enumerate()
        .filter(|(place, _)| !passed.contains(place));
    let missed: Vec<_> = missed.map(|(_, text)| text.as_str()).collect();
    let listed = crate::calls::WITHOUT_A_TRACE
        .iter()
        .filter(|(of, ..)| *of == name);
    let listed: Vec<_> = listed.map(|(_, step, _)| *step).collect();
    assert_eq!(missed, listed, "{name}: steps that no trace has");
}

#[test]
#[ignore = "needs spin"]
fn creation_makes_the_calls_of_the_traces_in_their_order() {
    followed("creation");
}
