//! The same sources make the same executables, byte for byte, in another folder and for another
//! user.

#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

use rawshm_tests::{Folder, as_a_user, build_static, capi, repository, run};

const BUILT: [&str; 7] = [
    "writer",
    "reader",
    "creator",
    "publish",
    "watch",
    "librawshm_capi.a",
    "librawshm_capi.so",
];

/// Runs a shell script that must succeed. `$repository` is the repository, and `$folder` this one.
#[track_caller]
fn script(text: &str, folder: &Path) {
    let mut shell = as_a_user(Command::new("sh"));
    let shell = shell.args(["-euc", text]).env("repository", repository());
    let ended = run(shell.env("folder", folder).env_remove("CARGO_TARGET_DIR"));
    assert_eq!(ended.status, 0, "{}", ended.stderr);
}

/// A folder with the sources in `sources`, which is longer than that of the repository.
fn copied() -> Folder {
    let folder = Folder::new();
    let copy = "mkdir $folder/sources; cd $repository
        tar --exclude=./target --exclude=./.git -cf - . | tar -C $folder/sources -xf -";
    script(copy, &folder);
    folder
}

/// Checks that what was built in the copy is what is built here.
#[track_caller]
fn are_equal(folder: &Path) {
    let here = build_static();
    assert_eq!(capi::library(), here);
    let there: PathBuf = folder.join("sources/target/static");
    for file in BUILT {
        let read = |folder: &Path| std::fs::read(folder.join(file)).expect("a file");
        assert!(read(&here) == read(&there), "{file} is not the same");
    }
}

mod needs_half_a_minute {
    use super::*;

    #[test]
    #[ignore = "needs half a minute"]
    fn another_folder_makes_the_same_executables() {
        let folder = copied();
        script(
            "cd $folder/sources; cargo static --quiet; cargo capi --quiet",
            &folder,
        );
        are_equal(&folder);
    }

    mod needs_root {
        use super::*;

        /// With a toolchain and a registry that have other paths, too, since these may be in the
        /// home of root.
        #[test]
        #[ignore = "needs half a minute and root"]
        fn another_user_makes_the_same_executables() {
            let folder = copied();
            let build = "chmod 755 $folder
                mkdir $folder/toolchain $folder/cargo
                chown -R 65534:65534 $folder/sources
                unshare -m sh -euc '
                    mount --bind $(rustc --print sysroot) $folder/toolchain
                    mount --bind ${CARGO_HOME:-$HOME/.cargo} $folder/cargo
                    export HOME=/nonexistent CARGO_HOME=$folder/cargo
                    export PATH=$folder/toolchain/bin:$PATH
                    cd $folder/sources
                    for what in static capi; do
                        setpriv --reuid=65534 --regid=65534 --clear-groups \\
                            cargo $what --quiet --offline
                    done'";
            script(build, &folder);
            are_equal(&folder);
        }
    }
}
