//! Programs that do not know the C drop-in, with it preloaded.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rawshm_tests::capi::{self, Linkage};
use rawshm_tests::with_private_shm;
use rawshm_tests::{Ended, Folder, OTHER, UniqueName, repository, run, static_program};

/// How often the dynamic linker reports, in the files of this folder, that it found a function in
/// the drop-in.
fn bindings(folder: &Path, function: &str) -> usize {
    let symbol = format!("librawshm_capi.so [0]: normal symbol `{function}'");
    let files = std::fs::read_dir(folder).expect("a folder").flatten();
    let texts = files.filter_map(|file| std::fs::read_to_string(file.path()).ok());
    texts.map(|text| text.matches(&symbol).count()).sum()
}

/// Runs a program with the drop-in preloaded, and checks that these functions are the drop-in's.
#[track_caller]
fn preloaded(command: &mut Command, functions: &[&str]) -> Ended {
    let folder = Folder::new();
    let ended = run(command
        .env("LD_PRELOAD", capi::shared())
        .env("LD_DEBUG", "bindings")
        .env("LD_DEBUG_OUTPUT", folder.join("bindings")));
    assert_eq!(ended.stderr, "", "{command:?}");
    for function in functions {
        assert!(bindings(&folder, function) > 0, "{function}, {command:?}");
    }
    ended
}

#[test]
fn a_program_in_c_that_uses_glibcs_shm_open_uses_ours() {
    let name = UniqueName::new();
    let program = capi::program("tests/c/columns.c", Linkage::Preloaded);
    let arguments = ["write", &name.argument(), "1", "-22", "333"];
    let wrote = preloaded(Command::new(&program).args(arguments), &["shm_open"]);
    assert_eq!(wrote.status, 0);
    let read = run(Command::new(static_program("reader")).args(["-n", &name.argument()]));
    assert_eq!(read.stdout, "&{1 -22 333}\n");
    let read = preloaded(
        Command::new(&program).args(["read", &name.argument()]),
        &["shm_open"],
    );
    assert_eq!(read.stdout, "1 -22 333\n");
}

mod needs_musl_gcc {
    use super::*;

    #[test]
    #[ignore = "needs musl gcc"]
    fn a_program_in_c_that_uses_musls_shm_open_uses_ours() {
        let folder = Folder::new();
        let program = folder.join("columns");
        let compiled = run(Command::new("musl-gcc")
            .arg("-o")
            .arg(&program)
            .arg(repository().join("tests/c/columns.c")));
        assert_eq!(compiled.status, 0, "{}", compiled.stderr);
        let name = UniqueName::new();
        let preloaded = |arguments: &[&str]| {
            run(Command::new(&program)
                .args(arguments)
                .env("LD_PRELOAD", capi::shared()))
        };
        let wrote = preloaded(&["write", &name.argument(), "1", "-22", "333"]);
        assert_eq!((wrote.status, wrote.stderr.as_str()), (0, ""));
        let read = preloaded(&["read", &name.argument()]);
        assert_eq!(read.stdout, "1 -22 333\n");
        // Musl's own opens a FIFO to read it.
        let fifo = UniqueName::new();
        let made = run(Command::new("mkfifo").arg(fifo.path()));
        assert_eq!(made.status, 0, "{}", made.stderr);
        let refused = preloaded(&["read", &fifo.argument()]);
        assert_eq!(refused.stderr, "shm_open: Invalid argument\n");
    }
}

mod needs_python3 {
    use super::*;

    #[test]
    #[ignore = "needs python3"]
    fn an_interpreters_processes_share_memory_however_they_are_started() {
        let name = UniqueName::new();
        let script = repository().join("tests/preload/shared_memory.py");
        let ended = preloaded(
            Command::new("python3")
                .arg(script)
                .arg(name.argument().trim_start_matches('/')),
            &["shm_open", "shm_unlink"],
        );
        assert_eq!(
            (ended.status, ended.stdout.as_str()),
            (0, "fork\nspawn\nforkserver\n")
        );
        assert!(!name.path().exists());
    }
}

mod needs_root {
    use super::*;

    mod needs_postgres {
        use super::*;

        #[test]
        #[ignore = "needs root and postgres"]
        fn a_database_servers_processes_share_memory() {
            let folder = Folder::new();
            for (from, to) in [
                (capi::shared(), "librawshm_capi.so"),
                (
                    repository().join("tests/preload/database.sh"),
                    "database.sh",
                ),
            ] {
                std::fs::copy(from, folder.join(to)).expect("copied");
            }
            // The server runs as another user.
            let own = folder.join("own");
            std::fs::create_dir(&own).expect("a folder");
            std::os::unix::fs::chown(&own, Some(65534), Some(65534)).expect("root");
            let searchable = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(&*folder, searchable).expect("allowed");

            let mut script = String::new();
            let path = folder.display();
            write!(
                script,
                "cd {path}; {OTHER} env HOME={path}/own sh {path}/database.sh \
                 {path}/librawshm_capi.so {path}/own; ls /dev/shm"
            )
            .expect("writing to a string");
            let ended = with_private_shm("", "mode=1777", &script);
            assert_eq!((ended.status, ended.stderr.as_str()), (0, ""));
            let lines: Vec<&str> = ended.stdout.lines().map(str::trim).collect();
            assert_eq!(lines[..2], ["posix", "100000|5000050000"]);
            assert!(lines.contains(&"Workers Launched: 2"), "{lines:?}");
            assert!(
                lines.last().is_some_and(|line| line.contains("Seq Scan")),
                "objects are left: {lines:?}"
            );
            for function in ["shm_open", "shm_unlink"] {
                assert!(bindings(&own, function) > 0, "{function}");
            }
        }
    }
}
