//! Sixteen kinds of things, of three users, under a name and under its temporary names.

use std::path::{Path, PathBuf};

use rawshm::snapshot::Writer;
use rawshm::{Mode, Options};
use rawshm_tests::operations::OPERATIONS;
use rawshm_tests::rungs::Rung;
use rawshm_tests::things::Thing;
use rawshm_tests::{Folder, UniqueName, left_in_shm, public_copy};

use super::oracle::Planted;
use super::{SHM, User, identity};
use crate::attacks::rungs;
use crate::cells::Cells;
use crate::private::is_alone_with_shm;
use crate::worker::{PEER, Worker};

/// Puts a thing of a user under a name.
fn plant(path: &Path, thing: Thing, owner: User) {
    thing.plant(path).expect("root");
    owner.own(path);
    let aside = Thing::aside(path);
    if aside.exists() {
        owner.own(&aside);
    }
}

/// Runs an operation on a name that is taken.
fn meets(worker: &mut Worker, planted: Planted, (index, rung): (usize, Rung)) -> Cell {
    let operation = &OPERATIONS[index];
    let name = UniqueName::new();
    let path = name.path();
    plant(&path, planted.thing, planted.owner);
    let before = (identity(&path), left_in_shm(&name));
    let expected = planted.answer(operation.name);
    let answer = if expected.is_some() {
        worker.run(index, rung, &name)
    } else {
        worker.run_relieved(index, rung, &name, || {
            Thing::remove(&path);
            let readable = Options::new().mode(Mode::Exact(0o444));
            drop(Writer::create_with(&readable, &name, 2, &1_u64).expect("created"));
        })
    };
    let after = (identity(&path), left_in_shm(&name));
    clear(&name);
    if answer != expected.unwrap_or("true") {
        return Err(format!("{answer}, not {expected:?}"));
    }
    if answer != "true" && after != before {
        return Err(format!("{answer}, but {after:?} was {before:?}"));
    }
    if after.1.iter().any(|left| left.contains(".rawshm-")) {
        return Err(format!("left: {:?}", after.1));
    }
    Ok(answer)
}

type Cell = Result<String, String>;

/// The first temporary names.
fn temporary(name: &UniqueName) -> Vec<PathBuf> {
    let leaf = name.argument().replace('/', "");
    let path = |number| Path::new(SHM).join(rawshm_tests::complete::temporary(&leaf, number));
    (0..3).map(path).collect()
}

/// Runs an operation whose first temporary names are taken.
fn meets_aside(worker: &mut Worker, planted: Planted, (index, rung): (usize, Rung)) -> Cell {
    let operation = &OPERATIONS[index];
    let name = UniqueName::new();
    (operation.before)(&name);
    if name.path().exists() {
        planted.by.own(&name.path());
    }
    for path in temporary(&name) {
        plant(&path, planted.thing, planted.owner);
    }
    let before = left_in_shm(&name);
    let answer = worker.run(index, rung, &name);
    let others = |names: Vec<String>| -> Vec<String> {
        let own = name.argument().replace('/', "");
        names.into_iter().filter(|other| *other != own).collect()
    };
    let left = others(left_in_shm(&name));
    let checked = std::panic::catch_unwind(|| operation.done.inspect(|check| check(&name)));
    clear(&name);
    if answer != "true" || checked.is_err() {
        return Err(format!("{answer}, or not what it makes"));
    }
    let new: Vec<_> = left.iter().filter(|name| !before.contains(name)).collect();
    if new.is_empty() {
        Ok("done, past the temporary names".to_owned())
    } else {
        Err(format!("left: {new:?}"))
    }
}

/// Removes all that has to do with a name.
fn clear(name: &UniqueName) {
    for file in left_in_shm(name) {
        Thing::remove(&Path::new(SHM).join(file));
    }
}

fn plant_everything(what: &'static str, is_sticky: bool) {
    let mut cells = Cells::one_of(4, what);
    let folder = Folder::new();
    let program = public_copy(&folder, PEER.as_ref());
    for by in [User::ROOT, User::OTHER] {
        let mut worker = by.worker(&program);
        for owner in [User::ROOT, User::OTHER, User::OWNER] {
            for thing in Thing::ALL {
                let planted = Planted {
                    thing,
                    owner,
                    by,
                    is_sticky,
                };
                for (index, operation) in OPERATIONS.iter().enumerate() {
                    for rung in rungs(operation) {
                        let mut run = |how: fn(&mut _, _, _) -> Cell, place| {
                            if cells.takes() {
                                let found = how(&mut worker, planted, (index, *rung));
                                let cell = (operation.name, rung, place);
                                cells.add(
                                    found.map_err(|why| format!("{planted:?}, {cell:?}: {why}")),
                                );
                            }
                        };
                        run(meets, "name");
                        if rungs(operation).len() > 1 {
                            run(meets_aside, "temporary names");
                        }
                    }
                }
            }
        }
    }
    cells.end();
}

#[test]
#[ignore = "needs root"]
fn what_is_planted_in_a_sticky_directory_is_answered_as_documented() {
    let test = what_is_planted_in_a_sticky_directory_is_answered_as_documented;
    if is_alone_with_shm(test, "-m", "mode=1777,size=16m") {
        plant_everything("planters, sticky", true);
    }
}

#[test]
#[ignore = "needs root"]
fn what_is_planted_in_a_directory_that_is_not_sticky_is_answered_as_documented() {
    let test = what_is_planted_in_a_directory_that_is_not_sticky_is_answered_as_documented;
    if is_alone_with_shm(test, "-m", "mode=0777,size=16m") {
        plant_everything("planters, not sticky", false);
    }
}
