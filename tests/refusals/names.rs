//! How an object gets its name where calls are refused.

use rawshm::{Options, Outcome};
use rawshm_tests::complete::{SMALL, alone, create, load, number, replace, temporary};
use rawshm_tests::rungs::{Refused, Rung, on, where_nothing_is_unnamed, where_refused};
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
const WITHOUT_IT: [i32; 4] = [libc::EINVAL, libc::ENOSYS, libc::EPERM, libc::EACCES];

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
