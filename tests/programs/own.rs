//! The example of a user's own executables: copied out of the repository, and built there.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rawshm_tests::{
    Ended, Folder, UniqueName, c_program, cargo, repository, run, static_program, with_private_shm,
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

/// The sizes of both programs.
fn sizes(folder: &Path) -> [u64; 2] {
    ["bare", "words"].map(|program| folder.join(program).metadata().expect("a file").len())
}

#[test]
fn bare_has_at_most_1700_bytes_and_words_4096() {
    let [bare, words] = sizes(as_copied());
    println!("bare: {bare} bytes, words: {words} bytes");
    assert!(bare <= BARE_MAX, "bare has {bare} bytes");
    assert!(words <= WORDS_MAX, "words has {words} bytes");
}

/// The sizes in the row of the start package's page that begins with this.
fn stated(row: &str) -> [u64; 2] {
    let page = std::fs::read_to_string(repository().join("start/README.md")).expect("text");
    let line = page
        .lines()
        .find(|line| line.starts_with(&format!("| {row} |")));
    let mut cells = line.unwrap_or_else(|| panic!("no row {row}")).split('|');
    let mut cell = || cells.next().expect("a cell").trim().replace(',', "");
    let _ = [cell(), cell()];
    [cell(), cell()].map(|cell| cell.parse().expect("a number"))
}

/// Compilers differ a little.
fn about_as_stated(row: &str, measured: [u64; 2]) {
    for (measured, stated) in measured.into_iter().zip(stated(row)) {
        println!("without {row}: {measured} bytes");
        assert!(
            measured.abs_diff(stated) * 20 <= stated,
            "without {row}: {measured} bytes"
        );
    }
}

#[test]
fn the_sizes_are_as_stated() {
    about_as_stated("nothing", sizes(as_copied()));
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
fn the_readme_has_its_sizes() {
    let page = std::fs::read_to_string(repository().join("README.md")).expect("text");
    for size in stated("nothing") {
        let size = format!("{},{:03}", size / 1000, size % 1000);
        assert!(page.contains(&size), "{size} bytes are not what it says");
    }
}

#[test]
fn it_builds_and_runs_as_copied() {
    work(as_copied());
}

#[test]
fn two_copies_make_the_same_executables() {
    let command = ["build", "--release", "--quiet"];
    cargo_in(&copy(), &command, "");
    let other = target(&command, "").join("release");
    for program in ["bare", "words"] {
        let bytes = |folder: &Path| std::fs::read(folder.join(program)).expect("a file");
        assert!(bytes(as_copied()) == bytes(&other), "{program}");
    }
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
    change(
        &folder,
        "Cargo.toml",
        "edition = ",
        "resolver = \"1\"\nedition = ",
    );
    let command = ["build", "--release", "--bins"];
    cargo_in(&folder, &command, "");
    work(&target(&command, "").join("release"));
}

#[test]
fn a_program_that_is_not_named_is_an_ordinary_one() {
    let folder = copy();
    change(&folder, "build.rs", "link!()", "link!(\"bare\", \"words\")");
    let source = "fn main() { println!(\"{:?}\", rawshm::Name::new(\"/x\")); }";
    std::fs::write(folder.join("src/bin/ordinary.rs"), source).expect("writing a file");
    let command = ["build", "--release", "--quiet", "--bins"];
    cargo_in(&folder, &command, "");
    let built = target(&command, "").join("release");
    work(&built);
    let ran = run(&mut Command::new(built.join("ordinary")));
    assert_eq!(ran, ended("Ok(Name(\"/x\"))\n", "", 0));
}

#[test]
fn a_program_with_std_has_the_c_librarys_memory_functions() {
    let folder = copy();
    change(&folder, "build.rs", "link!()", "link!(\"bare\", \"words\")");
    let source = "fn main() { rawshm_start::say!(\"% bytes\", 24); }";
    std::fs::write(folder.join("src/bin/ordinary.rs"), source).expect("writing a file");
    let command = ["build", "--quiet", "--bins"];
    cargo_in(&folder, &command, "");
    let ordinary = target(&command, "").join("debug/ordinary");
    assert_eq!(
        run(&mut Command::new(&ordinary)),
        ended("", "24 bytes\n", 0)
    );
    let symbols = Elf::read(&ordinary).symbols();
    let is_there = |function: &str, defined| {
        let is_it = |name: &str| name.split('@').next() == Some(function);
        symbols
            .iter()
            .any(|(name, is_defined)| is_it(name) && *is_defined == defined)
    };
    for function in ["memcpy", "memmove", "memset", "memcmp", "bcmp", "strlen"] {
        assert!(!is_there(function, true), "{function} is the program's own");
    }
    assert!(is_there("memcpy", false));
}

#[test]
fn a_variable_has_the_value_after_the_first_equals_sign() {
    let folder = copy();
    let source = r#"#![no_std]
        #![no_main]
        rawshm_start::main!(run);
        fn run(arguments: rawshm_start::Arguments) -> u8 {
            let value = |name| arguments.variable(name).unwrap_or(b"none");
            let (short, empty, unset) = (value(b"A"), value(b"EMPTY"), value(b"EMPT"));
            rawshm_start::say!("% (%) % %", short, empty, unset, value(b"A=B"));
            0
        }"#;
    std::fs::write(folder.join("src/bin/words.rs"), source).expect("writing a file");
    let command = ["build", "--bin", "words"];
    cargo_in(&folder, &command, "");
    let mut words = Command::new(target(&command, "").join("debug/words"));
    words.env_clear().envs([("A", "B=C"), ("EMPTY", "")]);
    assert_eq!(run(&mut words), ended("", "B=C () none none\n", 0));
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

/// Changes a file of a copy.
fn change(copy: &Path, file: &str, from: &str, to: &str) {
    let path = copy.join(file);
    let text = std::fs::read_to_string(&path).expect("text");
    assert!(text.contains(from), "{file} lacks {from}");
    std::fs::write(&path, text.replacen(from, to, 1)).expect("writing a file");
}

/// What cargo says of a copy, a file of which is changed.
fn refused(arguments: &[&str], file: &str, from: &str, to: &str) -> String {
    let folder = copy();
    change(&folder, file, from, to);
    let mut cargo = cargo();
    cargo.current_dir(&*folder).args(arguments);
    let ended = run(cargo.env("CARGO_TARGET_DIR", target(arguments, "refused")));
    assert_ne!(ended.status, 0);
    ended.stderr
}

#[test]
fn a_profile_that_unwinds_is_an_error_that_says_what_to_do() {
    let abort = "panic = \"abort\"";
    let said = refused(&["check", "--bins"], "Cargo.toml", abort, "");
    assert!(said.contains("put `panic = \"abort\"` into"), "{said}");
}

#[test]
fn unit_tests_of_a_program_are_an_error_that_says_what_to_do() {
    let said = refused(&["test"], "Cargo.toml", "test = false", "");
    assert!(said.contains("put `test = false`"), "{said}");
}

#[test]
fn a_build_script_without_the_line_is_an_error_that_says_what_to_do() {
    let said = refused(&["build"], "build.rs", "rawshm_start::link!();", "");
    assert!(
        said.contains("has to call `rawshm_start::link!()`"),
        "{said}"
    );
}

#[test]
fn a_line_with_another_number_of_operands_is_an_error_that_says_so() {
    for operands in [", error.words()", ", error.words(), errno, 3"] {
        let said = refused(
            &["check", "--bins"],
            "src/bin/words.rs",
            ", error.words(), errno",
            operands,
        );
        assert!(said.contains("another number of `%`"), "{said}");
    }
}

mod needs_half_a_minute {
    use super::*;

    #[test]
    #[ignore = "needs half a minute"]
    fn what_each_setting_saves_is_as_stated() {
        let flags = "println!(\"cargo::rustc-env=RAWSHM_START_LINKS=\");
            for flag in [\"-static\", \"-no-pie\", \"-nostdlib\", \"-erawshm_start\"] {
                println!(\"cargo::rustc-link-arg-bins={flag}\");
            }";
        for (row, file, from, to) in [
            ("`opt-level = \"z\"`", "Cargo.toml", "opt-level = \"z\"", ""),
            ("`lto = true`", "Cargo.toml", "lto = true", ""),
            ("`codegen-units = 1`", "Cargo.toml", "codegen-units = 1", ""),
            ("`strip = true`", "Cargo.toml", "strip = true", ""),
            (
                "`opt-level = 2` of the dependencies",
                "Cargo.toml",
                "opt-level = 2",
                "opt-level = \"z\"",
            ),
            (
                "the linker script",
                "build.rs",
                "rawshm_start::link!();",
                flags,
            ),
        ] {
            let folder = copy();
            change(&folder, file, from, to);
            let command = ["build", "--release", "-q"];
            cargo_in(&folder, &command, "");
            about_as_stated(row, sizes(&target(&command, "").join("release")));
        }
    }

    #[test]
    #[ignore = "needs half a minute"]
    fn what_a_program_saves_that_does_without_is_as_stated() {
        let silent = (
            "rawshm_start::main!(run)",
            "rawshm_start::main!(run, silent)",
        );
        let constant = ("link!()", "link!(constant: \"bare\", \"words\")");
        for (row, files, (from, to)) in [
            ("`main!(run, silent)`", &FILES[2..4], silent),
            ("`link!(constant: …)`", &FILES[1..2], constant),
        ] {
            let folder = copy();
            for file in files {
                change(&folder, file, from, to);
            }
            let command = ["build", "-q", "--release"];
            cargo_in(&folder, &command, "");
            let measured = sizes(&target(&command, "").join("release"));
            let saved = [sizes(as_copied()), stated("nothing")];
            for program in 0..2 {
                let [saved, stated] = [
                    saved[0][program] - measured[program],
                    saved[1][program] - stated(row)[program],
                ];
                println!("{row} saves {saved} bytes");
                assert!(saved.abs_diff(stated) <= 16, "{row} saves {saved} bytes");
            }
        }
    }
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

mod needs_bwrap {
    use super::*;

    #[test]
    #[ignore = "needs bwrap"]
    fn both_run_alone_in_a_container_without_any_file() {
        for program in ["bare", "words"] {
            let ran = run(Command::new("bwrap")
                .args([
                    "--unshare-all",
                    "--as-pid-1",
                    "--tmpfs",
                    "/dev/shm",
                    "--ro-bind",
                ])
                .arg(as_copied().join(program))
                .args(["/program", "/program"]));
            assert_eq!(ran, ended("", "", 0), "{program}");
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

mod needs_namespaces {
    use super::*;

    #[test]
    #[ignore = "needs namespaces"]
    fn bare_fails_with_status_1_and_words_says_why_if_there_is_no_space() {
        let folder = as_copied().display();
        let script = format!("{folder}/bare; echo $?; {folder}/words; echo $?");
        let line = "words: cannot create /words: no space left on device (ENOSPC)\n";
        let ran = with_private_shm("", "size=4k,nr_inodes=1", &script);
        assert_eq!(ran, ended("1\n1\n", line, 0));
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn bare_runs_at_most_100_instructions() {
        let (steps, folder) = (c_program("tests/c/steps.c"), as_copied().display());
        let script = format!("{} {folder}/bare", steps.display());
        let ran = with_private_shm("", "size=1m", &script);
        let steps: u64 = ran.stderr.trim().parse().expect("a number");
        println!("bare: {steps} instructions");
        assert!(ran.status == 0 && steps <= 100, "{ran:?}");
    }

    mod needs_strace {
        use super::*;

        #[test]
        #[ignore = "needs namespaces and strace"]
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
    }
}
