//! What the crate needs.

use std::collections::BTreeSet;

use rawshm_tests::{cargo, run};

const CRATES: [&str; 5] = ["bitflags", "bytemuck", "linux-raw-sys", "rawshm", "rustix"];

/// The lines that `cargo tree` prints of the crate, with these arguments.
fn tree(arguments: &[&str]) -> Vec<String> {
    let mut tree = cargo();
    tree.args(["tree", "--package", "rawshm", "--prefix", "none"]);
    let ended = run(tree.args(arguments));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    ended.stdout.lines().map(str::to_owned).collect()
}

fn crates(lines: &[String]) -> BTreeSet<&str> {
    let names = lines.iter().map(|line| line.split(' ').next());
    names.map(|name| name.expect("a word")).collect()
}

#[test]
fn the_core_needs_two_features_of_rustix() {
    let lines = tree(&["--edges", "normal,features", "--no-default-features"]);
    let features = lines.iter();
    let features = features.filter_map(|line| line.strip_prefix("rustix feature \""));
    let features: BTreeSet<_> = features.filter_map(|line| line.split('"').next()).collect();
    assert_eq!(features, BTreeSet::from(["fs", "mm"]));
    assert_eq!(crates(&lines), BTreeSet::from(CRATES));
}

#[test]
fn the_library_needs_these_crates_and_no_libc() {
    let tree = |target: &str| tree(&["--edges", "normal,build", "--target", target]);
    for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-musl"] {
        assert_eq!(crates(&tree(target)), BTreeSet::from(CRATES));
    }
    assert!(crates(&tree("aarch64-apple-darwin")).contains("libc"));
}
