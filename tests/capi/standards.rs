//! The C examples and headers compile without a warning, whatever the standard.

#![cfg(target_os = "linux")]

use std::process::Command;

use rawshm_tests::{Folder, repository, run};

/// C23 is called that by newer compilers too.
const C: [&str; 4] = ["c99", "c11", "c17", "c2x"];

/// Compiles a file of the examples, or a program that includes all headers.
#[track_caller]
fn no_warning(compiler: &str, standard: &str, file: &str) {
    let examples = repository().join("examples/capi");
    let folder = Folder::new();
    let headers = folder.join("headers.c");
    let text = "#include <sys/mman.h>\n#include <rawshm.h>\n#include <rawshm_snapshot.h>\n";
    std::fs::write(&headers, text).expect("a file");
    let source = if file.is_empty() {
        headers
    } else {
        examples.join(file)
    };
    let mut command = Command::new(compiler);
    command.arg(format!("-std={standard}"));
    command.args([
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Wconversion",
        "-Werror",
        "-O1",
    ]);
    if standard.contains("++") {
        command.args(["-x", "c++"]);
    }
    command.args(["-c", "-o"]).arg(folder.join("object"));
    let ended = run(command.arg("-I").arg(examples).arg(source));
    assert_eq!(
        ended.status, 0,
        "{compiler} {standard} {file}: {}",
        ended.stderr
    );
}

fn no_warning_in_c(compiler: &str) {
    for standard in C {
        for file in ["writer.c", "reader.c", "snapshot.c", ""] {
            no_warning(compiler, standard, file);
        }
    }
}

#[test]
fn from_c99_to_c23() {
    no_warning_in_c("cc");
}

mod needs_clang {
    use super::*;

    #[test]
    #[ignore = "needs clang"]
    fn from_c99_to_c23_with_clang() {
        no_warning_in_c("clang");
    }

    #[test]
    #[ignore = "needs clang"]
    fn the_headers_in_cxx_with_clang() {
        no_warning("clang", "c++11", "");
    }
}

mod needs_cxx {
    use super::*;

    #[test]
    #[ignore = "needs cxx"]
    fn the_headers_in_cxx() {
        for standard in ["c++11", "c++20"] {
            no_warning("g++", standard, "");
        }
    }
}
