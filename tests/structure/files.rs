//! Where code may depend on the platform, and how long and wide files are.

use crate::files;
use crate::text::{code, tokens};

/// The most lines of code in a file, and characters in a line.
const LINES: usize = 300;
const WIDTH: usize = 100;

/// The files of `src` whose code has this word, except those that may.
fn with_word(word: &str, may: impl Fn(&str) -> bool) -> Vec<String> {
    let files = files("src", &[".rs"]);
    let mut with: Vec<_> = files
        .into_iter()
        .filter(|(_, source)| tokens(&code(source)).contains(&word))
        .map(|(file, _)| file)
        .collect();
    assert!(with.iter().any(|file| may(file)), "nothing has {word}");
    with.retain(|file| !may(file));
    with
}

#[test]
fn the_system_is_asked_for_at_one_door_only() {
    let elsewhere = with_word("target_os", |file| file == "src/sys/mod.rs");
    assert_eq!(elsewhere, [""; 0]);
}

#[test]
fn the_processor_is_asked_for_by_copies_and_raw_calls_only() {
    let elsewhere = with_word("target_arch", |file| {
        file.starts_with("src/bytes/copy/") || file == "src/sys/linux/snapshot/raw.rs"
    });
    assert_eq!(elsewhere, [""; 0]);
}

/// Another process of the machine may depend on them.
#[test]
fn settings_of_the_whole_machine_are_changed_in_emulated_ones_only() {
    let settings = [
        concat!("/proc", "/sys"),
        concat!("sys", "ctl "),
        concat!("/sys", "/kernel"),
    ];
    let mut with = Vec::new();
    for folder in ["tests", "examples", "benches"] {
        let all = files(folder, &[".rs", ".sh", ".c", ".py", ".go"]);
        let has = |text: &String| settings.iter().any(|setting| text.contains(setting));
        let found = all.into_iter().filter(|(_, text)| has(text));
        with.extend(found.map(|(file, _)| file));
    }
    let guests = with.iter().filter(|file| file.starts_with("tests/guest/"));
    assert!(guests.count() > 0, "nothing changes them");
    with.retain(|file| !file.starts_with("tests/guest/"));
    let these_read = [
        "tests/hostile/needs_namespaces/mod.rs",
        "tests/hostile/needs_root/users.rs",
    ];
    assert_eq!(with, these_read);
}

#[test]
fn a_file_has_at_most_300_lines_of_code() {
    let mut long = Vec::new();
    for (file, source) in files("", &[".rs"]) {
        let code = code(&source);
        let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
        let is_generated = file == "contract/filters.rs";
        if lines > LINES && !is_of_claims(&file) && !is_generated {
            long.push(format!("{file}: {lines}"));
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

/// Whether a file is a list of tests, on which nothing else depends.
fn is_of_claims(file: &str) -> bool {
    file.starts_with("tests/") && !file.starts_with("tests/support/")
}

/// The lines of a file that must be short: no tables and no links, and in Markdown nothing between
/// fences.
fn bounded<'a>(file: &str, text: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let is_prose = file.rsplit('.').next() == Some("md");
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = is_prose && line.trim_start().starts_with("```");
        fenced ^= fence;
        let text = line.trim_start();
        let text = ["//!", "///"]
            .iter()
            .find_map(|mark| text.strip_prefix(mark))
            .unwrap_or(text);
        let table = text.trim_start().starts_with('|');
        let link = line.contains("://") || (is_prose && line.contains("]("));
        !(fence || fenced || table || link)
    })
}

#[test]
fn no_line_has_more_than_100_characters() {
    let mut wide = Vec::new();
    for (file, text) in files("", &[".rs", ".sh", ".md"]) {
        for (number, line) in bounded(&file, &text) {
            if line.chars().count() > WIDTH {
                wide.push(format!("{file}:{number}"));
            }
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}
