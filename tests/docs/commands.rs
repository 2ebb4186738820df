//! The commands in the pages, as a user pastes them into a shell.

#![cfg(target_os = "linux")]

mod needs_namespaces {
    use rawshm_tests::{repository, static_program, with_private_shm};

    use crate::pasted::Package;
    use crate::{blocks, page, section};

    /// Runs the blocks of a section, after a preparation, with a new `/dev/shm`. Nothing is printed
    /// on standard error.
    fn printed(path: &str, heading: &str, replace: &[(&str, &str)], before: &str) -> String {
        let page = page(path);
        let mut script = blocks(section(&page, heading), "sh").concat();
        assert!(!script.is_empty(), "{path}: {heading}");
        for (what, with) in replace {
            assert!(script.contains(what), "{path}: {what}");
            script = script.replace(what, with);
        }
        let script = format!("{before}\n{script}");
        let ended = with_private_shm("", "mode=1777,size=16m", &script);
        assert_eq!(ended.stderr, "", "{path}: {heading}");
        ended.stdout
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn the_commands_of_the_readme_print_what_they_say() {
        let main = blocks(&page("README.md"), "rust").swap_remove(0);
        let package = Package::new(&[("src/main.rs".into(), main)], "");
        let folder = package.folder().display().to_string();
        let target = package.target().display().to_string();
        let go = format!("cd {folder}; export CARGO_TARGET_DIR={target} CARGO_TERM_QUIET=true");
        let shown = printed("README.md", "## A writer and a reader", &[], &go);
        assert_eq!(shown, "[100, 876, 8021]\n");

        let _ = static_program("writer");
        let repository = repository().display().to_string();
        // The copied package is built in other tests.
        let own = "cp -r examples/own ~/own && cd ~/own && cargo build --release";
        let clone = "git clone REPOSITORY rawshm && cd rawshm";
        let clone = [(clone, "true"), (own, "true")];
        let go = format!("cd {repository}; export CARGO_TERM_QUIET=true");
        let shown = printed(
            "README.md",
            "## Static executables without libc",
            &clone,
            &go,
        );
        assert_eq!(shown, "&{100 876 8021}\n");
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn numbers_are_published_and_watched_to_the_last() {
        let folder = static_program("watch");
        let folder = folder.parent().expect("a folder").display().to_string();
        let replace = [("target/static", folder.as_str()), ("cargo static\n", "")];
        for _ in 0..3 {
            let after = "trap 'wait; ls -A /dev/shm' EXIT";
            let shown = printed("docs/programs.md", "## publish and watch", &replace, after);
            // On a slow machine it misses the first ones, which is no fault.
            assert!(shown.ends_with("5\n"), "{shown}");
            assert!("1\n2\n3\n4\n5\n".ends_with(&shown), "{shown}");
        }
    }

    /// The commands that show something, with a snapshot under the name and a writer that is alive.
    fn trouble(heading: &str, texts: &[&str]) -> String {
        let publish = static_program("publish").display().to_string();
        // It ends when its shell does.
        let before = format!(
            "{publish} -n /my_shm -r 20 & trap \"kill $!\" EXIT
             while ! [ -e /dev/shm/my_shm ]; do :; done"
        );
        let shown = printed("docs/trouble.md", heading, &[], &before);
        for text in texts {
            assert!(shown.contains(text), "{heading}: {text}, but:\n{shown}");
        }
        shown
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn each_symptoms_commands_show_what_the_page_says() {
        trouble("## Bus error", &["Filesystem", "16M", "\n1", " my_shm"]);
        trouble("## ENOSPC", &["Filesystem", "16M", "IFree", " my_shm"]);
        trouble("## Leftovers", &["-rw-", "/proc/", "/fd/", "/maps\n"]);
        trouble("## EBUSY", &["/proc/", "/fd/"]);
        trouble("## EAGAIN", &["OFDLCK", "WRITE", "/fd/", "\n0\n"]);
        trouble("## ENXIO", &["bytes, of ", "rawshm:S"]);
        trouble("## EACCES", &["drwxrwxrwt", "-rw-"]);
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn a_snapshots_header_is_shown_field_by_field() {
        let shown = trouble("## A snapshot of another type", &["rawshm:S\n"]);
        let fields: Vec<_> = shown.lines().map(str::trim).collect();
        let [magic, version, fingerprint, bytes, slots] = fields[..] else {
            panic!("{shown}");
        };
        assert_eq!((magic, bytes, slots), ("rawshm:S", "256", "4"));
        assert!(version.parse::<u32>().expect("a number") >= 2);
        assert_eq!(fingerprint.len(), 16);
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn a_missing_directory_is_mounted_by_the_command_of_the_page() {
        let commands = blocks(section(&page("docs/trouble.md"), "## Containers"), "sh");
        let mount = commands
            .iter()
            .find(|block| block.contains("mount -t tmpfs"));
        let mount = mount.expect("a command");
        let script = format!("umount /dev/shm\n{mount}\n$WRITER && $READER");
        let ended = with_private_shm("", "mode=1777", &script);
        assert_eq!(
            (ended.stderr.as_str(), ended.stdout.as_str()),
            ("", "&{100 876 8021}\n")
        );
    }

    #[test]
    #[ignore = "needs namespaces"]
    fn the_symptoms_are_the_texts_that_the_programs_print() {
        let page = page("docs/trouble.md");
        let publish = static_program("publish").display().to_string();
        let two = format!(
            "{publish} -n /my_shm -r 20 & trap \"kill $!\" EXIT
             while ! [ -e /dev/shm/my_shm ]; do :; done; {publish} -n /my_shm"
        );
        for (options, script, text) in [
            ("size=4k", "$WRITER -n /a; $WRITER -n /b", "Bus error"),
            ("nr_inodes=1", "$WRITER", "no space left on device (ENOSPC)"),
            ("size=1m", "$CREATOR; $CREATOR", "file exists (EEXIST)"),
            ("size=1m", &two, "device or resource busy (EBUSY)"),
            (
                "size=1m",
                ": >/dev/shm/my_shm; $READER",
                "the object is too small (ENXIO)",
            ),
            (
                "size=1m",
                "mount -t tmpfs none /dev; $WRITER",
                "cannot find /dev/shm",
            ),
        ] {
            let ended = with_private_shm("", options, script);
            assert!(ended.stderr.contains(text), "{script}: {}", ended.stderr);
            assert!(page.contains(text), "{text}");
        }
    }
}

mod needs_pkg_config {
    use std::process::Command;

    use rawshm_tests::{Folder, repository, run};

    use crate::{blocks, page, section};

    #[test]
    #[ignore = "needs pkg config"]
    fn the_drop_in_is_installed_and_linked_as_the_readme_says() {
        let readme = page("README.md");
        let block = blocks(section(&readme, "## C and Go, without `-lrt`"), "sh").concat();
        let folder = Folder::new();
        let prefix = folder.display().to_string();
        let script = block.replace("/usr/local", &prefix);
        assert_ne!(script, block);
        let script = script.replace("-o writer", &format!("-o {prefix}/writer"));
        let ended = run(Command::new("sh")
            .args(["-ec", &script])
            .current_dir(repository())
            .env("PKG_CONFIG_PATH", folder.join("lib/pkgconfig")));
        assert_eq!(ended.status, 0, "{}", ended.stderr);
        assert!(folder.join("writer").exists());
    }
}
