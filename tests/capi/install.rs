//! `examples/capi/install.sh`, and programs that use what it installs.

#![cfg(target_os = "linux")]

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use rawshm_tests::{Folder, UniqueName, as_a_user, repository, run};

use crate::programs::{exchange, go_build};
use crate::symbols::{ASKED_FOR, DEFINED, names, needs_no_c_library, set};

const FILES: [&str; 6] = [
    "include/rawshm.h",
    "include/rawshm_snapshot.h",
    "lib/librawshm_capi.a",
    "lib/librawshm_capi.so",
    "lib/librawshm_capi.so.0",
    "lib/pkgconfig/rawshm.pc",
];

/// The installation, with these arguments.
fn install(arguments: &[&str]) -> Command {
    let mut script = as_a_user(Command::new("sh"));
    script.arg("examples/capi/install.sh").args(arguments);
    script
}

/// A folder into which it is installed.
#[track_caller]
fn installed() -> Folder {
    let folder = Folder::new();
    let ended = run(&mut install(&[&folder.display().to_string()]));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    folder
}

/// All files below a folder, without the folder's path, sorted.
fn files(folder: &Path) -> Vec<String> {
    let found = run(Command::new("find")
        .args([".", "!", "-type", "d"])
        .current_dir(folder));
    assert_eq!(found.status, 0, "{}", found.stderr);
    let mut files: Vec<_> = found
        .stdout
        .lines()
        .map(|file| file[2..].to_owned())
        .collect();
    files.sort();
    files
}

/// Compiles one of the examples with the words that a shell makes of `command`, in which `$prefix`
/// is the folder of the installation.
#[track_caller]
fn compile(prefix: &Path, command: &str, example: &str) -> PathBuf {
    let program = prefix.join(example);
    let script = format!("{command} -Wl,-rpath,$prefix/lib");
    let ended = run(Command::new("sh")
        .args(["-ec", &script])
        .env("prefix", prefix)
        .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
        .env(
            "source",
            repository()
                .join("examples/capi")
                .join(example)
                .with_extension("c"),
        )
        .env("program", &program));
    assert_eq!((ended.status, ended.stderr.as_str()), (0, ""), "{command}");
    program
}

/// Checks that both examples work if they are compiled so. Returns the reader.
#[track_caller]
fn work(prefix: &Path, command: &str) -> PathBuf {
    let reader = compile(prefix, command, "reader");
    exchange(&compile(prefix, command, "writer"), &reader);
    reader
}

#[test]
fn the_archive_has_at_most_64_kib_and_four_functions() {
    let prefix = installed();
    let archive = prefix.join("lib/librawshm_capi.a");
    let size = archive.metadata().expect("a file").size();
    assert!(size <= 64 << 10, "{size}");
    let defined = names(&["--extern-only", "--defined-only"], &archive);
    assert_eq!(defined, set(&DEFINED));
    assert_eq!(names(&["--undefined-only"], &archive), set(&ASKED_FOR));
    needs_no_c_library(&archive);
}

#[test]
fn a_library_that_links_the_archive_exports_none_of_its_functions() {
    let prefix = installed();
    let source = prefix.join("mine.c");
    let text = "#include <rawshm.h>\nint mine(void) { return shm_open(\"/\", 0, 0); }\n\
                int other(void) { return shm_unlink(\"/\") + rawshm_unlink(\"/\"); }\n";
    std::fs::write(&source, text).expect("a file");
    let library = prefix.join("libmine.so");
    let linked = run(Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg("-I")
        .arg(prefix.join("include"))
        .arg(source)
        .arg(prefix.join("lib/librawshm_capi.a")));
    assert_eq!(linked.status, 0, "{}", linked.stderr);
    assert_eq!(
        names(&["--dynamic", "--extern-only", "--defined-only"], &library),
        set(&["mine", "other"])
    );
    let asked_for = names(&["--dynamic", "--undefined-only"], &library);
    assert!(!asked_for.contains("shm_open"), "{asked_for:?}");
}

#[test]
fn the_shared_library_has_a_soname_and_four_functions() {
    let prefix = installed();
    let library = prefix.join("lib/librawshm_capi.so.0");
    assert_eq!(
        names(&["--dynamic", "--defined-only"], &library),
        set(&DEFINED)
    );
    assert_eq!(
        names(&["--dynamic", "--undefined-only"], &library),
        set(&ASKED_FOR)
    );
    let printed = run(Command::new("readelf")
        .args(["--dynamic", "--wide"])
        .arg(&library));
    assert!(
        printed.stdout.contains("soname: [librawshm_capi.so.0]\n"),
        "{}",
        printed.stdout
    );
    assert!(!printed.stdout.contains("NEEDED"), "{}", printed.stdout);
    let link = std::fs::read_link(prefix.join("lib/librawshm_capi.so"));
    assert_eq!(link.expect("a link"), Path::new("librawshm_capi.so.0"));
}

#[test]
fn destdir_is_before_every_path_and_in_no_file() {
    let folder = Folder::new();
    let ended = run(install(&["/usr/"]).env("DESTDIR", &*folder));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert_eq!(files(&folder.join("usr")), FILES);
    assert_eq!(files(&folder).len(), FILES.len());
    let settings = folder.join("usr/lib/pkgconfig/rawshm.pc");
    let settings = std::fs::read_to_string(settings).expect("a file");
    assert!(settings.starts_with("prefix=/usr\n"), "{settings}");
    assert!(
        !settings.contains("-lrt") && settings.contains(" -lrawshm_capi\n"),
        "{settings}"
    );
    let crates = include_str!("../../Cargo.toml");
    let version = crates
        .lines()
        .find_map(|line| line.strip_prefix("version = "));
    let version = version.expect("a version").trim_matches('"');
    let version = format!("\nVersion: {version}\n");
    assert!(settings.contains(&version), "{settings}");
}

#[test]
fn a_wrong_argument_a_missing_tool_and_a_failure_are_one_line() {
    let folder = Folder::new();
    std::fs::write(folder.join("taken"), "").expect("a file");
    let usage = "usage: install.sh PREFIX (an absolute path)\n";
    for arguments in [&[][..], &["relative"], &["/a", "/b"], &["-h"]] {
        let ended = run(&mut install(arguments));
        assert_eq!(
            (ended.status, ended.stderr.as_str()),
            (2, usage),
            "{arguments:?}"
        );
    }
    let prefix = format!("{}/prefix", folder.display());
    let missing = run(install(&[&prefix]).env("CC", "no-such-compiler -O2"));
    let text = "install.sh: no-such-compiler is not installed, or not in PATH\n";
    assert_eq!((missing.status, missing.stderr.as_str()), (1, text));
    let failed = run(install(&[&prefix]).env("CC", "false"));
    assert_eq!(failed.status, 1);
    let last = failed.stderr.lines().last();
    assert_eq!(last, Some("install.sh: false cannot link the archive"));
    let denied = run(&mut install(&[&format!(
        "{}/taken/prefix",
        folder.display()
    )]));
    assert_eq!(denied.status, 1);
    let last = denied.stderr.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("mkdir: ") && last.contains("/taken"),
        "{}",
        denied.stderr
    );
    assert_eq!(files(&folder), ["taken"]);
}

mod needs_pkg_config {
    use super::*;

    #[test]
    #[ignore = "needs pkg config"]
    fn programs_link_it_statically_and_shared_with_the_flags_of_pkg_config() {
        let prefix = installed();
        let flags = "$(pkg-config --cflags --libs rawshm)";
        let reader = work(&prefix, &format!("cc -static -o $program $source {flags}"));
        assert!(names(&["--defined-only"], &reader).contains("shm_open"));
        let reader = work(&prefix, &format!("cc -o $program $source {flags}"));
        let printed = run(Command::new("readelf").arg("--dynamic").arg(reader));
        assert!(
            printed.stdout.contains("[librawshm_capi.so.0]"),
            "{}",
            printed.stdout
        );
    }

    mod needs_go {
        use super::*;

        #[test]
        #[ignore = "needs pkg config and go"]
        fn go_sees_no_error_of_an_unlink_in_a_function_that_then_opens() {
            let prefix = installed();
            let program = prefix.join("wrapped");
            let source = repository().join("tests/go/wrapped.go");
            let library = prefix.join("lib");
            let flags = format!("-Wl,-rpath,{}", library.display());
            let path = library.join("pkgconfig");
            let mut go = go_build(&program, &source, &flags);
            let ended = run(go.env("PKG_CONFIG_PATH", path));
            assert_eq!(ended.status, 0, "{}", ended.stderr);
            let name = UniqueName::new();
            let printed =
                |what: &str| run(Command::new(&program).args([what, &name.argument()])).stdout;
            assert_eq!(printed("open"), "false no such file or directory\n");
            // The first of them removes nothing.
            assert_eq!(printed("new"), "true <nil>\n");
            assert_eq!(printed("new"), "true <nil>\n");
            assert_eq!(printed("open"), "true <nil>\n");
        }
    }
}

mod needs_musl_gcc {
    use super::*;

    #[test]
    #[ignore = "needs musl gcc"]
    fn static_programs_of_musls_link_it() {
        let flags = "-I$prefix/include -L$prefix/lib -lrawshm_capi";
        work(
            &installed(),
            &format!("musl-gcc -static -o $program $source {flags}"),
        );
    }
}
