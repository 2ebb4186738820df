//! Tests have std, and run the program.
#![cfg(target_os = "linux")]

use std::process::Command;

#[test]
fn an_object_that_is_there_is_not_created_again() {
    let name = format!("/own-words-{}", std::process::id());
    let run = || Command::new(env!("CARGO_BIN_EXE_words")).arg(&name).output().unwrap();
    let (first, second) = (run(), run());
    std::fs::remove_file(format!("/dev/shm{name}")).unwrap();
    assert!(first.status.success());
    assert_eq!(second.status.code(), Some(1));
    let expected = format!("words: cannot create {name}: file exists (EEXIST)\n");
    assert_eq!(String::from_utf8_lossy(&second.stderr), expected);
}
