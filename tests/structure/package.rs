//! What a user downloads: the crate's package.

use std::collections::BTreeSet;

use rawshm_tests::{cargo, repository, run};

/// The files in it.
fn packaged() -> BTreeSet<String> {
    let listed = run(cargo().args(["package", "--list", "--allow-dirty", "--package", "rawshm"]));
    assert_eq!(listed.status, 0, "{}", listed.stderr);
    listed.stdout.lines().map(str::to_owned).collect()
}

/// The lines of a page that are no code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !(fence || fenced)
    })
}

/// What a page links to.
fn links(page: &str) -> Vec<&str> {
    let inline = prose(page).flat_map(|line| line.split("](").skip(1));
    let inline = inline.filter_map(|rest| Some(rest.split_once(')')?.0));
    let named = prose(page).filter(|line| line.starts_with('['));
    let named = named.filter_map(|line| Some(line.split_once("]: ")?.1));
    inline.chain(named).collect()
}

/// The names by which the headings of a page can be linked to.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            let kept = text
                .chars()
                .filter(|one| one.is_alphanumeric() || " -_".contains(*one));
            kept.map(|one| if one == ' ' { '-' } else { one }).collect()
        })
        .collect()
}

/// The path in the package that a link of a page means; `None` if it leads out of it.
fn target(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            ".." => drop(parts.pop()?),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The links of the pages that lead to nothing in the package.
fn broken(files: &BTreeSet<String>, read: impl Fn(&str) -> String) -> Vec<String> {
    let mut broken = Vec::new();
    for page in files
        .iter()
        .filter(|file| file.rsplit('.').next() == Some("md"))
    {
        let text = read(page);
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let found = match path {
                "" => Some(page.clone()),
                path => target(page, path).filter(|path| files.contains(path)),
            };
            let leads = found
                .is_some_and(|found| anchor.is_empty() || anchors(&read(&found)).contains(anchor));
            if !leads {
                broken.push(format!("{page}: {link}"));
            }
        }
    }
    broken
}

#[test]
fn a_link_of_a_page_leads_to_what_is_in_the_package_or_to_an_address() {
    let files = packaged();
    assert!(files.contains("README.md") && files.contains("src/lib.rs"));
    let read = |file: &str| std::fs::read_to_string(repository().join(file)).expect("text");
    let broken = broken(&files, read);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_link_that_leads_nowhere_is_found() {
    let files = ["README.md", "docs/a.md", "LICENSE"].map(str::to_owned);
    let read = |file: &str| -> String {
        let text = match file {
            "README.md" => {
                "# A `b`: c-d\n[1](docs/a.md#x) [2](LICENSE) [3](tests) [4](#a-b-c-d) [5](#x)\n\
                 ```sh\n[6](in-code)\n```\n[7]: docs/b.md\n[8](https://example.org/9)"
            }
            "docs/a.md" => "# X\n[10](../LICENSE) [11](../README.md#x) [12](../../out)",
            _ => unreachable!("{file}"),
        };
        text.to_owned()
    };
    assert_eq!(
        broken(&BTreeSet::from(files), read),
        [
            "README.md: tests",
            "README.md: #x",
            "README.md: docs/b.md",
            "docs/a.md: ../README.md#x",
            "docs/a.md: ../../out",
        ]
    );
}

#[cfg(target_os = "linux")]
mod needs_half_a_minute {
    use super::*;
    use rawshm_tests::{Folder, Peer, UniqueName};
    use std::path::Path;
    use std::process::Command;

    /// Cargo in a folder, with a target directory in it.
    fn cargo_in(folder: &Path, command: &str) -> Command {
        let mut cargo = cargo();
        cargo.current_dir(folder).arg(command);
        cargo.arg("--target-dir").arg(folder.join("target"));
        cargo
    }

    #[test]
    #[ignore = "needs half a minute"]
    fn the_unpacked_package_passes_its_doctests_and_runs_its_examples() {
        let folder = Folder::new();
        let mut package = cargo_in(&folder, "package");
        package
            .arg("--manifest-path")
            .arg(repository().join("Cargo.toml"));
        let packed = run(package.args(["--quiet", "--allow-dirty", "--no-verify", "-p", "rawshm"]));
        assert_eq!(packed.status, 0, "{}", packed.stderr);
        let unpacked = run(Command::new("sh")
            .args([
                "-c",
                "tar -xzf target/package/rawshm-*.crate && mv rawshm-* unpacked",
            ])
            .current_dir(&*folder));
        assert_eq!(unpacked.status, 0, "{}", unpacked.stderr);
        let folder = folder.join("unpacked");

        let tested = run(cargo_in(&folder, "test").arg("--all-features"));
        assert_eq!(tested.status, 0, "{}{}", tested.stdout, tested.stderr);
        let doctests = tested
            .stdout
            .lines()
            .filter(|line| line.contains(" - ") && line.ends_with("ok"));
        assert!(doctests.count() > 50, "{}", tested.stdout);

        let name = UniqueName::new();
        let example = |name: &str| Command::new(folder.join("target/debug/examples").join(name));
        let columns = run(example("columns").args(["write", &name.argument(), "1", "-22", "333"]));
        assert_eq!((columns.status, columns.stderr.as_str()), (0, ""));
        let columns = run(example("columns").args(["read", &name.argument()]));
        assert_eq!(columns.stdout, "[1, -22, 333]\n");
        let name = UniqueName::new();
        let mut receive = Peer::start(example("frames").args(["receive", &name.argument()]));
        receive.asleep_in(libc::SYS_ppoll);
        let send = run(example("frames").args(["send", &name.argument(), "2"]));
        assert_eq!((send.status, send.stderr.as_str()), (0, ""));
        assert!(receive.line().ends_with(" frames, the last is 2"));
        assert_eq!(receive.end(), 0);
    }
}
