//! The links of the pages.

use std::collections::BTreeSet;
use std::path::{Component, Path};

use rawshm_tests::{cargo, repository, run};

use crate::page;

/// The files of the crate's package.
fn package() -> BTreeSet<String> {
    let list = ["package", "--list", "--allow-dirty", "--package=rawshm"];
    let listed = run(cargo().args(list));
    assert_eq!(listed.status, 0, "{}", listed.stderr);
    listed.stdout.lines().map(str::to_owned).collect()
}

/// Where the links of a page lead: `[text](target)` and `[text]: target`.
fn targets(page: &str) -> Vec<&str> {
    let inline = page.split("](").skip(1);
    let inline = inline.filter_map(|rest| rest.split(')').next());
    let defined = page.lines().filter(|line| line.starts_with('['));
    let defined = defined.filter_map(|line| Some(line.split_once("]: ")?.1));
    inline.chain(defined).collect()
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept
        .chars()
        .filter(|one| one.is_alphanumeric() || " -_".contains(*one));
    kept.map(|one| if one == ' ' { '-' } else { one }).collect()
}

/// The path of a link in the repository: from the folder of its page.
fn resolved(from: &str, to: &str) -> String {
    let mut parts = Vec::new();
    let path = Path::new(from).parent().expect("a folder").join(to);
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part.as_os_str().to_str().expect("text").to_owned()),
        }
    }
    parts.join("/")
}

#[test]
fn every_link_leads_to_a_heading_or_a_file_and_in_the_package_to_one_that_it_has() {
    let package = package();
    let mut pages: BTreeSet<String> = package
        .iter()
        .filter(|file| Path::new(file).extension() == Some("md".as_ref()))
        .cloned()
        .collect();
    for other in ["benches", "examples/capi", "examples/static"] {
        pages.insert(format!("{other}/README.md"));
    }
    let mut wrong = Vec::new();
    let mut seen = 0;
    for from in &pages {
        let text = page(from);
        for target in targets(&text)
            .into_iter()
            .filter(|to| !to.starts_with("http"))
        {
            seen += 1;
            let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() {
                from.clone()
            } else {
                resolved(from, path)
            };
            let there = repository().join(&path).exists();
            let shipped = package.contains(&path) || !package.contains(from);
            let anchored = fragment.is_empty()
                || page(&path)
                    .lines()
                    .any(|line| line.starts_with('#') && anchor(line) == fragment);
            if !there || !shipped || !anchored {
                wrong.push(format!("{from}: {target}"));
            }
        }
    }
    assert!(seen > 30, "{seen} links");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
