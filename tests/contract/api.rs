//! The public API: its functions by their paths, and the types whose drops make calls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rawshm_tests::repository;
use syn::{GenericArgument, ImplItem, Item, ItemImpl, PathArguments, Type, Visibility};

/// The paths of all public functions, such as `Object::create`.
pub fn functions() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_item(|file, item| functions_of(item, file, &mut found));
    found
}

/// The public structs that own a descriptor or a mapping, so that their drops make calls.
pub fn owners() -> BTreeSet<String> {
    let mut structs = Vec::new();
    let mut owners = BTreeSet::from(["OwnedFd".to_owned()]);
    each_item(|file, item| match item {
        Item::Struct(item) => {
            let fields = item.fields.iter();
            let fields: Vec<_> = fields.flat_map(|field| types_in(&field.ty)).collect();
            let name = item.ident.to_string();
            structs.push((is_public(&item.vis), module(file), name, fields));
        }
        Item::Impl(item) if is_drop(item) => {
            owners.extend(types_in(&item.self_ty).into_iter().take(1));
        }
        _ => {}
    });
    loop {
        let known = owners.len();
        for (_, _, name, fields) in &structs {
            if fields.iter().any(|field| owners.contains(field)) {
                owners.insert(name.clone());
            }
        }
        if owners.len() == known {
            break;
        }
    }
    let public = structs.into_iter().filter(|(is_public, ..)| *is_public);
    let public = public.filter(|(_, _, name, _)| owners.contains(name));
    public
        .map(|(_, module, name, _)| module.to_owned() + &name)
        .collect()
}

fn is_drop(item: &ItemImpl) -> bool {
    let of = item
        .trait_
        .as_ref()
        .and_then(|(_, path, _)| path.segments.last());
    of.is_some_and(|last| last.ident == "Drop")
}

/// The name of a type, and those of the types in its angle brackets.
fn types_in(of: &Type) -> Vec<String> {
    let Type::Path(path) = of else {
        return Vec::new();
    };
    let mut names = Vec::new();
    for segment in &path.path.segments {
        names.push(segment.ident.to_string());
        if let PathArguments::AngleBracketed(arguments) = &segment.arguments {
            for argument in &arguments.args {
                if let GenericArgument::Type(argument) = argument {
                    names.extend(types_in(argument));
                }
            }
        }
    }
    names
}

/// Passes each item of the library, but for the system's side, which is not public.
fn each_item(mut act: impl FnMut(&Path, &Item)) {
    let source = repository().join("src");
    for file in files(&source) {
        let within = file.strip_prefix(&source).expect("within");
        if within.starts_with("sys") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("source");
        let parsed = syn::parse_file(&text).expect("Rust");
        for item in &parsed.items {
            act(within, item);
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// What the path of a file's items begins with.
fn module(file: &Path) -> &'static str {
    match file.to_str().expect("text") {
        "error/errno.rs" => "errno::",
        path if path.starts_with("snapshot/") => "snapshot::",
        _ => "",
    }
}

fn functions_of(item: &Item, file: &Path, found: &mut BTreeSet<String>) {
    match item {
        Item::Fn(function) if is_public(&function.vis) => {
            found.insert(format!("{}{}", module(file), function.sig.ident));
        }
        Item::Impl(item) if item.trait_.is_none() => {
            let Type::Path(of) = &*item.self_ty else {
                return;
            };
            let of = of.path.segments.last().expect("a name").ident.to_string();
            // Claims are methods of objects.
            let module = if of == "Object" { "" } else { module(file) };
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
