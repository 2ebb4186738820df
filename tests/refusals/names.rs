//! How an object gets its name where calls are refused.

use rawshm::snapshot::{self, Writer};
use rawshm::{Errno, Error, Extent, Mapping, Name, Object, Operation, Options, Outcome};
use rawshm_tests::complete::{SMALL, alone, create, load, number, replace, temporary};
use rawshm_tests::rungs::{
    Answer, Refused, Rung, on, where_nothing_is_unnamed, where_refused, where_supervised,
};
use rawshm_tests::{UniqueName, left_in_shm};

const RENAMEAT2: Refused = Refused {
    name: "renameat2",
    call: libc::SYS_renameat2,
    with: None,
};
const UNLINKAT: Refused = Refused {
    name: "unlinkat",
    call: libc::SYS_unlinkat,
    with: None,
};

/// Of kernels and file systems that do not know it, and of filters.
const WITHOUT_IT: [i32; 3] = [libc::EINVAL, libc::ENOSYS, libc::EPERM];

#[test]
fn without_renameat2_an_object_is_linked() {
    for errno in WITHOUT_IT {
        let name = UniqueName::new();
        where_nothing_is_unnamed(libc::EOPNOTSUPP, || {
            where_refused(&[RENAMEAT2], errno, || {
                create(&name, 1).unwrap_or_else(|error| panic!("errno {errno}: {error}"));
                create(&name, 2).expect_err("the name is taken");
            });
        });
        assert_eq!(load(&name), Ok(1));
        assert_eq!(left_in_shm(&name), alone(&name));
    }
}

#[test]
fn an_object_that_has_its_name_is_created_even_if_the_temporary_one_stays() {
    for errno in WITHOUT_IT {
        let name = UniqueName::new();
        let both = |name: &UniqueName| {
            let own = name.argument().trim_start_matches('/').to_owned();
            vec![temporary(&own, 0), own]
        };
        where_nothing_is_unnamed(libc::EOPNOTSUPP, || {
            where_refused(&[RENAMEAT2, UNLINKAT], errno, || {
                create(&name, 1).unwrap_or_else(|error| panic!("errno {errno}: {error}"));
            });
        });
        assert_eq!(load(&name), Ok(1));
        assert_eq!(left_in_shm(&name), both(&name));
        // The next creation on this rung removes the other name.
        on(Rung::Temporary, || replace(&name, 2)).expect("replaced");
        assert_eq!(load(&name), Ok(2));
        assert_eq!(left_in_shm(&name), alone(&name));
    }
}

#[test]
fn open_or_create_has_created_even_if_the_temporary_name_stays() {
    let name = UniqueName::new();
    let outcome = where_nothing_is_unnamed(libc::EOPNOTSUPP, || {
        where_refused(&[RENAMEAT2, UNLINKAT], libc::EPERM, || {
            let made = Options::new().open_or_create_complete(&name, SMALL, number(1));
            made.map(|(_, outcome)| outcome)
        })
    });
    assert_eq!(outcome, Ok(Outcome::Created));
    assert_eq!(load(&name), Ok(1));
    let _ = std::fs::remove_file(format!(
        "/dev/shm/{}",
        temporary(name.argument().trim_start_matches('/'), 0)
    ));
}

#[test]
fn a_snapshot_that_has_its_name_is_created_whatever_a_peer_does_to_it() {
    for replaces in [false, true] {
        let name = UniqueName::new();
        if replaces {
            drop(Writer::create(&name, 2, &1_u64).expect("created"));
        }
        // The last call, which unlocks what had a temporary name.
        let answer = || {
            if load(&name).is_ok_and(|_| !is_old(&name)) {
                let mapping = Mapping::open_read_write(&name, Extent::first(64)).expect("there");
                mapping.fill(0, 64, 0_u8).expect("within");
            }
            Answer::Made
        };
        let made = where_nothing_is_unnamed(libc::EOPNOTSUPP, || {
            where_supervised(libc::SYS_flock, answer, || {
                if replaces {
                    Writer::replace(&name, 4, &2_u64).map(drop)
                } else {
                    Writer::create(&name, 4, &2_u64).map(drop)
                }
            })
        });
        assert_eq!(made, Ok(()), "replaces: {replaces}");
        assert_eq!(load(&name), Ok(0), "the peer was too late");
    }
}

/// Whether the name still is that of the snapshot with two slots.
fn is_old(name: &Name) -> bool {
    Object::open(name).expect("there").size() == Ok(64 + 2 * 64)
}

#[test]
fn a_snapshot_that_cannot_be_retired_is_as_it_was() {
    type Operate = fn(&Name) -> Result<(), Error>;
    let operations: [Operate; 2] = [
        |name| snapshot::reap(name).map(drop),
        |name| Ok(Writer::replace(name, 4, &2_u64).map(drop)?),
    ];
    for (operation, what) in operations
        .into_iter()
        .zip([Operation::Inspect, Operation::Create])
    {
        let name = UniqueName::new();
        drop(Writer::create(&name, 2, &1_u64).expect("created"));
        let answer = || Answer::FailsWith(libc::EIO);
        let done = where_supervised(libc::SYS_pwrite64, answer, || operation(&name));
        rawshm_tests::assert_failed(done, what, Errno::IO);
        let writer = Writer::<u64>::open(&name).expect("not retired");
        assert_eq!(writer.load(), 1);
        assert_eq!(left_in_shm(&name), alone(&name));
    }
}
