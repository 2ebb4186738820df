//! The contract: what the golden traces say and what was noted by hand, in one structure.

use std::collections::{BTreeMap, BTreeSet};

use rawshm_tests::repository;
use serde::{Deserialize, Serialize};

use crate::api;
use crate::trace::{self, Call};

#[derive(Deserialize)]
struct ByHand {
    calls: BTreeMap<String, Known>,
    same: BTreeMap<String, String>,
    no_calls: BTreeSet<String>,
    untraced: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    notes: BTreeMap<String, String>,
}

/// What is known about a system call.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Known {
    /// The version of Linux.
    pub since: String,
    /// What it is called elsewhere, by architecture, the first that is tried first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, Vec<String>>,
}

#[derive(Serialize)]
pub struct Contract {
    pub format: u32,
    pub traced_on: &'static str,
    pub calls: BTreeMap<String, Known>,
    /// The functions of the crate, by their paths.
    pub functions: BTreeMap<String, Operation>,
    /// What a drop of a type calls.
    pub drops: BTreeMap<String, Vec<Call>>,
    pub programs: BTreeMap<String, Operation>,
    /// The functions that make no calls.
    pub no_calls: BTreeSet<String>,
}

#[derive(Default, Serialize)]
pub struct Operation {
    /// It has the outcomes of this operation, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_as: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outcomes: BTreeMap<String, Vec<Call>>,
    /// Other calls, and when they are made.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub untraced: BTreeMap<String, String>,
}

impl Operation {
    /// The names of all its calls.
    pub fn calls(&self) -> impl Iterator<Item = &String> {
        let traced = self.outcomes.values().flatten().map(|call| &call.name);
        traced.chain(self.untraced.keys())
    }
}

pub const PROGRAMS: [&str; 5] = ["creator", "publish", "reader", "watch", "writer"];

impl Contract {
    pub fn assemble() -> Self {
        let notes = repository().join("contract/notes.toml");
        let notes = std::fs::read_to_string(notes).expect("the notes");
        let mut notes: ByHand = toml::from_str(&notes).expect("TOML");
        let mut functions = BTreeMap::new();
        let mut programs = BTreeMap::new();
        let mut drops = BTreeMap::new();
        for (name, outcomes) in trace::read_all() {
            if name == "drop" {
                drops = outcomes;
                continue;
            }
            let operation = Operation {
                note: notes.notes.remove(&name),
                untraced: notes.untraced.remove(&name).unwrap_or_default(),
                outcomes,
                ..Operation::default()
            };
            if PROGRAMS.contains(&name.as_str()) {
                programs.insert(name, operation);
            } else {
                functions.insert(name, operation);
            }
        }
        for (name, other) in notes.same {
            assert!(functions.contains_key(&other), "{name} is as {other}");
            functions.entry(name).or_default().same_as = Some(other);
        }
        assert_eq!(notes.notes, BTreeMap::new(), "notes on nothing");
        assert_eq!(notes.untraced, BTreeMap::new(), "calls of nothing");
        Self {
            format: 1,
            traced_on: "x86_64",
            calls: notes.calls,
            functions,
            drops,
            programs,
            no_calls: notes.no_calls,
        }
    }

    /// Every list of calls.
    pub fn lists(&self) -> impl Iterator<Item = &Vec<Call>> {
        let operations = self.functions.values().chain(self.programs.values());
        let outcomes = operations.flat_map(|operation| operation.outcomes.values());
        outcomes.chain(self.drops.values())
    }
}

#[test]
fn every_public_function_is_in_it_or_makes_no_calls() {
    let contract = Contract::assemble();
    let public = api::functions();
    let known: BTreeSet<_> = contract
        .functions
        .keys()
        .chain(&contract.no_calls)
        .collect();
    let missing: Vec<_> = public.iter().filter(|one| !known.contains(one)).collect();
    let unknown: Vec<_> = known.iter().filter(|one| !public.contains(**one)).collect();
    assert!(
        missing.is_empty(),
        "without a trace or a note: {missing:#?}"
    );
    assert!(unknown.is_empty(), "not in the API: {unknown:#?}");
    let both: Vec<_> = contract
        .no_calls
        .iter()
        .filter(|one| contract.functions.contains_key(*one))
        .collect();
    assert!(both.is_empty(), "with a trace and without calls: {both:?}");
}

#[test]
fn every_call_is_known_and_every_known_call_is_made() {
    let contract = Contract::assemble();
    let operations = contract
        .functions
        .values()
        .chain(contract.programs.values());
    let drops = contract.drops.values().flatten().map(|call| &call.name);
    let made: BTreeSet<_> = operations.flat_map(Operation::calls).chain(drops).collect();
    let known: BTreeSet<_> = contract.calls.keys().collect();
    assert_eq!(made, known);
}
