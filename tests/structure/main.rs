//! The sources as text: the order of the storeys, their files, and the needs of the tests.

mod dependencies;
mod files;
mod needs;
mod package;
mod storeys;
mod text;

use std::collections::BTreeMap;
use std::path::Path;

use rawshm_tests::repository;

/// The files below a folder of the repository with these endings: path in the repository, and text.
fn files(folder: &str, endings: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![repository().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.insert(
                    relative(&path),
                    std::fs::read_to_string(&path).expect("text"),
                );
            }
        }
    }
    found
}

fn relative(path: &Path) -> String {
    let path = path.strip_prefix(repository()).expect("below it");
    path.to_str().expect("text").to_owned()
}
