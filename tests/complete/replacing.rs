//! Objects that replace others, on each rung.

#![cfg(target_os = "linux")]

use std::process::Command;

use rawshm::fd::{AsFd as _, AsRawFd as _};
use rawshm::{Complete, Errno, Extent, Name, Object, Operation, Options, Size};
use rawshm_tests::complete::{
    SMALL, alone, assert_failed, create, entries, folder, load, number, replace,
};
use rawshm_tests::rungs::on_each_rung;
use rawshm_tests::{UniqueName, answer, left_in_shm, run};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

fn peer(arguments: &[&str]) -> String {
    answer(PEER, arguments)
}

#[test]
fn a_replaced_object_stays_whole_for_its_readers_and_reports_that_it_is_unlinked() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let Complete { object: first, .. } = replace(&name, 1).expect("where there is none");
        assert_eq!(load(&name), Ok(1));
        let reader = Object::open(&name).expect("opened");
        let mapping = reader.map(Extent::Whole).expect("mapped");
        assert_eq!(reader.is_unlinked(), Ok(false));

        let larger = Options::new().replace(&name, Size::Sparse(8192), number(2));
        let Complete { object: second, .. } = larger.expect("replaced");
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
        std::fs::write(folder.join("target"), "unchanged").expect("written");
        std::os::unix::fs::symlink("target", &path).expect("linked");
        options.replace(&name, SMALL, number(1)).expect("replaced");
        assert!(path.symlink_metadata().expect("a file").is_file());
        let target = std::fs::read_to_string(folder.join("target")).expect("a file");
        assert_eq!(target, "unchanged");

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
fn what_a_living_process_makes_is_not_removed_by_others() {
    on_each_rung(|rung| {
        let name = UniqueName::new();
        let argument = name.argument();
        let outer = Options::new().replace(&name, SMALL, |mapping| {
            assert_eq!(peer(&["replace", &argument, "value=3"]), "replaced 3");
            assert_eq!(peer(&["replace", &argument, "value=4"]), "replaced 4");
            number(5)(mapping)
        });
        let Complete { object, .. } = outer.expect("replaced");
        assert_eq!(object.is_unlinked(), Ok(false), "{rung:?}");
        assert_eq!(load(&name), Ok(5), "the last one to finish stays");
        assert_eq!(left_in_shm(&name), alone(&name), "{rung:?}");
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
    // SAFETY: an open descriptor. Closing it releases the lock.
    unsafe { libc::flock(fd, libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

#[test]
fn an_object_with_a_second_name_is_not_unlinked_until_both_are_gone() {
    let name = UniqueName::new();
    let Complete { object, .. } = create(&name, 1).expect("created");
    let second = UniqueName::new();
    std::fs::hard_link(name.path(), second.path()).expect("linked");
    replace(&name, 2).expect("replaced");
    assert_eq!(object.is_unlinked(), Ok(false));
    rawshm::unlink(&second).expect("unlinked");
    assert_eq!(object.is_unlinked(), Ok(true));
}
