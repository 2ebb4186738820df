//! Compares what `operations` has printed on other kernels with the contract, counts the cells of
//! its matrices, and prints the page `docs/kernels.md`.
//!
//!     kernels LOG...

mod log;
mod page;

use std::collections::BTreeSet;
use std::process::ExitCode;

use log::Pass;
use rawshm_tests::repository;
use serde_json::Value;

/// The contract, as any program reads it.
struct Contract(Value);

impl Contract {
    fn read() -> Self {
        let file = repository().join("contract/syscalls.json");
        let text = std::fs::read_to_string(file).expect("the contract");
        Self(serde_json::from_str(&text).expect("JSON"))
    }

    /// The outcomes of an operation: of a function, of a program, or the drops of types.
    fn outcomes(&self, operation: &str) -> &Value {
        if operation == "drop" {
            return &self.0["drops"];
        }
        let of = |kind: &str| &self.0[kind][operation]["outcomes"];
        match of("functions") {
            Value::Null => of("programs"),
            outcomes => outcomes,
        }
    }

    /// The operations that have outcomes.
    fn operations(&self) -> BTreeSet<String> {
        let kinds = ["functions", "programs"];
        let all = kinds.iter().filter_map(|kind| self.0[kind].as_object());
        let all = all.flatten().filter(|(_, one)| one["outcomes"].is_object());
        let names = all.map(|(name, _)| name.clone());
        names.chain(["drop".into()]).collect()
    }

    /// What the names of other outcomes end in that take an outcome's place on this kernel.
    fn endings(&self, pass: &Pass) -> impl Iterator<Item = &str> {
        let all = self.0["kernels"].as_array().expect("an array");
        let applies = |older: &&Value| {
            let before = older["before"].as_str().expect("a version");
            // Root has every capability.
            let may = pass.user == "0" && older["without"].is_string();
            let proc = older["proc"]
                .as_bool()
                .is_none_or(|proc| proc == pass.has_proc);
            pass.is_before(before) && proc && !may
        };
        let applying: Vec<_> = all.iter().filter(applies).collect();
        let endings = applying.into_iter().map(|older| older["outcomes"].as_str());
        endings.map(|ending| ending.expect("words"))
    }

    /// The calls of an outcome, as they are on this architecture, and whether it is another one
    /// than where the traces were made.
    fn expected(&self, pass: &Pass, operation: &str, outcome: &str) -> Option<(String, bool)> {
        let outcomes = self.outcomes(operation);
        let mut others = self
            .endings(pass)
            .map(|ending| &outcomes[format!("{outcome}-{ending}")]);
        let other = others.find_map(Value::as_array);
        let calls = other.or_else(|| outcomes[outcome].as_array())?;
        let mut calls: Vec<_> = calls.iter().map(|call| self.call(pass, call)).collect();
        // The process of a function has made it long ago; what is before it in a program is made
        // by the library or the program itself.
        if self.0["programs"][operation].is_object() {
            let own = ["execve", "rt_sigaction", "clock_gettime64"];
            let is_own = |call: &&String| own.contains(&call.as_str());
            let place = calls.iter().take_while(is_own).count();
            calls.splice(place..place, self.first(pass));
        }
        let calls = match calls.as_slice() {
            [] => "none".into(),
            calls => calls.join(", "),
        };
        Some((calls, other.is_some()))
    }

    /// What every process calls besides.
    fn first(&self, pass: &Pass) -> Vec<String> {
        let first = match pass.machine.as_str() {
            "i686" => &self.0["first"]["x86"]["calls"],
            _ => &Value::Null,
        };
        let calls = first.as_array().into_iter().flatten();
        calls
            .map(|call| call.as_str().expect("a name").into())
            .collect()
    }

    fn call(&self, pass: &Pass, call: &Value) -> String {
        let name = call["call"].as_str().expect("a name");
        let names = &self.0["calls"][name]["names"][pass.architecture()];
        let name = names[0].as_str().unwrap_or(name);
        match call["error"].as_str() {
            Some(error) => format!("{name} {error}"),
            None => name.into(),
        }
    }
}

/// What has been found in one pass.
#[derive(Default)]
struct Found {
    cells: usize,
    /// How many of them are outcomes of older kernels.
    older: usize,
    unexplained: Vec<String>,
}

fn compare(contract: &Contract, pass: &Pass) -> Found {
    let mut found = Found::default();
    let mut missing = contract.operations();
    for line in &pass.lines {
        found.cells += 1;
        let explained = line.split_once(": ").is_some_and(|(name, calls)| {
            let Some((operation, outcome)) = name.split_once('/') else {
                return false;
            };
            missing.remove(operation);
            let expected = contract.expected(pass, operation, outcome);
            found.older += usize::from(matches!(expected, Some((_, true))));
            expected.is_some_and(|(expected, _)| expected == calls)
        });
        if !explained {
            found.unexplained.push(line.clone());
        }
    }
    if !pass.is_whole {
        found.unexplained.push("it has no end".into());
    }
    found
        .unexplained
        .extend(missing.into_iter().map(|name| format!("{name} is missing")));
    found
}

fn main() -> ExitCode {
    let contract = Contract::read();
    let (mut passes, mut matrices) = (Vec::new(), Vec::new());
    for file in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&file).expect("a log");
        passes.extend(log::passes(&text).into_iter().map(|pass| {
            let found = compare(&contract, &pass);
            (pass, found)
        }));
        matrices.extend(log::matrices(&text));
    }
    for (pass, found) in &passes {
        for line in &found.unexplained {
            eprintln!("{pass}: {line}");
        }
    }
    for matrix in &matrices {
        for line in &matrix.wrong {
            eprintln!(
                "{} {} {}: {line}",
                matrix.name, matrix.release, matrix.machine
            );
        }
    }
    print!("{}", page::page(&passes, &matrices));
    let is_explained = passes.iter().all(|(_, found)| found.unexplained.is_empty());
    let is_green = matrices.iter().all(|matrix| matrix.red == 0);
    ExitCode::from(u8::from(passes.is_empty() || !is_explained || !is_green))
}
