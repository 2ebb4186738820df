//! The functions of the public API, by their paths.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rawshm_tests::repository;
use syn::{ImplItem, Item, Type, Visibility};

/// The paths of all public functions, such as `Object::create`.
pub fn functions() -> BTreeSet<String> {
    let source = repository().join("src");
    let mut found = BTreeSet::new();
    for file in files(&source) {
        let within = file.strip_prefix(&source).expect("within");
        // What the system's side has is not public.
        if within.starts_with("sys") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("source");
        let parsed = syn::parse_file(&text).expect("Rust");
        for item in &parsed.items {
            functions_of(item, within, &mut found);
        }
    }
    found
}

fn functions_of(item: &Item, file: &Path, found: &mut BTreeSet<String>) {
    let is_public = |visibility: &Visibility| matches!(visibility, Visibility::Public(_));
    match item {
        Item::Fn(function) if is_public(&function.vis) => {
            let module = match file.to_str().expect("text") {
                "error/errno.rs" => "errno::",
                path if path.starts_with("snapshot/") => "snapshot::",
                _ => "",
            };
            found.insert(format!("{module}{}", function.sig.ident));
        }
        Item::Impl(item) if item.trait_.is_none() => {
            let Type::Path(of) = &*item.self_ty else {
                return;
            };
            let of = of.path.segments.last().expect("a name").ident.to_string();
            // Claims are methods of objects.
            let module = if file.starts_with("snapshot") && of != "Object" {
                "snapshot::"
            } else {
                ""
            };
            for item in &item.items {
                let ImplItem::Fn(function) = item else {
                    continue;
                };
                if is_public(&function.vis) {
                    found.insert(format!("{module}{of}::{}", function.sig.ident));
                }
            }
        }
        _ => {}
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|one| one == "rs") {
            found.push(path);
        }
    }
    found
}
