//! Tests with a `/dev/shm` of their own: planted files, other users, and a directory that is
//! missing, full or read-only.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use rawshm_tests::with_private_shm;
use rawshm_tests::{Folder, OTHER, c_program, public_copies, run, static_program};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

/// Runs a script in a private `/dev/shm`, and compares its output line by line.
fn check(options: &str, script: &str, expected: &[&str]) {
    let ended = with_private_shm(PEER, options, script);
    assert_eq!(ended.stderr, "", "{script}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines, expected, "{script}");
}

/// Runs `writer` or `reader` in a private `/dev/shm`, and compares status and standard error.
fn check_program(options: &str, script: &str, status: i32, stderr: &str) {
    let ended = with_private_shm(PEER, options, script);
    let found = (ended.status, ended.stderr.as_str(), ended.stdout.as_str());
    assert_eq!(found, (status, stderr, ""), "{script}");
}

#[test]
#[ignore = "needs namespaces"]
fn a_directory_under_the_name_is_no_object() {
    check(
        "mode=1777",
        "mkdir /dev/shm/x; $PEER open /x; $PEER open-read-write /x; $PEER create /x 1; \
         $PEER open-or-create /x 1; $PEER unlink /x",
        &[
            "Open EINVAL",
            "Open EINVAL",
            "Create EEXIST",
            "Open EINVAL",
            "Unlink EISDIR",
        ],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn a_symbolic_link_is_not_followed_whether_it_dangles_or_not() {
    for link in [
        "ln -s target /dev/shm/x",
        "ln -s target /dev/shm/x; $PEER create target 1",
    ] {
        let script = format!(
            "{link} >/dev/null; $PEER open /x; $PEER open-read-write /x; $PEER create /x 1; \
             $PEER open-or-create /x 1; ls /dev/shm | wc -l; $PEER unlink /x; \
             test -L /dev/shm/x || echo gone"
        );
        let files = if link.contains("create") { "2" } else { "1" };
        check(
            "mode=1777",
            &script,
            &[
                "Open ELOOP",
                "Open ELOOP",
                "Create EEXIST",
                "Open ELOOP",
                files,
                "ok",
                "gone",
            ],
        );
    }
}

#[test]
#[ignore = "needs namespaces"]
fn a_fifo_is_no_object_and_opening_it_does_not_wait() {
    check(
        "mode=1777",
        "mkfifo /dev/shm/x; $PEER open /x; $PEER open-read-write /x; $PEER create /x 1; \
         $PEER open-or-create /x 1; $PEER unlink /x; test -p /dev/shm/x || echo gone",
        &[
            "Open EINVAL",
            "Open EINVAL",
            "Create EEXIST",
            "Open EINVAL",
            "ok",
            "gone",
        ],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn a_socket_is_no_object() {
    check(
        "mode=1777",
        "$PEER plant-socket /x; $PEER open /x; $PEER open-read-write /x; $PEER open-or-create /x 1",
        &["ok", "Open EINVAL", "Open EINVAL", "Open EINVAL"],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn names_are_as_long_as_the_file_system_allows() {
    let longest = "n".repeat(255);
    let script = format!(
        "$PEER create /{longest} 1; $PEER create /n{longest} 1; $PEER open {longest}; \
         $PEER open ///{longest}; $PEER unlink /n{longest}; $PEER unlink /{longest}; \
         $PEER create ... 1"
    );
    let expected = [
        "ok",
        "Name ENAMETOOLONG",
        "ok",
        "ok",
        "Name ENAMETOOLONG",
        "ok",
        "ok",
    ];
    check("mode=1777", &script, &expected);
}

#[test]
#[ignore = "needs namespaces"]
fn a_missing_directory_is_distinguished_from_a_missing_object() {
    let hide = "umount /dev/shm && mount -t tmpfs none /dev || exit;";
    let script = format!(
        "{hide} $PEER create /x 1; $PEER open /x; $PEER open-read-write /x; \
         $PEER open-or-create /x 1; $PEER is-memory x; $PEER unlink /x"
    );
    let missing = "Directory ENOENT";
    check(
        "mode=1777",
        &script,
        &[missing, missing, missing, missing, missing, "Unlink ENOENT"],
    );
    let line = |program: &str| {
        format!("{program}: cannot find /dev/shm: no such file or directory (ENOENT)\n")
    };
    check_program("mode=1777", &format!("{hide} $WRITER"), 1, &line("writer"));
    check_program("mode=1777", &format!("{hide} $READER"), 1, &line("reader"));
    check(
        "mode=1777",
        "$PEER open /x; $PEER is-memory x",
        &["Open ENOENT", "true"],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn in_a_read_only_directory_objects_can_be_read_and_not_created() {
    let remount = "mount -o remount,ro none /dev/shm || exit;";
    let script = format!(
        "$PEER create /x 24; {remount} $PEER open /x; $PEER load /x; $PEER open-read-write /x; \
         $PEER create /y 1; $PEER create /x 1; $PEER open-or-create /y 1; $PEER unlink /x"
    );
    check(
        "mode=1777",
        &script,
        &[
            "ok",
            "ok",
            "[0, 0, 0]",
            "Open EROFS",
            "Create EROFS",
            "Create EEXIST",
            "Create EROFS",
            "Unlink EROFS",
        ],
    );
    // The kernel checks the file system before it looks up the name.
    let line = "writer: cannot unlink /my_shm: read-only file system (EROFS)\n";
    check_program("mode=1777", &format!("{remount} $WRITER"), 1, line);
}

#[test]
#[ignore = "needs namespaces"]
fn out_of_inodes_is_an_error_at_creation() {
    check(
        "mode=1777,nr_inodes=2",
        "$PEER create /x 1; $PEER create /y 1; ls /dev/shm",
        &["ok", "Create ENOSPC", "x"],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn out_of_memory_is_an_error_when_reserving_and_leaves_nothing_behind() {
    check(
        "mode=1777,size=64k",
        "$PEER create-reserved /x 65537; ls /dev/shm; $PEER create-reserved /x 65536; \
         $PEER create-reserved /y 1; ls /dev/shm",
        &["Reserve ENOSPC", "ok", "Reserve ENOSPC", "x"],
    );
    check(
        "mode=1777,size=64k",
        "$PEER create /x 4096; $PEER resize-reserved /x 65537; $PEER resize-reserved /x 65536",
        &[
            "ok",
            "Reserve ENOSPC, 4096 bytes, 0 in memory",
            "ok, 65536 bytes, 65536 in memory",
        ],
    );
    // The same if a part of it could be reserved.
    check(
        "mode=1777,size=64k",
        "$PEER create-reserved /y 32768; $PEER create /x 4096; $PEER resize-reserved /x 65536; \
         $PEER resize-reserved /x 1024",
        &[
            "ok",
            "ok",
            "Reserve ENOSPC, 4096 bytes, 0 in memory",
            "ok, 1024 bytes, 4096 in memory",
        ],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn prefaulting_more_than_there_is_is_an_error_and_no_signal() {
    check(
        "mode=1777,size=64k",
        "$PEER create /x 4000000000; $PEER prefault /x",
        &["ok", "Prefault EFAULT"],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn four_gigabytes_fit_into_the_64_megabytes_of_a_container_and_into_one_page() {
    for size in ["64m", "4k"] {
        check(
            &format!("mode=1777,size={size}"),
            "$WRITER && $READER -v 2>&1",
            &[
                "/my_shm: 4000000000 bytes, 4096 of them in memory",
                "&{100 876 8021}",
            ],
        );
    }
}

#[test]
#[ignore = "needs namespaces"]
fn an_access_to_a_sparse_page_without_memory_ends_the_process_with_a_signal() {
    const SIGBUS: i32 = 7;
    let fill = "$PEER create-reserved /full 4096 >/dev/null";
    let ended = |script: &str| with_private_shm(PEER, "mode=1777,size=4k", script);
    assert_eq!(ended(&format!("{fill}; exec $WRITER")).status, 128 + SIGBUS);
    // Reading a hole needs a page as well.
    let script = format!("{fill}; $PEER create /x 24 >/dev/null; exec $READER -n /x");
    assert_eq!(ended(&script).status, 128 + SIGBUS);
}

#[test]
#[ignore = "needs namespaces"]
fn the_programs_use_my_shm_with_mode_0644_less_the_umask() {
    check(
        "mode=1777",
        "umask 022; $WRITER; stat -c %a /dev/shm/my_shm; umask 077; $WRITER; \
         stat -c %a /dev/shm/my_shm; umask 0; $WRITER -m 666; \
         stat -c %a /dev/shm/my_shm; $READER -u; ls /dev/shm",
        &["644", "600", "666", "&{100 876 8021}"],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn the_umask_applies_unless_the_mode_is_asked_for_exactly() {
    check(
        "mode=1777",
        "umask 027; $PEER create-mode /x 666; $PEER create-exact /y 666; \
         stat -c %a /dev/shm/x /dev/shm/y",
        &["ok", "ok", "640", "666"],
    );
}

#[test]
#[ignore = "needs namespaces"]
fn limits_of_the_process_are_errors() {
    check(
        "mode=1777",
        "trap '' XFSZ; ulimit -f 1; $PEER create /x 4096; ls /dev/shm",
        &["Resize EFBIG"],
    );
    let script = "$PEER create /x 24 >/dev/null; ulimit -n 3; exec $READER -n /x";
    let line = "reader: cannot open /x: too many open files (EMFILE)\n";
    check_program("mode=1777", script, 1, line);
    let script = "ulimit -v 1000000; exec $WRITER";
    let line = "writer: cannot map /my_shm: cannot allocate memory (ENOMEM)\n";
    check_program("mode=1777", script, 1, line);
}

#[test]
#[ignore = "needs namespaces"]
fn a_directory_on_a_disk_is_used_and_said_to_be_no_memory() {
    let folder = Folder::new();
    let script = format!(
        "mount --bind {} /dev/shm || exit; stat -f -c %T /dev/shm; $PEER create /x 24; \
         $PEER load /x; $PEER is-memory x",
        folder.display()
    );
    let ended = with_private_shm(PEER, "mode=1777", &script);
    let lines: Vec<&str> = ended.stdout.lines().collect();
    let memory = lines[0] == "tmpfs";
    assert_eq!(
        &lines[1..],
        ["ok", "[0, 0, 0]", if memory { "true" } else { "false" }]
    );
}

#[test]
#[ignore = "needs namespaces"]
fn the_programs_take_at_most_300_instructions_with_default_arguments_and_the_creator_500() {
    let steps = c_program("tests/c/steps.c");
    for (script, limit) in [
        ("$STEPS $WRITER", 300),
        ("$WRITER; $STEPS $READER", 300),
        ("$STEPS $CREATOR", 500),
        ("$WRITER; $STEPS $CREATOR -r", 1700),
    ] {
        let script = format!("STEPS={}; {script} 2>&1 >/dev/null", steps.display());
        let ended = with_private_shm(PEER, "mode=1777", &script);
        let count: u32 = ended.stdout.trim().parse().expect("a number");
        println!("{script}: {count} instructions");
        assert!(count <= limit, "{script}: {count} instructions");
    }
}

mod needs_root {
    use super::*;

    #[test]
    #[ignore = "needs namespaces and root"]
    fn a_device_is_no_object() {
        check(
            "mode=1777,dev",
            "mknod /dev/shm/x c 1 3; $PEER open /x; $PEER open-read-write /x; \
             mknod /dev/shm/y c 250 250; $PEER open /y; $PEER unlink /x",
            &["Open EINVAL", "Open EINVAL", "Open EINVAL", "ok"],
        );
    }

    #[test]
    #[ignore = "needs namespaces and root"]
    fn another_user_may_do_what_the_mode_says() {
        let copies = public_copies(PEER);
        let folder = copies.display();
        let script = format!(
            "$PEER create-mode /private 600; $PEER create-exact /public 644; \
             {OTHER} {folder}/peer open /private; {OTHER} {folder}/peer open-read-write /private; \
             {OTHER} {folder}/peer open /public; {OTHER} {folder}/peer open-read-write /public; \
             {OTHER} {folder}/peer unlink /public; {OTHER} {folder}/peer create /public 1; \
             {OTHER} {folder}/peer create /own 1; $PEER open-read-write /own; \
             {OTHER} {folder}/peer unlink /own"
        );
        check(
            "mode=1777",
            &script,
            &[
                "ok",
                "ok",
                "Open EACCES",
                "Open EACCES",
                "ok",
                "Open EACCES",
                "Unlink EACCES",
                "Create EEXIST",
                "ok",
                "ok",
                "ok",
            ],
        );
    }

    #[test]
    #[ignore = "needs namespaces and root"]
    fn another_user_runs_the_pair() {
        let copies = public_copies(PEER);
        let folder = copies.display();
        let reader = format!("{OTHER} {folder}/reader");
        check(
            "mode=1777",
            &format!("$WRITER; {reader}"),
            &["&{100 876 8021}"],
        );
        let line = "reader: cannot open /my_shm: permission denied (EACCES)\n";
        check_program("mode=1777", &format!("$WRITER -m 600; {reader}"), 1, line);
        let line = "writer: cannot unlink /my_shm: permission denied (EACCES)\n";
        check_program(
            "mode=1777",
            &format!("$WRITER; {OTHER} {folder}/writer"),
            1,
            line,
        );
        let line = "writer: cannot create /my_shm: permission denied (EACCES)\n";
        check_program("mode=755", &format!("{OTHER} {folder}/writer"), 1, line);
    }

    #[test]
    #[ignore = "needs namespaces and root"]
    fn another_users_symbolic_link_is_not_followed() {
        check(
            "mode=1777",
            &format!(
                "{OTHER} ln -s target /dev/shm/x; $PEER create /x 1; $PEER open /x; \
                 $PEER open-or-create /x 1; ls /dev/shm"
            ),
            &["Create EEXIST", "Open ELOOP", "Open ELOOP", "x"],
        );
    }
}

mod needs_bwrap {
    use super::*;

    #[test]
    #[ignore = "needs namespaces and bwrap"]
    fn the_programs_run_alone_in_a_container_without_proc_or_any_file() {
        let contained = |program: &str, arguments: &[&str], folder: &Path| {
            run(Command::new("bwrap")
                .args(["--unshare-all", "--as-pid-1", "--ro-bind"])
                .arg(static_program(program))
                .args(["/program", "--bind"])
                .arg(folder)
                .args(["/dev/shm", "/program"])
                .args(arguments))
        };
        let folder = Folder::new();
        for (program, arguments, printed) in [
            ("writer", &[][..], ""),
            ("reader", &["-u"], "&{100 876 8021}\n"),
            ("creator", &[], ""),
            ("reader", &[], "&{100 876 8021}\n"),
            ("creator", &["-r", "1", "2", "3"], ""),
            ("reader", &["-u"], "&{1 2 3}\n"),
        ] {
            let ended = contained(program, arguments, &folder);
            let found = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
            assert_eq!(found, (0, printed, ""), "{program} {arguments:?}");
        }
        assert_eq!(std::fs::read_dir(&*folder).expect("a folder").count(), 0);
    }
}
