//! The filters, in force: each role goes through its scenarios under its filter, and through those
//! in which a call is made without that call, which must kill it.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::process::Command;

use rawshm_tests::{c_program, cargo, checked, run};

use crate::data::Contract;
use crate::filters::{self, Role};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// The status of a process that a filter has killed.
const KILLED: i32 = 128 + libc::SIGSYS;

/// The number of a call.
fn number(call: &str) -> libc::c_long {
    macro_rules! numbers {
        ($($number:ident)*) => {
            [$((stringify!($number), libc::$number)),*]
        };
    }
    let numbers = numbers! {
        SYS_clock_gettime SYS_close SYS_execve SYS_exit_group SYS_faccessat SYS_fallocate SYS_fcntl
        SYS_flock SYS_fstat SYS_ftruncate SYS_futex SYS_inotify_add_watch SYS_inotify_init1
        SYS_linkat SYS_mmap SYS_munmap SYS_nanosleep SYS_newfstatat SYS_openat SYS_ppoll
        SYS_pread64 SYS_pwrite64 SYS_read SYS_renameat SYS_renameat2 SYS_restart_syscall
        SYS_rt_sigaction SYS_rt_sigreturn SYS_sched_yield SYS_statfs SYS_unlinkat SYS_write
    };
    let found = numbers
        .iter()
        .find(|(name, _)| name.strip_prefix("SYS_") == Some(call));
    found
        .unwrap_or_else(|| panic!("{call} is missing in this list"))
        .1
}

fn roles() -> Vec<Role> {
    filters::roles(&Contract::assemble())
}

mod needs_strace {
    use super::*;
    use crate::scenarios::SCENARIOS;

    /// Runs the scenarios of a role, and each without a call of its filter until one is killed.
    fn bites(role: &Role) {
        let of_role = || {
            SCENARIOS
                .iter()
                .filter(|scenario| scenario.role == role.name)
        };
        for scenario in of_role() {
            let (name, arguments) = (role.name, scenario.arguments);
            assert_eq!(
                scenario.status_without(None),
                scenario.status,
                "{name} {arguments:?}"
            );
        }
        for call in &role.calls {
            let number = Some(number(call));
            let kills = of_role().any(|scenario| scenario.status_without(number) == KILLED);
            assert!(kills, "{}: no scenario needs {call}", role.name);
        }
        let calls = role.calls.len();
        checked(&format!(
            "filter of {}: {} scenarios, {calls} calls removed, {calls} kills, 0 listed fallbacks",
            role.name,
            of_role().count()
        ));
    }

    #[test]
    #[ignore = "needs strace"]
    fn each_program_runs_under_its_filter_and_dies_without_any_of_its_calls() {
        roles()
            .iter()
            .filter(|role| role.is_a_program())
            .for_each(bites);
    }
}

#[test]
fn the_filters_are_the_same_in_c_and_in_rust() {
    let in_c = run(&mut Command::new(c_program("tests/c/filters.c")));
    let in_rust = run(Command::new(PEER).arg("filters"));
    assert_eq!(in_c, in_rust);
    assert_eq!(
        (in_c.status, in_c.stdout.contains("MAPPED\n20 0 0 4\n")),
        (0, true)
    );
}

/// In a debug build with std, `fcntl` comes before each `close`, and its filter does not allow it.
#[cfg(not(feature = "std"))]
#[test]
fn a_process_that_has_mapped_a_snapshot_can_lock_itself_in() {
    use crate::scenarios::{is_waiting, stop_and_go_on};
    use rawshm_tests::{UniqueName, spawn, status, wait};

    let role = roles().into_iter().find(|role| role.name == "mapped");
    let role = role.expect("a role");
    let status_without = |call: &str| {
        let name = UniqueName::new();
        let mut child = spawn(Command::new(PEER).args(["mapped", &name.argument(), call]));
        while is_waiting(&mut child, libc::SYS_futex) {
            stop_and_go_on(child.id());
        }
        status(wait(&mut child))
    };
    assert_eq!(status_without(""), 0);
    for call in &role.calls {
        let status = status_without(&number(call).to_string());
        assert_eq!(status, KILLED, "nothing in it needs {call}");
    }
    let calls = role.calls.len();
    checked(&format!(
        "filter of mapped: {calls} calls removed, {calls} kills, 0 listed fallbacks"
    ));
}

#[test]
fn the_example_locks_itself_in() {
    let mut example = cargo();
    example.args(["run", "--quiet", "--package=rawshm", "--example=lock_in"]);
    let ended = run(example.arg("--features=snapshot"));
    let printed = "1000000 loads, and 1000 new values waited for
the kernel has killed the one that opens a file
";
    let ended = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
    assert_eq!(ended, (0, printed, ""));
}
