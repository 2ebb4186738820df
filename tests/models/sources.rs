//! Whether the models say what the sources and the golden traces do.

use std::collections::{BTreeMap, BTreeSet};

use rawshm_tests::repository;

use crate::calls::{WITHOUT_A_PATH, WITHOUT_A_STEP};
use crate::{Model, models};

/// The calls of each golden trace of the model's operations, by number and file; and of those that
/// no path of the model has.
pub fn traces(model: &Model) -> [BTreeMap<String, Vec<usize>>; 2] {
    let (mut followed, mut left_out) = (BTreeMap::new(), BTreeMap::new());
    for (file, text) in texts(&model.operations()) {
        let calls = text.lines().filter_map(|line| {
            let fits = call(model, line);
            assert!(
                fits.is_some() || is_left_out(model, line),
                "{}: {file}: {line}",
                model.name
            );
            fits
        });
        let calls: Vec<_> = calls.collect();
        let mut listed = WITHOUT_A_PATH.iter();
        if listed.any(|(of, end, _)| *of == model.name && file.ends_with(end)) {
            left_out.insert(file, calls);
        } else {
            followed.insert(file, calls);
        }
    }
    [followed, left_out]
}

/// The number of the call of a line.
fn call(model: &Model, line: &str) -> Option<usize> {
    // A snapshot's creation is in the other model, except the call that gives the name.
    if !line.starts_with("renameat") && is_left_out(model, line) {
        return None;
    }
    model.calls.iter().position(|(_, words)| {
        let mut words = words.split(' ');
        words.next().is_some_and(|call| line.starts_with(call))
            && words.all(|word| line.contains(word))
    })
}

fn is_left_out(model: &Model, line: &str) -> bool {
    let listed = WITHOUT_A_STEP.iter().filter(|(of, _)| *of == model.name);
    listed.flat_map(|(_, words)| *words).any(|word| {
        if word.ends_with('(') {
            line.starts_with(word)
        } else {
            line.contains(word)
        }
    })
}

/// The golden traces of operations, by file.
fn texts(operations: &[&str]) -> BTreeMap<String, String> {
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

/// The places in a model where it makes calls, as the text from there to the end of the line.
pub fn places(model: &Model) -> Vec<String> {
    let mut places = Vec::new();
    let lines = model.text.lines();
    for line in lines.filter(|line| !line.starts_with("#define look_")) {
        let starts = ["step(", "also(", "look_("];
        let found = starts.iter().flat_map(|start| line.match_indices(start));
        let mut found: Vec<_> = found.map(|(at, _)| at).collect();
        found.sort_unstable();
        places.extend(found.iter().map(|at| line[*at..].to_owned()));
    }
    places
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
        let all = traces(&model);
        let used: BTreeSet<_> = all.iter().flat_map(BTreeMap::values).flatten().collect();
        let places = places(&model);
        for (number, (name, _)) in model.calls.iter().enumerate() {
            let is_in_a_trace = used.contains(&number);
            assert!(is_in_a_trace, "{}: {name}: no trace has it", model.name);
            let is_made = places
                .iter()
                .any(|place| place.contains(&format!("({name}")));
            assert!(is_made, "{}: {name}: no step", model.name);
        }
        let texts = texts(&model.operations());
        let listed = WITHOUT_A_STEP.iter().filter(|(of, _)| *of == model.name);
        for word in listed.flat_map(|(_, words)| *words) {
            let has_word = texts.values().any(|text| text.contains(word));
            assert!(has_word, "{}: {word}: no trace has it", model.name);
        }
        for (of, end, _) in WITHOUT_A_PATH {
            let is_there = *of != model.name || all[1].keys().any(|file| file.ends_with(end));
            assert!(is_there, "{}: {end}: no such trace", model.name);
        }
    }
}
