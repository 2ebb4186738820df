//! The pages: their programs and commands work as pasted, and their figures are of one run. Their
//! links are looked at in `structure`.

mod commands;
mod diagnostics;
mod examples;
mod figures;
mod pasted;

use rawshm_tests::repository;

/// A page of the repository.
fn page(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).expect("a page")
}

/// The part of a page from this heading to the next heading of any level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let begin = format!("\n{heading}\n");
    let (_, rest) = page.split_once(&begin).expect(heading);
    let fences = |text: &str| text.matches("```").count();
    let ends = rest.match_indices("\n#");
    let end = ends
        .map(|(at, _)| at)
        .find(|at| fences(&rest[..*at]) % 2 == 0);
    &rest[..end.unwrap_or(rest.len())]
}

/// The code blocks in this language, without their indentation.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None::<(bool, usize, String)>);
    for line in page.lines() {
        let text = line.trim_start();
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(info)) => {
                let wanted = info.split(',').next() == Some(language);
                open = Some((wanted, line.len() - text.len(), String::new()));
            }
            (Some((_, _, block)), Some(_)) => {
                let block = std::mem::take(block);
                found.extend(open.take().filter(|(wanted, ..)| *wanted).map(|_| block));
            }
            (Some((_, indent, block)), None) => {
                *block += line.get(*indent..).unwrap_or("");
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

#[test]
fn blocks_are_found_by_their_language_and_lose_their_indentation() {
    let page = "```rust,no_run\na\n```\n- b\n\n  ```sh\n  c\n    d\n  ```\n```\ne\n```\n";
    assert_eq!(blocks(page, "rust"), ["a\n"]);
    assert_eq!(blocks(page, "sh"), ["c\n  d\n"]);
    let page = "\n## A\n```sh\n# no heading\n```\n## B\n";
    assert_eq!(section(page, "## A"), "```sh\n# no heading\n```");
}
