//! `shm_unlink` of the C drop-in: each sentence of POSIX's page that says "shall", and what
//! `rawshm.h` adds.
//!
//! A program in C checks the claims, linked in each way.

#![cfg(target_os = "linux")]

use rawshm_tests::capi::{self, Claims, Linkage};

const CLAIMS: Claims = Claims("tests/c/shm_unlink.c");

#[test]
fn shall_remove_the_name() {
    CLAIMS.hold("removes_the_name");
}

#[test]
fn shall_remove_the_name_before_it_returns_and_the_contents_with_the_last_reference() {
    CLAIMS.hold("the_contents_go_when_the_last_reference_does");
}

#[test]
fn shall_let_the_name_be_used_again_as_if_there_had_been_no_object() {
    CLAIMS.hold("the_name_can_be_used_again_as_if_there_had_been_no_object");
}

#[test]
fn shall_return_0_on_success_and_leaves_errno_alone() {
    CLAIMS.hold("returns_0_on_success");
}

#[test]
fn shall_return_minus_1_and_set_errno_on_failure() {
    CLAIMS.hold("returns_minus_1_and_sets_errno_on_failure");
}

#[test]
fn shall_change_nothing_if_it_fails() {
    CLAIMS.hold("changes_nothing_if_it_fails");
}

#[test]
fn shall_fail_with_enoent_if_there_is_no_such_object() {
    CLAIMS.hold("enoent_if_there_is_none");
}

#[test]
fn fails_with_enametoolong_beyond_255_bytes() {
    CLAIMS.hold("enametoolong_beyond_255_bytes");
}

#[test]
fn fails_with_einval_for_what_is_no_name() {
    CLAIMS.hold("einval_for_what_is_no_name");
}

#[test]
fn removes_a_link_and_a_fifo_but_no_directory() {
    CLAIMS.hold("removes_a_link_and_a_fifo_and_no_directory");
}

#[test]
fn no_claim_is_left_out() {
    let tests = include_str!("unlink.rs");
    let claims = CLAIMS.names();
    assert!(!claims.is_empty());
    for claim in claims {
        assert!(tests.contains(&format!("\"{claim}\"")), "{claim}");
    }
}

mod needs_root {
    use super::*;

    #[test]
    #[ignore = "needs root"]
    fn shall_fail_with_eacces_if_permission_is_denied() {
        CLAIMS.hold("as_root_eacces_if_permission_is_denied");
    }
}

mod needs_musl_gcc {
    use super::*;

    #[test]
    #[ignore = "needs musl gcc"]
    fn all_of_it_holds_in_a_static_program_of_musls() {
        let program = capi::program("tests/c/shm_unlink.c", Linkage::Musl);
        for claim in CLAIMS.names() {
            if !claim.starts_with("as_root") {
                capi::check(&program, &claim);
            }
        }
    }
}
