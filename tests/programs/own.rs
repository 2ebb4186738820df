//! The example of a user's own executables: copied out of the repository, and built there.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rawshm_tests::{
    Ended, Folder, UniqueName, cargo, repository, run, static_program, with_private_shm,
};

use crate::elf::{Elf, PT_DYNAMIC, PT_INTERP};

/// The largest sizes, in bytes. Zig's for the job of `bare` is 2,312.
const BARE_MAX: u64 = 1700;
const WORDS_MAX: u64 = 4096;

/// The example's files.
const FILES: [&str; 5] = [
    "Cargo.toml",
    "build.rs",
    "src/bin/bare.rs",
    "src/bin/words.rs",
    "tests/words.rs",
];

/// A copy of the example, which takes both packages from this repository.
fn copy() -> Folder {
    copy_with(&repository().join("start"))
}

/// A copy of the example, which takes the start package from another folder.
fn copy_with(start: &Path) -> Folder {
    let folder = Folder::new();
    for file in FILES {
        let to = folder.join(file);
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        std::fs::copy(repository().join("examples/own").join(file), to).expect("a copy");
    }
    let (crate_itself, start) = (repository().display(), start.display());
    let patch = format!(
        "\n[patch.crates-io]\nrawshm = {{ path = \"{crate_itself}\" }}\n\
         rawshm-start = {{ path = \"{start}\" }}\n"
    );
    let manifest = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).expect("text") + &patch;
    std::fs::write(manifest, text).expect("writing a file");
    // The same versions in each run, and none has to be looked up.
    std::fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).expect("a copy");
    folder
}

/// Where cargo puts what this command makes of a copy.
fn target(arguments: &[&str], flags: &str) -> PathBuf {
    let own = static_program("writer").with_file_name("../own");
    let command = arguments.concat() + flags;
    own.join(command.replace(|letter: char| !letter.is_alphanumeric(), "_"))
}

/// Runs cargo in a copy with these flags for the compiler, and returns what it prints.
fn cargo_in(folder: &Path, arguments: &[&str], flags: &str) -> Ended {
    let mut cargo = cargo();
    cargo.current_dir(folder).args(arguments);
    cargo.env("CARGO_TARGET_DIR", target(arguments, flags));
    cargo
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", flags);
    let ended = run(&mut cargo);
    assert_eq!(ended.status, 0, "{arguments:?} {flags}: {}", ended.stderr);
    ended
}

/// The folder of the executables of `cargo build` with these flags.
fn debug(flags: &str) -> PathBuf {
    cargo_in(&copy(), &["build"], flags);
    target(&["build"], flags).join("debug")
}

/// The folder of the executables of `cargo build --release` with these flags.
fn release(flags: &str) -> PathBuf {
    let command = ["build", "--release"];
    cargo_in(&copy(), &command, flags);
    target(&command, flags).join("release")
}

/// As `cargo build --release` without flags builds them, once.
fn as_copied() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| release(""))
}

fn ended(stdout: &str, stderr: &str, status: i32) -> Ended {
    Ended {
        stdout: stdout.into(),
        stderr: stderr.into(),
        status,
    }
}

fn is_static(program: &Path) {
    for segment in Elf::read(program).segments() {
        let kinds = [PT_INTERP, PT_DYNAMIC];
        assert!(!kinds.contains(&segment.kind), "{}", program.display());
    }
}

/// Both are static. `words` creates an object that `reader` reads, and says why it cannot again.
fn work(folder: &Path) {
    is_static(&folder.join("bare"));
    is_static(&folder.join("words"));
    let unique = UniqueName::new();
    let name = unique.argument();
    let words = || run(Command::new(folder.join("words")).arg(&name));
    assert_eq!(words(), ended("", "", 0));
    let there = format!("words: cannot create {name}: file exists (EEXIST)\n");
    assert_eq!(words(), ended("", &there, 1));
    let read = run(Command::new(static_program("reader")).args(["-un", &name]));
    assert_eq!(read, ended("&{100 876 8021}\n", "", 0));
}

fn size(program: &str) -> u64 {
    let program = as_copied().join(program);
    program.metadata().expect("a file").len()
}

#[test]
fn bare_has_at_most_1700_bytes_and_words_4096() {
    let (bare, words) = (size("bare"), size("words"));
    println!("bare: {bare} bytes, words: {words} bytes");
    assert!(bare <= BARE_MAX, "bare has {bare} bytes");
    assert!(words <= WORDS_MAX, "words has {words} bytes");
}

#[test]
fn a_program_has_at_most_20_lines_and_the_build_script_one() {
    for (file, limit) in [
        ("src/bin/bare.rs", 20),
        ("src/bin/words.rs", 20),
        ("build.rs", 3),
    ] {
        let text = std::fs::read_to_string(repository().join("examples/own").join(file));
        assert!(text.expect("text").lines().count() <= limit, "{file}");
    }
}

#[test]
fn the_page_of_the_start_package_has_the_example_whole() {
    let page = std::fs::read_to_string(repository().join("start/README.md")).expect("text");
    for file in &FILES[..4] {
        let text = std::fs::read_to_string(repository().join("examples/own").join(file));
        let text = text.expect("text");
        assert!(page.contains(text.trim()), "{file} is another one there");
    }
}

#[test]
fn it_builds_and_runs_as_copied() {
    work(as_copied());
}

#[test]
fn it_builds_and_runs_unoptimised() {
    work(&debug(""));
}

#[test]
fn it_builds_with_gccs_own_linker() {
    work(&debug("-Clink-arg=-fuse-ld=bfd"));
    work(&release("-Clink-arg=-fuse-ld=bfd"));
}

#[test]
fn it_builds_with_the_first_resolver() {
    let folder = copy();
    let manifest = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).expect("text");
    let text = text.replace("edition = ", "resolver = \"1\"\nedition = ");
    std::fs::write(&manifest, text).expect("writing a file");
    let command = ["build", "--release", "--bins"];
    cargo_in(&folder, &command, "");
    work(&target(&command, "").join("release"));
}

#[test]
fn it_builds_with_what_is_in_the_start_package() {
    let folder = Folder::new();
    let command = ["package", "--no-verify", "--offline", "--allow-dirty"];
    let mut package = cargo();
    package.args(command).args(["--package", "rawshm-start"]);
    let packed = run(package.arg("--target-dir").arg(&*folder));
    assert_eq!(packed.status, 0, "{}", packed.stderr);
    let mut unpack = Command::new("tar");
    unpack.current_dir(folder.join("package"));
    assert_eq!(
        run(unpack.args(["-xf", "rawshm-start-0.1.0.crate"])).status,
        0
    );
    let start = folder.join("package/rawshm-start-0.1.0");
    let command = ["build", "--release", "--all-targets"];
    cargo_in(&copy_with(&start), &command, "");
    work(&target(&command, "").join("release"));
}

#[test]
fn its_own_tests_pass() {
    let tested = cargo_in(&copy(), &["test"], "");
    assert!(tested.stdout.contains("1 passed; 0 failed"), "{tested:?}");
}

/// What cargo says of a copy with another manifest.
fn refused(arguments: &[&str], manifest: impl Fn(String) -> String) -> String {
    let folder = copy();
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).expect("text");
    let new = manifest(text.clone());
    assert_ne!(text, new);
    std::fs::write(&path, new).expect("writing a file");
    let mut cargo = cargo();
    cargo.current_dir(&*folder).args(arguments);
    let ended = run(cargo.env("CARGO_TARGET_DIR", target(arguments, "refused")));
    assert_ne!(ended.status, 0);
    ended.stderr
}

#[test]
fn a_profile_that_unwinds_is_an_error_that_says_what_to_do() {
    let said = refused(&["check", "--bins"], |text| {
        text.replacen("panic = \"abort\"", "", 1)
    });
    assert!(said.contains("put `panic = \"abort\"` into"), "{said}");
}

#[test]
fn unit_tests_of_a_program_are_an_error_that_says_what_to_do() {
    let said = refused(&["test"], |text| text.replacen("test = false", "", 1));
    assert!(said.contains("put `test = false`"), "{said}");
}

mod needs_clippy {
    use super::*;

    #[test]
    #[ignore = "needs clippy"]
    fn clippy_finds_nothing() {
        let command = ["clippy", "--all-targets", "--", "-Dwarnings"];
        cargo_in(&copy(), &command, "");
    }
}

mod needs_clang {
    use super::*;

    #[test]
    #[ignore = "needs clang"]
    fn it_builds_with_clang() {
        work(&debug("-Clinker=clang"));
        work(&release("-Clinker=clang"));
    }

    #[test]
    #[ignore = "needs clang"]
    fn the_pair_has_the_same_size_with_clang() {
        let folder = pair("-Clinker=clang");
        for program in ["writer", "reader"] {
            let size = |path: PathBuf| path.metadata().expect("a file").len();
            assert_eq!(size(folder.join(program)), size(static_program(program)));
        }
    }
}

mod needs_lld {
    use super::*;

    #[test]
    #[ignore = "needs lld"]
    fn it_builds_with_lld() {
        work(&debug("-Clink-arg=-fuse-ld=lld"));
        work(&release("-Clink-arg=-fuse-ld=lld"));
    }
}

mod needs_mold {
    use super::*;

    #[test]
    #[ignore = "needs mold"]
    fn it_builds_with_mold() {
        work(&debug("-Clink-arg=-fuse-ld=mold"));
        work(&release("-Clink-arg=-fuse-ld=mold"));
    }

    #[test]
    #[ignore = "needs mold"]
    fn the_pair_builds_and_runs_with_mold() {
        let folder = pair("-Clink-arg=-fuse-ld=mold");
        let name = UniqueName::new();
        let wrote = run(Command::new(folder.join("writer")).args(["-n", &name.argument()]));
        assert_eq!(wrote, ended("", "", 0));
        let read = run(Command::new(folder.join("reader")).args(["-un", &name.argument()]));
        assert_eq!(read, ended("&{100 876 8021}\n", "", 0));
    }
}

/// The folder of the static programs, built with these flags.
fn pair(flags: &str) -> PathBuf {
    cargo_in(repository(), &["static"], flags);
    target(&["static"], flags).join("static")
}

mod needs_strace {
    use super::*;

    mod needs_namespaces {
        use super::*;

        #[test]
        #[ignore = "needs strace and namespaces"]
        fn bare_makes_eight_calls() {
            let bare = as_copied().join("bare");
            let script = format!("strace -qq -o /dev/shm/calls {}", bare.display());
            let script = format!("{script} && cat /dev/shm/calls && test -e /dev/shm/bare");
            let ended = with_private_shm("", "size=1m", &script);
            assert_eq!(ended.status, 0, "{ended:?}");
            let calls = ended
                .stdout
                .lines()
                .filter_map(|line| line.split('(').next());
            let calls: Vec<_> = calls.filter(|call| !call.starts_with('+')).collect();
            let expected = "execve unlinkat openat ftruncate mmap close munmap exit_group";
            assert_eq!(calls.join(" "), expected);
        }

        #[test]
        #[ignore = "needs strace and namespaces"]
        fn bare_fails_with_status_1_and_words_says_why_if_there_is_no_space() {
            let folder = as_copied().display();
            let script = format!("{folder}/bare; echo $?; {folder}/words; echo $?");
            let ended = with_private_shm("", "size=4k,nr_inodes=1", &script);
            let line = "words: cannot create /words: no space left on device (ENOSPC)\n";
            assert_eq!(ended.stdout, "1\n1\n");
            assert_eq!(ended.stderr, line);
        }
    }
}
