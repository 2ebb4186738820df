//! `shm_open` of the C drop-in: each sentence of POSIX's page that says "shall", and what
//! `rawshm.h` adds.
//!
//! A program in C checks the claims, linked in each way.

#![cfg(target_os = "linux")]

use rawshm_tests::capi::{self, Claims, Linkage};

const CLAIMS: Claims = Claims("tests/c/shm_open.c");
const ERRORS: Claims = Claims("tests/c/shm_open_errors.c");

#[test]
fn shall_establish_a_connection_between_a_shared_memory_object_and_a_file_descriptor() {
    CLAIMS.hold("connects_an_object_and_a_descriptor");
}

#[test]
fn shall_create_an_open_file_description_and_a_descriptor_that_refer_to_the_object() {
    CLAIMS.hold("creates_an_open_file_description_that_refers_to_the_object");
}

#[test]
fn shall_not_share_the_open_file_description_since_it_is_new() {
    CLAIMS.hold("the_open_file_description_is_new");
}

#[test]
fn shall_allocate_the_lowest_descriptor_that_is_free() {
    CLAIMS.hold("allocates_the_lowest_free_descriptor");
}

#[test]
fn shall_set_fd_cloexec() {
    CLAIMS.hold("sets_fd_cloexec");
}

#[test]
fn shall_refer_to_the_same_object_by_the_same_name_and_here_without_its_slash_too() {
    CLAIMS.hold("the_same_name_is_the_same_object_in_every_process");
}

#[test]
fn shall_return_a_non_negative_descriptor_on_success() {
    CLAIMS.hold("returns_a_non_negative_descriptor");
}

#[test]
fn shall_return_minus_1_and_set_errno_on_failure() {
    CLAIMS.hold("returns_minus_1_and_sets_errno_on_failure");
}

#[test]
fn shall_open_for_reading_only_or_for_reading_and_writing_as_oflag_says() {
    CLAIMS.hold("the_access_mode_is_that_of_oflag");
}

#[test]
fn o_creat_shall_have_no_effect_if_the_object_exists() {
    CLAIMS.hold("o_creat_has_no_effect_if_the_object_exists");
}

#[test]
fn o_creat_shall_set_the_owner_to_the_effective_user_and_group() {
    CLAIMS.hold("the_owner_is_the_effective_user_and_group");
}

#[test]
fn o_creat_shall_set_the_permission_bits_to_mode_less_the_umask() {
    CLAIMS.hold("the_permission_bits_are_mode_less_the_umask");
}

#[test]
fn mode_shall_not_affect_whether_it_is_opened_for_reading_or_writing() {
    CLAIMS.hold("mode_does_not_affect_how_it_is_opened");
}

#[test]
fn a_new_object_shall_have_a_size_of_zero() {
    CLAIMS.hold("a_new_object_has_a_size_of_zero");
}

#[test]
fn o_excl_shall_fail_with_eexist_if_the_object_exists() {
    CLAIMS.hold("o_excl_fails_if_the_object_exists");
}

#[test]
fn o_excl_shall_check_and_create_atomically_among_processes() {
    CLAIMS.hold("exactly_one_of_many_racing_processes_creates");
}

#[test]
fn o_excl_checks_and_creates_atomically_among_threads() {
    CLAIMS.hold("exactly_one_of_many_racing_threads_creates");
}

#[test]
fn o_trunc_shall_truncate_to_zero_and_leave_mode_and_owner() {
    CLAIMS.hold("o_trunc_empties_it_and_keeps_mode_and_owner");
}

#[test]
fn the_state_of_an_object_shall_persist_until_it_is_unlinked_and_no_longer_referenced() {
    CLAIMS.hold("its_state_persists_until_it_is_unlinked");
}

#[test]
fn shall_fail_with_eacces_if_the_objects_mode_denies_it() {
    ERRORS.hold("eacces_if_permission_is_denied");
}

#[test]
fn shall_fail_with_einval_for_a_name_that_is_not_supported() {
    ERRORS.hold("einval_for_what_is_no_name");
}

#[test]
fn fails_with_einval_for_what_is_no_object_and_does_not_wait() {
    ERRORS.hold("einval_for_what_is_no_object");
}

#[test]
fn fails_with_eloop_for_a_symbolic_link() {
    ERRORS.hold("eloop_for_a_symbolic_link");
}

#[test]
fn shall_fail_with_emfile_if_all_descriptors_of_the_process_are_in_use() {
    ERRORS.hold("emfile_if_the_process_has_no_descriptor_left");
}

#[test]
fn shall_fail_with_enfile_if_too_many_objects_are_open_in_the_system() {
    ERRORS.hold("enfile_if_the_system_has_no_descriptor_left");
}

#[test]
fn shall_fail_with_enoent_if_there_is_no_object_and_o_creat_is_not_set() {
    ERRORS.hold("enoent_if_there_is_none_and_no_o_creat");
}

#[test]
fn fails_with_enametoolong_beyond_255_bytes() {
    ERRORS.hold("enametoolong_beyond_255_bytes");
}

#[test]
fn leaves_errno_alone_on_success() {
    CLAIMS.hold("leaves_errno_alone_on_success");
}

#[test]
fn passes_on_to_the_kernel_what_posix_leaves_undefined() {
    CLAIMS.hold("what_posix_leaves_undefined_goes_to_the_kernel");
}

#[test]
fn the_other_pair_returns_the_negative_errno_and_leaves_errno_alone() {
    CLAIMS.hold("the_other_pair_returns_the_negative_errno");
}

#[test]
fn every_thread_has_its_own_errno() {
    CLAIMS.hold("every_thread_has_its_own_errno");
}

#[test]
fn no_claim_is_left_out() {
    let tests = include_str!("open.rs");
    for claims in [CLAIMS, ERRORS] {
        let names = claims.names();
        assert!(!names.is_empty());
        for claim in names {
            assert!(tests.contains(&format!("\"{claim}\"")), "{claim}");
        }
    }
}

mod needs_musl_gcc {
    use super::*;

    #[test]
    #[ignore = "needs musl gcc"]
    fn all_of_it_holds_in_a_static_program_of_musls() {
        for claims in [CLAIMS, ERRORS] {
            let program = capi::program(claims.0, Linkage::Musl);
            for claim in claims.names() {
                capi::check(&program, &claim);
            }
        }
    }

    #[test]
    #[ignore = "needs musl gcc"]
    fn all_of_it_holds_in_a_program_of_musls_that_loads_the_library() {
        for claims in [CLAIMS, ERRORS] {
            let program = capi::program(claims.0, Linkage::MuslShared);
            for claim in claims.names() {
                capi::check(&program, &claim);
            }
        }
    }
}
