//! What tests need beyond cargo, a C compiler and the kernel: the modules that they are in.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use crate::files;
use crate::text::{code, tokens};

/// A test that is ignored or is in the module of a need.
#[derive(Debug, PartialEq, Eq)]
struct Test {
    name: String,
    /// The needs that its modules name, from the outermost.
    needs: Vec<String>,
    /// Why it is ignored.
    reason: Option<String>,
}

/// The tests of a file that are ignored, or that need something.
fn tests(file: &str, source: &str) -> Vec<Test> {
    let blank = code(source);
    let need = |module: &str| Some(module.strip_prefix("needs_")?.to_owned());
    let folders: Vec<String> = file.split('/').filter_map(need).collect();
    let (mut within, mut depth) = (Vec::new(), 0);
    let (mut is_test, mut reason) = (false, None);
    let mut found = Vec::new();
    for (line, code) in source.lines().zip(blank.lines()) {
        let words = tokens(code);
        match words.as_slice() {
            ["#", "[", "test", ..] => is_test = true,
            ["#", "[", "ignore", "=", ..] => {
                reason = line.split('"').nth(1).map(str::to_owned);
            }
            ["mod", module, "{", ..] => within.extend(need(module).map(|need| (need, depth))),
            ["fn", name, ..] => {
                let inner = within.iter().map(|(need, _)| need.clone());
                let needs: Vec<_> = folders.iter().cloned().chain(inner).collect();
                let (is_test, reason) = (std::mem::take(&mut is_test), reason.take());
                if is_test && (reason.is_some() || !needs.is_empty()) {
                    let name = (*name).to_owned();
                    found.push(Test {
                        name,
                        needs,
                        reason,
                    });
                }
            }
            _ => {}
        }
        depth += words.iter().filter(|word| **word == "{").count();
        depth -= words.iter().filter(|word| **word == "}").count();
        within.retain(|(_, outside)| *outside < depth);
    }
    found
}

/// The names in the table of `tests/run.sh`.
fn known() -> BTreeSet<String> {
    let script = files("tests", &["run.sh"])
        .remove("tests/run.sh")
        .expect("a script");
    let (_, table) = script.split_once("\nneeds=(\n").expect("a table");
    let (table, _) = table.split_once("\n)\n").expect("its end");
    let name = |line: &str| {
        line.trim()
            .trim_start_matches('"')
            .split(' ')
            .next()
            .map(str::to_owned)
    };
    table.lines().filter_map(name).collect()
}

/// Whether a test is not ignored for the reason that its modules name, or has an unknown need.
fn wrong(test: &Test, known: &BTreeSet<String>) -> bool {
    let needs: Vec<_> = test
        .needs
        .iter()
        .map(|need| need.replace('_', " "))
        .collect();
    let expected = format!("needs {}", needs.join(" and "));
    test.reason.as_ref() != Some(&expected) || !test.needs.iter().all(|need| known.contains(need))
}

#[test]
fn an_ignored_test_is_in_the_module_of_a_need_that_the_script_knows_and_says_why() {
    let known = known();
    let mut left_out = BTreeMap::<String, usize>::new();
    let mut unmet = Vec::new();
    for (file, source) in files("tests", &[".rs"]) {
        for test in tests(&file, &source) {
            if wrong(&test, &known) {
                unmet.push(format!("{file}: {test:?}"));
            }
            *left_out.entry(test.needs.join(" and ")).or_default() += 1;
        }
    }
    assert!(unmet.is_empty(), "{}", unmet.join("\n"));
    if std::env::args().any(|argument| argument.contains("ignored")) {
        return;
    }
    let all: usize = left_out.values().sum();
    let needs = left_out
        .iter()
        .map(|(need, count)| format!("{count} need {need}"));
    let needs: Vec<_> = needs.collect();
    // Not with a macro, whose output libtest captures.
    let _ = writeln!(
        std::io::stdout(),
        "\n{all} tests are left out, which tests/run.sh runs: {}",
        needs.join(", ")
    );
}

#[test]
fn what_is_ignored_elsewhere_or_not_ignored_there_is_found() {
    let source = "mod needs_go {
        mod deep { fn helper() { if true {} } }
        #[test]
        #[ignore = \"needs go\"]
        fn one() {}
        #[test]
        fn two() {}
    }
    #[test]
    #[ignore = \"it takes long\"]
    fn three() { let brace = '{'; }
    #[test]
    fn four() {}
    mod needs_nothing {
        #[test]
        #[ignore = \"needs nothing\"]
        fn five() {}
    }";
    let known = BTreeSet::from(["go".to_owned(), "root".to_owned()]);
    let found = |file: &str| -> Vec<_> {
        let tests = tests(file, source).into_iter();
        tests
            .filter(|test| wrong(test, &known))
            .map(|test| test.name)
            .collect()
    };
    assert_eq!(found("tests/capi/programs.rs"), ["two", "three", "five"]);
    assert_eq!(
        found("tests/capi/needs_root/x.rs"),
        ["one", "two", "three", "four", "five"]
    );
}
