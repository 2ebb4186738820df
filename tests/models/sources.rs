//! Whether the models say what the sources and the golden traces do.

use std::collections::BTreeMap;

use rawshm_tests::repository;

use crate::models;

/// The lines of the golden traces of operations, by file.
fn traces(operations: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for operation in operations {
        let folder = repository().join("tests/traces").join(operation);
        for file in std::fs::read_dir(&folder).expect("a folder of traces") {
            let file = file.expect("a file").path();
            let text = std::fs::read_to_string(&file).expect("a trace");
            // In another directory, names have no path.
            let mut text = text.replace(", \".\",", ", \"/dev/shm/.\",");
            for name in ["NAME", ".NAME"] {
                text = text.replace(&format!("\"{name}"), &format!("\"/dev/shm/{name}"));
            }
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            found.insert(format!("{operation}/{name}"), text);
        }
    }
    found
}

/// The words in the first parentheses of each use of a macro.
fn uses<'a>(text: &'a str, of: &str) -> Vec<&'a str> {
    let parts = text.split(of).skip(1);
    parts
        .filter_map(|rest| rest.split([',', ')']).next())
        .collect()
}

#[test]
fn each_function_that_a_model_names_is_in_its_file() {
    for model in models() {
        let mut count = 0;
        for comment in uses_of_comments(&model.text) {
            for named in comment.split(';') {
                let (file, function) = named.trim().split_once(": ").expect("FILE: FUNCTION");
                let source = std::fs::read_to_string(repository().join(file)).expect(file);
                let is_there = ["(", "<"]
                    .iter()
                    .any(|end| source.contains(&format!("fn {function}{end}")));
                assert!(is_there, "{}: {named}", model.name);
                count += 1;
            }
        }
        assert!(count > 10, "{}", model.name);
    }
}

/// The comments that name functions.
fn uses_of_comments(text: &str) -> Vec<&str> {
    let comments = text.split("/* src/").skip(1);
    let mut found = Vec::new();
    for comment in comments {
        let end = comment.find(" */").expect("its end");
        let start = comment.as_ptr() as usize - text.as_ptr() as usize - "src/".len();
        found.push(&text[start..start + "src/".len() + end]);
    }
    found
}

#[test]
fn each_part_of_a_model_with_steps_names_a_function() {
    for model in models() {
        for part in model
            .text
            .split("\n\n")
            .filter(|part| !part.contains("#define "))
        {
            let Some(step) = part.find("step(").or(part.find("access(")) else {
                continue;
            };
            let named = part[..step].contains("/* src/");
            assert!(named, "{}: {part}", model.name);
        }
    }
}

#[test]
fn each_call_of_a_model_is_in_a_golden_trace_and_each_line_of_those_is_in_the_model() {
    for model in models() {
        let calls = model.calls();
        let left_out = model.left_out();
        let traces = traces(&model.listed("The operations: "));
        let mut found = BTreeMap::<&str, usize>::new();
        for (file, text) in &traces {
            for line in text.lines() {
                let fits = calls
                    .iter()
                    .find(|call| call.is(line))
                    .map(|call| call.name);
                let fits = fits.or(left_out.iter().copied().find(|word| line.contains(word)));
                let fits = fits.unwrap_or_else(|| panic!("{}: {file}: {line}", model.name));
                *found.entry(fits).or_default() += 1;
            }
        }
        for name in calls.iter().map(|call| call.name).chain(left_out) {
            assert!(
                found.contains_key(name),
                "{}: {name}: no trace has it",
                model.name
            );
        }
        let made: Vec<_> = ["step(", "look_(", "also("]
            .iter()
            .flat_map(|of| uses(&model.text, of))
            .collect();
        for call in &calls {
            assert!(
                made.contains(&call.name),
                "{}: {}: no step",
                model.name,
                call.name
            );
        }
        for made in made {
            let is_known = made == "call" || calls.iter().any(|call| call.name == made);
            assert!(is_known, "{}: {made}: no call", model.name);
        }
    }
}
