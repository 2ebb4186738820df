//! Users that a user namespace does not map.

use std::process::Command;

use rawshm_tests::{OTHER, public_copies, run};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// Runs a script as another user, on a tmpfs of a user namespace that maps root alone, and returns
/// its message.
fn unmapped(script: &str) -> String {
    let programs = public_copies(PEER);
    let whole = format!(
        "unshare -mr sh -c '
            mount -t tmpfs -o mode=1777 none /dev/shm && echo $$ && exec sleep 100
        ' | (read -r pid; nsenter -t $pid -m {OTHER} sh -c '{script}'; kill $pid)"
    );
    let ended = run(Command::new("sh")
        .args(["-c", &whole])
        .env("WRITER", programs.join("writer"))
        .env("CREATOR", programs.join("creator")));
    // The shell may add that what it has ended was terminated.
    ended.stderr.lines().next().unwrap_or("").to_owned()
}

#[test]
#[ignore = "needs root"]
fn a_user_without_an_id_in_the_namespace_of_the_file_system_is_the_reason() {
    let words = "cannot create /my_shm: user or group not mapped (EOVERFLOW)";
    assert_eq!(unmapped("$WRITER"), format!("writer: {words}"));
    assert_eq!(unmapped("$CREATOR"), format!("creator: {words}"));
}
