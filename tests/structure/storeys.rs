//! Each storey imports only from storeys below it.

use std::collections::{BTreeMap, BTreeSet};

use crate::files;
use crate::text::{code, tokens};

/// From the lowest to the highest.
const STOREYS: [&str; 6] = ["error", "bytes", "sys", "object", "complete", "snapshot"];

/// The names of modules, down to a module or an item.
type Path = Vec<String>;

#[derive(Default)]
struct Module {
    file: String,
    /// The modules that are declared in it.
    children: BTreeSet<String>,
    /// What it imports or re-exports: the name here, and the path.
    imports: BTreeMap<String, Path>,
    /// The modules of which it imports everything.
    globs: Vec<Path>,
    /// The items that are declared in it.
    items: BTreeSet<String>,
    /// Every path to the crate that its code has.
    paths: BTreeSet<Path>,
}

struct Modules(BTreeMap<Path, Module>);

impl Modules {
    /// Those of a crate with these files: path below `src`, and text.
    fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut modules = Self(BTreeMap::new());
        let sources: Vec<_> = files
            .into_iter()
            .map(|(file, source)| (file, code(source)))
            .collect();
        for (file, source) in &sources {
            modules.read(file, &tokens(source));
        }
        modules
    }

    fn read(&mut self, file: &str, tokens: &[&str]) {
        let stem = file.trim_end_matches(".rs");
        let stem = stem.strip_suffix("/mod").unwrap_or(stem);
        let of_the_file: Path = match stem {
            "lib" => Path::new(),
            _ => stem.split('/').map(str::to_owned).collect(),
        };
        // The modules around the next token, with the depth of braces at which each ends.
        let mut within = vec![(of_the_file, 0)];
        let (mut at, mut depth) = (0, 0);
        while let Some(token) = tokens.get(at) {
            let path = within.last().expect("the file's").0.clone();
            let module = self.0.entry(path.clone()).or_default();
            file.clone_into(&mut module.file);
            at += 1;
            let next = |by: usize| tokens.get(at + by).copied().unwrap_or("");
            match *token {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if within.last().is_some_and(|(_, end)| *end == depth) && within.len() > 1 {
                        within.pop();
                    }
                }
                "mod" if [";", "{"].contains(&next(1)) => {
                    module.children.insert(next(0).to_owned());
                    if next(1) == "{" {
                        let inner = [path, vec![next(0).to_owned()]].concat();
                        within.push((inner, depth));
                    }
                }
                "use" if next(0) != "<" => {
                    let len = tokens[at..].iter().position(|token| *token == ";");
                    let len = len.expect("an end");
                    import(module, &path, &[], &mut &tokens[at..at + len]);
                    at += len;
                }
                "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" => {
                    module.items.insert(next(0).to_owned());
                }
                "crate" | "self" | "super" if next(0) == "::" => {
                    let mut segments = vec![(*token).to_owned()];
                    while let ["::", word, ..] = &tokens[at..] {
                        if !is_word(word) {
                            break;
                        }
                        segments.push((*word).to_owned());
                        at += 2;
                    }
                    module.paths.extend(absolute(&path, &segments));
                }
                _ => {}
            }
        }
    }

    /// Where the item or module of a path is declared; `None` if in another crate.
    fn resolve(&self, path: &[String]) -> Option<Path> {
        let mut at = Path::new();
        for (index, segment) in path.iter().enumerate() {
            let Some(module) = self.0.get(&at) else {
                // Within an item, such as a variant of an enum.
                return Some(at);
            };
            if module.children.contains(segment) {
                at.push(segment.clone());
                continue;
            }
            let rest = &path[index + 1..];
            if let Some(import) = module.imports.get(segment) {
                let item = self.resolve_import(&at, &[import, rest].concat());
                // What a storey re-exports from another crate counts as the storey's own.
                return item.or((!at.is_empty()).then_some(at));
            }
            if module.items.contains(segment) {
                at.push(segment.clone());
                return Some(at);
            }
            for glob in &module.globs {
                let Some(from) = self.resolve_import(&at, glob) else {
                    continue;
                };
                let holds = |module: &Module| {
                    module.items.contains(segment) || module.imports.contains_key(segment)
                };
                if self.0.get(&from).is_some_and(holds) {
                    return self.resolve(&[&from, &path[index..]].concat());
                }
            }
            at.push(segment.clone());
            return Some(at);
        }
        Some(at)
    }

    /// The same for an import of a module, which may begin with a child of it, or be another
    /// crate's.
    fn resolve_import(&self, module: &Path, import: &[String]) -> Option<Path> {
        let first = import.first()?;
        if first == "crate" {
            return self.resolve(&import[1..]);
        }
        let here = &self.0[module];
        if here.children.contains(first) {
            return self.resolve(&[module, import].concat());
        }
        None
    }

    /// Every path that leads from a storey to a higher one.
    fn upwards(&self) -> Vec<String> {
        let mut upwards = Vec::new();
        for (module, Module { file, paths, .. }) in &self.0 {
            let Some(own) = module.first().and_then(storey) else {
                continue;
            };
            for path in paths {
                let Some(item) = self.resolve(path) else {
                    continue;
                };
                let found = item.first().and_then(storey);
                // The calls of the system take one thing from above: what holds an object's path.
                let name = STOREYS[own] == "sys"
                    && item.starts_with(&["object".into()])
                    && item.last().is_some_and(|last| last == "Name");
                if !name && found.is_none_or(|found| found > own) {
                    let (path, item) = (path.join("::"), item.join("::"));
                    upwards.push(format!("{file}: crate::{path}, which is crate::{item}"));
                }
            }
        }
        upwards
    }
}

fn storey(module: &String) -> Option<usize> {
    STOREYS.iter().position(|storey| storey == module)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Reads what follows `use` up to its end, or to the comma or brace that ends a part of it.
fn import(module: &mut Module, path: &Path, before: &[String], tokens: &mut &[&str]) {
    let mut segments = before.to_vec();
    let mut name = None;
    while let Some((token, rest)) = tokens.split_first() {
        match *token {
            "," | "}" => break,
            "{" => {
                *tokens = rest;
                while let Some((token, rest)) = tokens.split_first() {
                    match *token {
                        "}" => {
                            *tokens = rest;
                            break;
                        }
                        "," => *tokens = rest,
                        _ => import(module, path, &segments, tokens),
                    }
                }
                return;
            }
            "*" => {
                *tokens = rest;
                let from = absolute(path, &segments);
                module.paths.extend(from.clone());
                module.globs.push(marked(from, segments));
                return;
            }
            "as" => name = rest.first().map(|name| (*name).to_owned()),
            _ if is_word(token) && name.is_none() => segments.push((*token).to_owned()),
            _ => {}
        }
        *tokens = rest;
    }
    if segments.last().is_some_and(|last| last == "self") && segments.len() > 1 {
        segments.pop();
    }
    let from = absolute(path, &segments);
    module.paths.extend(from.clone());
    let last = segments.last().cloned();
    if let Some(name) = name.or(last) {
        module.imports.insert(name, marked(from, segments));
    }
}

/// A path in the crate with `crate` before it; any other one as written.
fn marked(absolute: Option<Path>, written: Path) -> Path {
    match absolute {
        Some(path) => [vec!["crate".to_owned()], path].concat(),
        None => written,
    }
}

/// The path from the top of the crate, if it is written from there or from this module.
fn absolute(module: &Path, path: &[String]) -> Option<Path> {
    let mut base = match path.first()?.as_str() {
        "crate" => Path::new(),
        "self" => module.clone(),
        "super" => {
            let mut above = module.clone();
            above.pop();
            above
        }
        _ => return None,
    };
    for segment in &path[1..] {
        if segment == "super" {
            base.pop();
        } else {
            base.push(segment.clone());
        }
    }
    Some(base)
}

#[test]
fn each_storey_imports_from_storeys_below_it_only() {
    let files = files("src", &[".rs"]);
    let below_src = |file: &'_ String| file["src/".len()..].to_owned();
    let files: Vec<_> = files
        .iter()
        .map(|(file, source)| (below_src(file), source))
        .collect();
    let folders: BTreeSet<_> = files
        .iter()
        .filter_map(|(file, _)| Some(file.split_once('/')?.0))
        .collect();
    assert_eq!(folders, BTreeSet::from(STOREYS), "the storeys");
    let modules = Modules::of(
        files
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str())),
    );
    let seen: usize = modules.0.values().map(|module| module.paths.len()).sum();
    assert!(seen > 100, "{seen} paths");
    let upwards = modules.upwards();
    assert!(upwards.is_empty(), "{}", upwards.join("\n"));
}

/// What leads upwards in a crate with this text in one file, beside other files that are in order.
fn upwards(file: &str, text: &str) -> Vec<String> {
    let mut files = BTreeMap::from([
        (
            "lib.rs",
            "mod bytes; mod complete; mod error; mod object; mod sys;
             pub use bytes::{Slice, copy as copies};
             pub use complete::{InitError,};
             pub use error::*;
             pub use object::{Name, Object, name::MAX};
             pub use rustix::{fd, io::Errno};",
        ),
        (
            "error/mod.rs",
            "pub struct Error; pub enum Operation { Open }",
        ),
        (
            "bytes/mod.rs",
            "pub(crate) mod copy; mod slice; pub use self::slice::Slice; use crate::Error;",
        ),
        (
            "bytes/slice.rs",
            "use super::copy::{self, load}; pub struct Slice;",
        ),
        ("bytes/copy.rs", "pub fn load() {}"),
        (
            "sys/mod.rs",
            "pub use rustix::fs::Mode; use crate::{Error, Name, Slice};",
        ),
        (
            "object/mod.rs",
            "pub mod name; pub use name::Name; use crate::sys::{self, open}; pub struct Object;",
        ),
        (
            "object/name.rs",
            "pub struct Name; pub const MAX: usize = 255;",
        ),
        (
            "complete/mod.rs",
            "use crate::{Errno, Error, Object, fd::OwnedFd}; pub enum InitError { Object }",
        ),
    ]);
    files.insert(file, text);
    Modules::of(files).upwards()
}

#[test]
fn downwards_and_sideways_is_in_order() {
    assert_eq!(upwards("error/mod.rs", "pub struct Error;"), [""; 0]);
    let text = "use crate::{Error, Object as O, object::{Name, name::{self, MAX}}, copies::load};";
    assert_eq!(upwards("complete/draft.rs", text), [""; 0]);
    let text =
        "/* crate::InitError */ const S: &str = \"use crate::InitError;\"; // crate::InitError";
    assert_eq!(upwards("bytes/rights.rs", text), [""; 0]);
}

#[test]
fn an_arrow_that_is_turned_round_is_found_wherever_it_is_written() {
    for text in [
        "use crate::InitError;",
        "use crate::{Errno, InitError};",
        "use crate::{Errno, error::{Error, Operation::{self, Open}}, InitError as E,};",
        "pub(crate) use crate::InitError;",
        "use super::super::InitError;",
        "fn f<'a>() -> Result<(), crate::InitError<Error>> { Err(()) }",
        "mod inner { fn f() { if true { return; } } use super::super::super::InitError; }",
        "mod inner { mod deep { } } fn f() { match '}' { '{' => crate::InitError, _ => () } }",
    ] {
        let found = "object/draft.rs: crate::InitError, which is crate::complete::InitError";
        assert_eq!(upwards("object/draft.rs", text), [found], "{text}");
    }
}

#[test]
fn an_item_is_its_storeys_whatever_re_exports_it() {
    let found = "error/errno.rs: crate::copies::load, which is crate::bytes::copy::load";
    assert_eq!(
        upwards("error/errno.rs", "fn f() { crate::copies::load() }"),
        [found]
    );
    let found = "bytes/rights.rs: crate::object::name, which is crate::object::name";
    assert_eq!(
        upwards("bytes/rights.rs", "use crate::object::name::*;"),
        [found]
    );
    let found = "bytes/rights.rs: crate::MAX, which is crate::object::name::MAX";
    assert_eq!(
        upwards("bytes/rights.rs", "const M: usize = crate::MAX;"),
        [found]
    );
    let found = "bytes/rights.rs: crate::sys::Mode, which is crate::sys";
    assert_eq!(upwards("bytes/rights.rs", "use crate::sys::Mode;"), [found]);
}

#[test]
fn the_name_is_all_that_the_systems_calls_take_from_above() {
    assert_eq!(
        upwards("sys/linux/mod.rs", "use crate::object::Name;"),
        [""; 0]
    );
    let found = "sys/linux/mod.rs: crate::MAX, which is crate::object::name::MAX";
    assert_eq!(
        upwards("sys/linux/mod.rs", "use crate::{MAX, Name};"),
        [found]
    );
    let found = "bytes/rights.rs: crate::Name, which is crate::object::name::Name";
    assert_eq!(upwards("bytes/rights.rs", "use crate::Name;"), [found]);
}
