//! Objects that appear when they are complete, on Linux: each rung, and what exists before the end.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::os::unix::fs::PermissionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use rawshm::{
    Complete, Errno, Error, InitError, Mapping, Mode, Name, Operation, Options, Outcome, ReadWrite,
    Size,
};
use rawshm_tests::complete::{
    SMALL, alone, assert_failed, create, entries, folder, load, number, replace, temporary,
};
use rawshm_tests::rungs::{on, on_each_rung, where_temporary_names_are_linked};
use rawshm_tests::{Peer, UniqueName, answer, is_alone, left_in_shm};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

fn peer(arguments: &[&str]) -> String {
    answer(PEER, arguments)
}

#[test]
fn the_name_does_not_exist_before_the_initialiser_is_done() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let argument = name.argument();
        let made = Options::new().create_complete(&name, SMALL, |mapping| {
            assert_eq!(peer(&["open", &argument]), "Open ENOENT");
            let temporary = temporary(argument.trim_start_matches('/'), 0);
            let there = if rung.is_temporary() {
                vec![temporary]
            } else {
                vec![]
            };
            assert_eq!(left_in_shm(&name), there, "{rung:?}");
            mapping.store(0, &7_u64)
        });
        made.expect("created");
        assert_eq!(peer(&["open", &argument]), "ok");
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
        assert_eq!(load(&name), Ok(7));
    });
}

#[test]
fn what_fails_or_panics_leaves_no_name_at_all() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let (options, fails) = (Options::new(), |_: &Mapping<ReadWrite>| {
            Err("part of the test")
        });
        let why = Err(InitError::Initialiser("part of the test"));
        let nothing: [&str; 0] = [];
        let created = options.create_complete(&name, SMALL, fails);
        assert_eq!(created.map(|_| ()), why);
        assert_eq!(left_in_shm(&name), nothing, "{rung:?}");
        let once = options.open_or_create_complete(&name, SMALL, fails);
        assert_eq!(once.map(|_| ()), why);
        assert_eq!(left_in_shm(&name), nothing, "{rung:?}");
        let replaced = options.replace(&name, SMALL, fails);
        assert_eq!(replaced.map(|_| ()), why);
        assert_eq!(left_in_shm(&name), nothing, "{rung:?}");
        for size in [Size::Sparse(0), Size::Sparse(u64::MAX)] {
            assert!(options.create_complete(&name, size, fails).is_err());
            assert!(options.replace(&name, size, fails).is_err());
            assert_eq!(left_in_shm(&name), nothing, "{rung:?}");
        }
        let panics =
            |_: &Mapping<ReadWrite>| -> Result<(), Infallible> { panic!("part of the test") };
        let create = || options.create_complete(&name, SMALL, panics).map(|_| ());
        assert!(catch_unwind(AssertUnwindSafe(create)).is_err());
        let replace = || options.replace(&name, SMALL, panics).map(|_| ());
        assert!(catch_unwind(AssertUnwindSafe(replace)).is_err());
        assert_eq!(left_in_shm(&name), nothing, "{rung:?}");
    });
}

#[test]
fn a_name_that_is_taken_meanwhile_keeps_its_object_and_nothing_else_is_left() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let argument = name.argument();
        let created = Options::new().create_complete(&name, SMALL, |_| -> Result<(), Error> {
            assert_eq!(
                peer(&["create-complete", &argument, "value=3"]),
                "created 3"
            );
            Ok(())
        });
        assert_failed(created, Operation::Create, Errno::EXIST);
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
        assert_eq!(load(&name), Ok(3));
    });
}

#[test]
fn open_or_create_opens_what_a_peer_has_completed_meanwhile() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let argument = name.argument();
        let once = |mapping: &Mapping<ReadWrite>| {
            assert_eq!(
                peer(&["create-complete", &argument, "value=3"]),
                "created 3"
            );
            mapping.store(0, &4_u64)
        };
        let made = Options::new().open_or_create_complete(&name, Size::Sparse(24), once);
        let (Complete { object, mapping }, outcome) = made.expect("opened");
        assert_eq!(outcome, Outcome::Opened);
        assert_eq!(mapping.load::<u64>(0).expect("within"), 3);
        assert_eq!(object.is_unlinked(), Ok(false));
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
        // The object of the peer is too small.
        let name = UniqueName::new();
        let argument = name.argument();
        let once = |_: &Mapping<ReadWrite>| -> Result<(), Error> {
            assert_eq!(peer(&["create-complete", &argument]), "created 0");
            Ok(())
        };
        let made = Options::new().open_or_create_complete(&name, SMALL, once);
        assert_failed(made.map(|_| ()), Operation::Map, Errno::NXIO);
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
    });
}

#[test]
fn another_directory_works_too_and_a_missing_one_is_distinguished() {
    on_each_rung(|rung| {
        let (folder, directory) = folder();
        let options = Options::new().directory(&directory);
        let name = Name::new("/x").expect("a name");
        options
            .create_complete(&name, SMALL, number(1))
            .expect("created");
        let again = options.create_complete(&name, SMALL, number(2));
        assert_failed(again, Operation::Create, Errno::EXIST);
        options.replace(&name, SMALL, number(3)).expect("replaced");
        let once = options.open_or_create_complete(&name, SMALL, number(4));
        let (Complete { mapping, .. }, outcome) = once.expect("opened");
        assert_eq!(outcome, Outcome::Opened);
        assert_eq!(mapping.load::<u64>(0).expect("within"), 3);
        assert_eq!(entries(&folder), ["x"], "{rung:?}");
        std::fs::remove_dir_all(&*folder).expect("removed");
        let missing = options.create_complete(&name, SMALL, number(1));
        assert_failed(missing, Operation::Directory, Errno::NOENT);
        let missing = options.replace(&name, SMALL, number(1));
        assert_failed(missing, Operation::Directory, Errno::NOENT);
        let missing = options.open_or_create_complete(&name, SMALL, number(1));
        assert_failed(missing.map(|_| ()), Operation::Directory, Errno::NOENT);
    });
}

#[test]
fn reserved_memory_is_there_and_a_sparse_object_costs_what_was_stored() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let reserved = Options::new().create_complete(&name, Size::Reserved(16384), number(1));
        let Complete { object, .. } = reserved.expect("created");
        assert_eq!(object.allocated(), Ok(16384), "{rung:?}");
        let name = UniqueName::new();
        let sparse = Options::new().create_complete(&name, Size::Sparse(16384), number(1));
        let Complete { object, .. } = sparse.expect("created");
        assert_eq!(object.allocated(), Ok(4096), "{rung:?}");
    });
}

#[test]
fn an_exact_mode_is_set_before_the_object_is_filled() {
    let mode_of = |path: &Path| path.metadata().expect("a file").permissions().mode() & 0o7777;
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let temporary = temporary(name.argument().trim_start_matches('/'), 0);
        let exactly = Options::new().mode(Mode::Exact(0o666));
        let made = exactly.create_complete(&name, SMALL, |mapping| {
            if rung.is_temporary() {
                assert_eq!(mode_of(&Path::new("/dev/shm").join(&temporary)), 0o666);
            }
            number(1)(mapping)
        });
        made.expect("created");
        assert_eq!(mode_of(&name.path()), 0o666, "{rung:?}, whatever the umask");
        let options = Options::new().mode(Mode::LessUmask(0o600));
        options.replace(&name, SMALL, number(1)).expect("replaced");
        assert_eq!(mode_of(&name.path()), 0o600, "{rung:?}, not the old one's");
    });
}

#[test]
fn the_ways_exclude_each_other() {
    let name = UniqueName::new();
    on_each_rung(|outer| {
        on_each_rung(|inner| {
            // The filters add up: the second is in force together with the first.
            drop(create(&name, 1).expect("created"));
            let taken = on(inner, || create(&name, 2));
            assert_failed(taken, Operation::Create, Errno::EXIST);
            on(inner, || replace(&name, 3)).expect("replaced");
            assert_eq!(load(&name), Ok(3), "{outer:?}, {inner:?}");
            rawshm::unlink(&name).expect("unlinked");
            assert!(left_in_shm(&name).is_empty());
        });
    });
}

#[test]
fn a_temporary_name_that_is_linked_takes_no_name_from_another_object() {
    where_temporary_names_are_linked(|| {
        let name = UniqueName::new();
        drop(create(&name, 1).expect("created"));
        assert_failed(create(&name, 2), Operation::Create, Errno::EXIST);
        assert_eq!(load(&name), Ok(1));
        drop(replace(&name, 3).expect("replaced"));
        assert_eq!(load(&name), Ok(3));
        rawshm::unlink(&name).expect("unlinked");
        assert!(left_in_shm(&name).is_empty());
    });
}

#[test]
fn of_many_racing_processes_exactly_one_creates_and_all_see_its_whole_value() {
    on_each_rung(|_| exactly_one_creates());
}

fn exactly_one_creates() {
    const PEERS: usize = 6;
    const OBJECTS: usize = 40;
    let names: Vec<_> = (0..OBJECTS).map(|_| UniqueName::new()).collect();
    let arguments: Vec<_> = names.iter().map(UniqueName::argument).collect();
    let mut peers: Vec<_> = (0..PEERS)
        .map(|number| {
            let number = number.to_string();
            let mut command = Command::new(PEER);
            command.args(["complete-many", &arguments[0], &number]);
            Peer::ready(command.args(&arguments))
        })
        .collect();
    for peer in &mut peers {
        peer.say("");
    }
    let mut won = 0;
    let mut winners = BTreeMap::new();
    for peer in &mut peers {
        let answer = peer.line();
        let (count, found) = answer.split_once(' ').expect("two words");
        won += count.parse::<usize>().expect("a number");
        for (object, winner) in found.split(',').enumerate() {
            let known = winners.entry(object).or_insert(winner.to_owned());
            assert_eq!(known, winner, "object {object}");
        }
    }
    assert_eq!((won, winners.len()), (OBJECTS, OBJECTS));
}

#[test]
fn a_descriptor_of_any_number_of_digits_can_be_linked() {
    if !is_alone(a_descriptor_of_any_number_of_digits_can_be_linked) {
        return;
    }
    on_each_rung(|rung| {
        for more in [0, 10, 100] {
            let open = || std::fs::File::open("/dev/null").expect("opened");
            let files: Vec<_> = (0..more).map(|_| open()).collect();
            let name = UniqueName::new();
            create(&name, more).expect("created");
            replace(&name, more + 1).expect("replaced");
            assert_eq!(load(&name), Ok(more + 1), "{rung:?}");
            drop(files);
        }
    });
}
