//! Objects that appear when they are complete, on Linux: each of the ways to the name, and what is there meanwhile.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;

use rawshm::fd::{AsFd as _, AsRawFd as _};
use rawshm::{Directory, Errno, Error, Extent, InitError, Mapping, Mode, Name, Object, Operation};
use rawshm::{Options, Outcome, ReadOnly, ReadWrite, Size};
use rawshm_tests::rungs::{on, on_each_rung};
use rawshm_tests::{Folder, Talking, UniqueName, left_in_shm, run};

const PEER: &str = env!("CARGO_BIN_EXE_peer");
const SMALL: Size = Size::Sparse(64);

type Made = (Object<ReadWrite>, Mapping<ReadWrite>);

fn number(number: u64) -> impl Fn(&Mapping<ReadWrite>) -> Result<(), Error> {
    move |mapping| Ok(mapping.store(0, &number)?)
}

fn create(name: &Name, value: u64) -> Result<Made, InitError<Error>> {
    Options::new().create_complete(name, SMALL, number(value))
}

fn replace(name: &Name, value: u64) -> Result<Made, InitError<Error>> {
    Options::new().replace(name, SMALL, number(value))
}

fn load(name: &Name) -> Result<u64, Error> {
    Ok(Mapping::<ReadOnly>::open(name, Extent::first(8))?.load(0)?)
}

fn peer(arguments: &[&str]) -> String {
    let ended = run(Command::new(PEER).args(arguments));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
    ended.stdout.trim_end().to_owned()
}

/// The object's file of this name, and nothing else.
fn alone(name: &UniqueName) -> Vec<String> {
    vec![name.argument().trim_start_matches('/').to_owned()]
}

fn temporary(name: &str, number: u32) -> String {
    format!(".{name}.rawshm-{number:03}")
}

#[track_caller]
fn assert_failed<T>(result: Result<T, InitError<Error>>, operation: Operation, errno: Errno) {
    rawshm_tests::assert_failed(result.map_err(Error::from), operation, errno);
}

/// A folder to keep objects in, open.
fn folder() -> (Folder, Directory) {
    let folder = Folder::new();
    let path = CString::new(folder.as_os_str().as_bytes()).expect("no NUL");
    let directory = Directory::open(&path).expect("opened");
    (folder, directory)
}

fn entries(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).expect("a folder");
    let name = |file: std::fs::DirEntry| file.file_name().to_string_lossy().into_owned();
    let mut files: Vec<_> = files.map(|file| name(file.expect("a file"))).collect();
    files.sort();
    files
}

#[test]
fn nobody_finds_the_name_before_the_initialiser_is_done() {
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
        let ((object, mapping), outcome) = made.expect("opened");
        assert_eq!(outcome, Outcome::Opened);
        assert_eq!(mapping.load::<u64>(0).expect("within"), 3);
        assert_eq!(object.is_unlinked(), Ok(false));
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
        // One that is too small for what was asked for.
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
fn a_replaced_object_stays_whole_for_who_has_it_and_says_that_it_is_superseded() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let (first, _) = replace(&name, 1).expect("where there is none");
        assert_eq!(load(&name), Ok(1));
        let reader = Object::open(&name).expect("opened");
        let mapping = reader.map(Extent::Whole).expect("mapped");
        assert_eq!(reader.is_unlinked(), Ok(false));

        let larger = Options::new().replace(&name, Size::Sparse(8192), number(2));
        let (second, _) = larger.expect("replaced");
        assert_eq!(reader.is_unlinked(), Ok(true));
        assert_eq!(first.status().expect("a status").is_unlinked(), Ok(true));
        assert_eq!(second.is_unlinked(), Ok(false));
        assert_eq!(mapping.load::<u64>(0).expect("within"), 1);
        assert_eq!((reader.size(), second.size()), (Ok(64), Ok(8192)));
        assert_eq!(load(&name), Ok(2));
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");

        rawshm::unlink(&name).expect("unlinked");
        assert_eq!(second.is_unlinked(), Ok(true));
    });
}

#[test]
fn a_symbolic_link_or_a_fifo_is_replaced_and_a_directory_is_not() {
    on_each_rung(|rung| {
        let (folder, directory) = folder();
        let options = Options::new().directory(&directory);
        let name = Name::new("/x").expect("a name");
        let path = folder.join("x");
        std::fs::write(folder.join("target"), "as it was").expect("written");
        std::os::unix::fs::symlink("target", &path).expect("linked");
        options.replace(&name, SMALL, number(1)).expect("replaced");
        assert!(path.symlink_metadata().expect("a file").is_file());
        let target = std::fs::read_to_string(folder.join("target")).expect("a file");
        assert_eq!(target, "as it was");

        std::fs::remove_file(&path).expect("removed");
        let made = run(Command::new("mkfifo").arg(&path));
        assert_eq!(made.status, 0);
        options.replace(&name, SMALL, number(1)).expect("replaced");
        assert!(path.symlink_metadata().expect("a file").is_file());

        std::fs::remove_file(&path).expect("removed");
        std::fs::create_dir(&path).expect("made");
        let replaced = options.replace(&name, SMALL, number(1));
        assert_failed(replaced, Operation::Create, Errno::ISDIR);
        let created = options.create_complete(&name, SMALL, number(1));
        assert_failed(created, Operation::Create, Errno::EXIST);
        assert_eq!(entries(&folder), ["target", "x"], "{rung:?}");
    });
}

#[test]
fn another_directory_serves_as_well_and_a_missing_one_is_told_apart() {
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
        let ((_, mapping), outcome) = once.expect("opened");
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
fn the_longest_names_and_those_that_begin_with_a_dot_have_a_temporary_one_too() {
    on_each_rung(|rung| {
        let (folder, directory) = folder();
        let options = Options::new().directory(&directory);
        let longest = "n".repeat(255);
        for (name, stem) in [
            (longest.as_str(), &longest[..243]),
            (&longest[..244], &longest[..243]),
            (&longest[..243], &longest[..243]),
            (".hidden", ".hidden"),
            ("...", "..."),
            (".x.rawshm-000", ".x.rawshm-000"),
        ] {
            let named = Name::new(name).expect("a name");
            options
                .create_complete(&named, SMALL, number(1))
                .expect("created");
            let replaced = options.replace(&named, SMALL, |mapping| {
                if rung.is_temporary() {
                    let temporary = temporary(stem, 0);
                    assert!(folder.join(&temporary).exists(), "{name}: {temporary}");
                }
                mapping.store(0, &2_u64)
            });
            replaced.expect("replaced");
            assert_eq!(entries(&folder), [name], "{rung:?}");
            directory.unlink(&named).expect("unlinked");
        }
    });
}

#[test]
fn two_names_that_share_their_temporary_one_do_not_meet_in_it() {
    on_each_rung(|rung| {
        let (folder, directory) = folder();
        let options = Options::new().directory(&directory);
        let common = "n".repeat(254);
        let [one, other] = ["1", "2"].map(|end| format!("{common}{end}"));
        let [first, second] = [&one, &other].map(|name| Name::new(name).expect("a name"));
        let outer = options.create_complete(&first, SMALL, |mapping| {
            let inner = options.create_complete(&second, SMALL, number(2));
            assert!(inner.is_ok());
            number(1)(mapping)
        });
        let (outer, _) = outer.expect("created");
        assert_eq!(entries(&folder), [one, other], "{rung:?}");
        assert_eq!(outer.is_unlinked(), Ok(false));
        let value = options
            .open_mapping(&first, Extent::first(8))
            .expect("opened");
        assert_eq!(value.load::<u64>(0), Ok(1));
    });
}

#[test]
fn reserved_memory_is_there_and_a_sparse_object_costs_what_was_stored() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let reserved = Options::new().create_complete(&name, Size::Reserved(16384), number(1));
        let (object, _) = reserved.expect("created");
        assert_eq!(object.allocated(), Ok(16384), "{rung:?}");
        let name = UniqueName::new();
        let sparse = Options::new().create_complete(&name, Size::Sparse(16384), number(1));
        let (object, _) = sparse.expect("created");
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
fn what_a_dead_process_has_left_is_removed_by_the_next_one() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let stem = name.argument().trim_start_matches('/').to_owned();
        let left = Path::new("/dev/shm").join(temporary(&stem, 0));
        std::fs::write(&left, "half a val").expect("written");
        replace(&name, 1).expect("replaced");
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
        rawshm::unlink(&name).expect("unlinked");
        if rung.is_temporary() {
            std::fs::write(&left, "half a val").expect("written");
            create(&name, 1).expect("created");
            assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
        }
    });
}

#[test]
fn what_a_living_process_makes_is_left_alone_by_others() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let argument = name.argument();
        let outer = Options::new().replace(&name, SMALL, |mapping| {
            assert_eq!(peer(&["replace", &argument, "value=3"]), "replaced 3");
            assert_eq!(peer(&["replace", &argument, "value=4"]), "replaced 4");
            number(5)(mapping)
        });
        let (object, _) = outer.expect("replaced");
        assert_eq!(object.is_unlinked(), Ok(false), "{rung:?}");
        assert_eq!(load(&name), Ok(5), "the last one to finish stays");
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
    });
}

#[test]
fn a_thousand_temporary_names_that_nobody_may_remove_are_an_error() {
    on_each_rung(|rung| {
        let (folder, directory) = folder();
        for number in 0..1000 {
            std::os::unix::fs::symlink("x", folder.join(temporary("x", number))).expect("linked");
        }
        let options = Options::new().directory(&directory);
        let name = Name::new("x").expect("a name");
        let replaced = options.replace(&name, SMALL, number(1));
        assert_failed(replaced, Operation::Create, Errno::AGAIN);
        if rung.is_temporary() {
            let created = options.create_complete(&name, SMALL, number(1));
            assert_failed(created, Operation::Create, Errno::AGAIN);
        }
        assert_eq!(entries(&folder).len(), 1000, "{rung:?}");
        std::fs::remove_file(folder.join(temporary("x", 999))).expect("removed");
        options.replace(&name, SMALL, number(1)).expect("replaced");
        assert_eq!(entries(&folder).len(), 1000, "{rung:?}");
    });
}

#[test]
fn the_lock_on_a_new_object_is_free_although_its_maker_has_it_mapped() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let created = create(&name, 1).expect("created");
        assert!(can_be_locked(&name), "{rung:?}");
        let replaced = replace(&name, 2).expect("replaced");
        assert!(can_be_locked(&name), "{rung:?}");
        drop((created, replaced));
    });
}

fn can_be_locked(name: &Name) -> bool {
    let object = Object::open(name).expect("opened");
    let fd = object.as_fd().as_raw_fd();
    // SAFETY: an open descriptor; the lock goes when it is closed.
    unsafe { libc::flock(fd, libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

#[test]
fn an_object_with_a_second_name_is_not_unlinked_until_both_are_gone() {
    let name = UniqueName::new();
    let (object, _) = create(&name, 1).expect("created");
    let second = UniqueName::new();
    std::fs::hard_link(name.path(), second.path()).expect("linked");
    replace(&name, 2).expect("replaced");
    assert_eq!(object.is_unlinked(), Ok(false));
    rawshm::unlink(&second).expect("unlinked");
    assert_eq!(object.is_unlinked(), Ok(true));
}

#[test]
fn the_ways_exclude_each_other() {
    let name = UniqueName::new();
    on_each_rung(|outer| {
        on_each_rung(|inner| {
            // The filters add up: a second one is in force on top of the first.
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
            Talking::start(command.args(&arguments))
        })
        .collect();
    for peer in &mut peers {
        peer.say();
    }
    let mut won = 0;
    let mut winners = BTreeMap::new();
    for peer in &mut peers {
        let answer = peer.answer();
        let (count, found) = answer.split_once(' ').expect("two words");
        won += count.parse::<usize>().expect("a number");
        for (object, winner) in found.split(',').enumerate() {
            let known = winners.entry(object).or_insert(winner.to_owned());
            assert_eq!(known, winner, "object {object}");
        }
    }
    assert_eq!((won, winners.len()), (OBJECTS, OBJECTS));
}
