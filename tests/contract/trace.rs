//! Golden traces as data.

use std::collections::BTreeMap;
use std::path::Path;

use rawshm_tests::repository;
use serde::Serialize;

/// A system call, as far as it is part of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Call {
    #[serde(rename = "call")]
    pub name: String,
    /// The arguments that are named constants, such as `O_RDWR|O_CREAT`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The test made it fail.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
}

/// The calls of each outcome of each operation, in order.
pub type Operations = BTreeMap<String, BTreeMap<String, Vec<Call>>>;

/// Reads every trace.
pub fn read_all() -> Operations {
    let mut operations = Operations::new();
    let folder = repository().join("tests/traces");
    for operation in folders(&folder) {
        let outcomes = std::fs::read_dir(folder.join(&operation)).expect("a folder");
        for outcome in outcomes {
            let file = outcome.expect("an entry").path();
            let Some("strace") = file.extension().and_then(|one| one.to_str()) else {
                continue;
            };
            let outcome = file.file_stem().expect("a name").to_str().expect("text");
            let trace = std::fs::read_to_string(&file).expect("a trace");
            let calls = trace.lines().filter_map(|line| {
                call(line).unwrap_or_else(|| panic!("{}: no call: {line}", file.display()))
            });
            operations
                .entry(operation.replace('.', "::"))
                .or_default()
                .insert(outcome.replace('.', "::"), calls.collect());
        }
    }
    operations
}

fn folders(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let entries = entries.map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names = folders.map(|entry| entry.file_name().into_string().expect("text"));
    names.collect()
}

/// The call in a line of a trace; `Some(None)` if it is about a signal or the end of the process.
#[expect(clippy::option_option, reason = "a line that is neither is an error")]
fn call(line: &str) -> Option<Option<Call>> {
    if line.starts_with("+++ ") || line.starts_with("--- ") {
        return Some(None);
    }
    let (name, rest) = line.split_once('(')?;
    let (arguments, rest) = arguments(rest)?;
    let (_, result) = rest.split_once("= ")?;
    let failed = result.strip_prefix("-1 ").or(result.strip_prefix("? E"));
    let error = failed.map(|_| {
        let error = result.split(' ').nth(1).expect("an errno");
        // The kernel's own words for it, which no program sees.
        let interrupted = error.starts_with("ERESTART");
        (if interrupted {
            "interrupted by a signal"
        } else {
            error
        })
        .to_owned()
    });
    Some(Some(Call {
        name: name.to_owned(),
        flags: arguments.into_iter().filter(|one| is_flag(one)).collect(),
        error,
        forced: result.ends_with("(INJECTED)"),
    }))
}

/// The arguments up to the closing parenthesis, and what follows it.
fn arguments(text: &str) -> Option<(Vec<String>, &str)> {
    let mut arguments = vec![String::new()];
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => return Some((arguments, &text[at + 1..])),
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        let last = arguments.last_mut().expect("one at least");
        if !(last.is_empty() && character == ' ') {
            last.push(character);
        }
    }
    None
}

/// Whether an argument is a named constant that says what the call does.
fn is_flag(argument: &str) -> bool {
    let is_name = |name: &str| {
        name.contains('_')
            && name.starts_with(|first: char| first.is_ascii_uppercase())
            && name
                .chars()
                .all(|one| one.is_ascii_uppercase() || one.is_ascii_digit() || one == '_')
    };
    argument.split('|').all(is_name) && argument != "AT_FDCWD"
}

#[test]
fn every_trace_belongs_to_a_test() {
    let folder = repository().join("tests/traces/needs_strace");
    let files = std::fs::read_dir(folder).expect("a folder");
    let source: String = files
        .map(|file| std::fs::read_to_string(file.expect("an entry").path()).expect("text"))
        .collect();
    // Tests add these to a name.
    let ways = ["", "-through-proc", "-without-O_TMPFILE", "-without-links"];
    for (operation, outcomes) in read_all() {
        for outcome in outcomes.keys() {
            let is_made = ways.iter().any(|way| {
                let name = outcome.strip_suffix(way);
                name.is_some_and(|name| source.contains(&format!("\"{operation}/{name}\"")))
            });
            assert!(is_made, "no test makes {operation}/{outcome}");
        }
    }
}

#[test]
fn a_line_of_a_trace_is_a_call_with_its_flags_and_its_error() {
    let line =
        r#"linkat(3, "a)\",", AT_FDCWD, "b", AT_EMPTY_PATH) = -1 EEXIST (File exists) (INJECTED)"#;
    let expected = Call {
        name: "linkat".into(),
        flags: vec!["AT_EMPTY_PATH".into()],
        error: Some("EEXIST".into()),
        forced: true,
    };
    assert_eq!(call(line), Some(Some(expected)));
    let line = "ppoll([{fd=3, events=POLLIN}], 1, NULL, NULL, 0) = 1 ([{fd=3, revents=POLLIN}])";
    let found = call(line).expect("a line").expect("a call");
    assert_eq!((found.name.as_str(), found.error), ("ppoll", None));
    assert_eq!(call("+++ exited with 0 +++"), Some(None));
    assert_eq!(call("close(3"), None);
}
