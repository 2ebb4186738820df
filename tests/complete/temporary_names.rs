//! The temporary names of objects that are not complete, and how they are removed.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use rawshm::{Complete, Errno, Extent, Name, Operation, Options};
use rawshm_tests::complete::{
    SMALL, alone, assert_failed, create, entries, folder, load, number, replace, temporary,
};
use rawshm_tests::rungs::{on_each_rung, where_to_rename_kills};
use rawshm_tests::{UniqueName, left_in_shm, run};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

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
        let Complete { object: outer, .. } = outer.expect("created");
        assert_eq!(entries(&folder), [one, other], "{rung:?}");
        assert_eq!(outer.is_unlinked(), Ok(false));
        let value = options
            .open_mapping(&first, Extent::first(8))
            .expect("opened");
        assert_eq!(value.load::<u64>(0), Ok(1));
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
fn what_was_left_after_a_free_temporary_name_is_removed_too() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let stem = name.argument().trim_start_matches('/').to_owned();
        let leave = || {
            for number in [1, 2] {
                let left = Path::new("/dev/shm").join(temporary(&stem, number));
                std::fs::write(left, "half a val").expect("written");
            }
        };
        leave();
        replace(&name, 1).expect("replaced");
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
        rawshm::unlink(&name).expect("unlinked");
        if rung.is_temporary() {
            leave();
            create(&name, 1).expect("created");
            assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
        }
    });
}

#[test]
fn what_was_left_beyond_a_free_number_stays_until_a_process_gets_there() {
    on_each_rung(|rung| {
        if !rung.is_temporary() {
            return;
        }
        let name = UniqueName::new();
        let stem = name.argument().trim_start_matches('/').to_owned();
        let left = Path::new("/dev/shm").join(temporary(&stem, 2));
        std::fs::write(&left, "half a val").expect("written");
        replace(&name, 1).expect("replaced");
        assert!(left.exists(), "{rung:?}");
        // Three at a time, which have the first three numbers.
        let outer = Options::new().replace(&name, SMALL, |mapping| {
            let middle = Options::new().replace(&name, SMALL, |mapping| {
                replace(&name, 2).expect("replaced");
                number(3)(mapping)
            });
            middle.expect("replaced");
            number(4)(mapping)
        });
        outer.expect("replaced");
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
    });
}

#[test]
fn two_replacements_that_are_killed_leave_one_name_and_the_next_one_none() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let stem = name.argument().trim_start_matches('/').to_owned();
        create(&name, 1).expect("created");
        let both = [temporary(&stem, 0), stem.clone()];
        for _ in 0..2 {
            let ended = where_to_rename_kills(|| {
                run(Command::new(PEER).args(["replace", &name.argument(), "value=2"]))
            });
            assert_eq!(ended.status, 128 + libc::SIGSYS, "{rung:?}");
            assert_eq!(load(&name), Ok(1));
            assert_eq!(left_in_shm(&name), both, "{rung:?}");
        }
        replace(&name, 3).expect("replaced");
        assert_eq!(load(&name), Ok(3));
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
    });
}

#[test]
fn a_thousand_temporary_names_that_cannot_be_removed_are_an_error() {
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
