//! What the compiler says where a user has forgotten something.

#![cfg(target_os = "linux")]

use rawshm_tests::run;

use crate::pasted::Package;

/// What the compiler says about a program with this `main`.
fn stderr(main: &str) -> String {
    let program =
        format!("use rawshm::*;\n#[allow(unused)]\nstruct Pose(f64);\nfn main() {{ {main} }}\n");
    let package = Package::new(&[("examples/wrong.rs".into(), program)], "snapshot");
    let ended = run(&mut package.cargo(&["check", "--quiet", "--example=wrong"]));
    assert_ne!(ended.status, 0, "it compiles: {main}");
    ended.stderr
}

#[track_caller]
fn says(main: &str, lines: &[&str]) {
    let said = stderr(main);
    for line in lines {
        assert!(said.contains(line), "{line}, but:\n{said}");
    }
}

#[test]
fn a_type_without_a_layout_is_told_how_to_get_one() {
    says(
        "let _ = snapshot::Writer::create(&Name::from_static(\"/x\"), 4, &Pose(1.0));",
        &[
            "`Pose` has no `Layout`, which the values of a snapshot need",
            "impl Layout for Pose { const FINGERPRINT: u64 = fingerprint(\"…\"); }",
            "#[derive(Clone, Copy, Pod, Zeroable)]",
        ],
    );
}

#[test]
fn so_is_one_of_a_reader_or_a_follower() {
    for main in [
        "let _ = snapshot::Reader::<Pose>::open(&Name::from_static(\"/x\"));",
        "let _ = snapshot::Follower::<Pose>::new(&Name::from_static(\"/x\"));",
    ] {
        says(
            main,
            &["`Pose` has no `Layout`, which the values of a snapshot need"],
        );
    }
}

#[test]
fn a_type_that_is_not_atomic_is_told_which_ones_are() {
    says(
        "fn f(bytes: Slice<'_, ReadWrite>) { let _ = bytes.atomic::<i64>(0); }",
        &[
            "`i64` cannot be accessed atomically in shared memory",
            "`u32` and `u64` can",
        ],
    );
}

#[test]
fn a_type_that_is_no_right_is_told_the_rights() {
    says(
        "let _: Option<Mapping<Pose>> = None;",
        &["the rights are `ReadOnly` and `ReadWrite`"],
    );
}
