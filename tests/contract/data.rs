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
    flags: BTreeMap<String, String>,
    first: BTreeMap<String, First>,
    kernels: Vec<Older>,
    untraced: BTreeMap<String, BTreeMap<String, String>>,
    includes: BTreeMap<String, Vec<String>>,
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

/// What every process calls once besides, before its other calls.
#[derive(Deserialize, Serialize)]
pub struct First {
    pub calls: Vec<String>,
    /// The first version of Linux on which these are all.
    pub before: String,
    /// Those on older ones.
    pub older: Vec<String>,
}

/// Kernels on which other outcomes take the place of those that are named alike.
#[derive(Deserialize, Serialize)]
pub struct Older {
    /// What is added to an outcome's name.
    pub outcomes: String,
    /// The first version of Linux without the difference.
    pub before: String,
    /// If only processes without this capability see the difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without: Option<String>,
    /// If only processes with, or without, `/proc` see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proc: Option<bool>,
}

#[derive(Serialize)]
pub struct Contract {
    pub format: u32,
    pub traced_on: &'static str,
    pub calls: BTreeMap<String, Known>,
    /// Since which version there are flags that are newer than their calls.
    pub flags: BTreeMap<String, String>,
    /// By architecture.
    pub first: BTreeMap<String, First>,
    pub kernels: Vec<Older>,
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
    /// It also makes the calls of these operations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
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
        let mut notes: ByHand =
            toml::from_str(&notes).unwrap_or_else(|error| panic!("contract/notes.toml: {error}"));
        let mut functions = BTreeMap::new();
        let mut programs = BTreeMap::new();
        let mut drops = BTreeMap::new();
        for (name, outcomes) in trace::read_all() {
            if name == "drop" {
                drops = outcomes;
                continue;
            }
            let operation = Operation {
                includes: notes.includes.remove(&name).unwrap_or_default(),
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
        assert_eq!(notes.includes, BTreeMap::new(), "these have no traces");
        assert_eq!(notes.untraced, BTreeMap::new(), "these have no traces");
        Self {
            format: 1,
            traced_on: "x86_64",
            calls: notes.calls,
            flags: notes.flags,
            first: notes.first,
            kernels: notes.kernels,
            functions,
            drops,
            programs,
            no_calls: notes.no_calls,
        }
    }

    /// Where there are other names for a call, and not this one.
    pub fn only_others(&self, name: &str, only_on: Option<&str>) -> Vec<&str> {
        let known = self.calls.get(name).filter(|_| only_on.is_none());
        let elsewhere = known.into_iter().flat_map(|known| &known.names);
        elsewhere
            .filter(|(_, others)| !others.iter().any(|other| other == name))
            .map(|(place, _)| place.as_str())
            .collect()
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
fn every_drop_that_makes_calls_is_in_it() {
    let traced: BTreeSet<_> = Contract::assemble().drops.into_keys().collect();
    assert_eq!(traced, api::owners());
}

#[test]
fn every_operation_on_a_name_is_run_against_planted_things() {
    let table = repository().join("tests/guest/src/planted/operations.rs");
    let table = std::fs::read_to_string(table).expect("source");
    let contract = Contract::assemble();
    let operations = contract.functions.iter().chain(&contract.programs);
    let mut named = 0;
    for (name, _) in operations.filter(|(_, operation)| operation.same_as.is_none()) {
        let folder = repository()
            .join("tests/traces")
            .join(name.replace("::", "."));
        let traces = std::fs::read_dir(folder).expect("traces").map(|trace| {
            std::fs::read_to_string(trace.expect("an entry").path()).expect("a trace")
        });
        if traces.into_iter().any(|trace| trace.contains("/NAME\"")) {
            let is_run = ["\"", ", "].map(|end| table.contains(&format!("\"{name}{end}")));
            assert!(is_run.contains(&true), "{name} is not");
            named += 1;
        }
    }
    assert!(named >= 30, "only {named}");
}

#[test]
fn every_call_is_known_and_every_known_call_is_made() {
    let contract = Contract::assemble();
    let operations = contract
        .functions
        .values()
        .chain(contract.programs.values());
    let mut made: BTreeSet<_> = operations.flat_map(Operation::calls).collect();
    made.extend(contract.drops.values().flatten().map(|one| &one.name));
    let known: BTreeSet<_> = contract.calls.keys().collect();
    assert_eq!(made, known);
    let made = contract.lists().flatten().flat_map(|one| &one.flags);
    let made: BTreeSet<_> = made.flat_map(|flags| flags.split('|')).collect();
    for flag in contract.flags.keys() {
        assert!(made.contains(flag.as_str()), "{flag} is not used");
    }
}

#[test]
fn what_older_kernels_do_instead_is_among_the_outcomes() {
    let contract = Contract::assemble();
    let operations = || {
        contract
            .functions
            .values()
            .chain(contract.programs.values())
    };
    for older in &contract.kernels {
        let end = format!("-{}", older.outcomes);
        let outcomes = operations().flat_map(|operation| &operation.outcomes);
        let mut others = outcomes
            .filter_map(|(name, _)| name.strip_suffix(&end))
            .peekable();
        assert!(others.peek().is_some(), "none ends in {end}");
        for other in others {
            let has = operations().any(|operation| operation.outcomes.contains_key(other));
            assert!(has, "{other} is only {end}");
        }
    }
}
