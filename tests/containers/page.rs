//! The commands of `examples/container/README.md`, as they are there.

use std::path::Path;
use std::process::Command;

use rawshm_tests::{Ended, Folder, as_a_user, repository, run};

use crate::HIDE_CGROUPS;

/// The commands of the sections whose headings begin with one of these.
fn commands(headings: &[&str]) -> String {
    let page = repository().join("examples/container/README.md");
    let page = std::fs::read_to_string(page).expect("a page");
    let sections = page.split("\n## ").filter(|section| {
        let is_wanted = |heading: &&str| section.starts_with(heading);
        headings.iter().any(is_wanted)
    });
    let blocks = sections.flat_map(|section| section.split("\n```sh\n").skip(1));
    let commands: String = blocks
        .map(|block| block.split("\n```").next().expect("an end"))
        .flat_map(|block| [block, "\n"])
        .collect();
    assert!(!commands.is_empty(), "no commands below {headings:?}");
    commands
}

/// Runs commands in the repository, with a `/dev/shm` of their own.
fn run_alone(commands: &str, podman: &Path) -> Ended {
    let mut unshare = as_a_user(Command::new("unshare"));
    let alone = format!(
        "set -e; mount -t tmpfs -o mode=1777 none /dev/shm; {HIDE_CGROUPS}; exec bash -euc \"$0\""
    );
    let command = unshare.args(["-m", "sh", "-c", &alone, commands]);
    let command = command
        .env_remove("CARGO_TARGET_DIR")
        .env("CONTAINERS_CONF", podman.join("containers.conf"))
        .env("CONTAINERS_STORAGE_CONF", podman.join("storage.conf"));
    run(command)
}

/// Runs the commands below headings, which must succeed and print what they say. Returns the rest.
#[track_caller]
fn work(headings: &[&str], before: &str, after: &str) -> Vec<String> {
    let podman = podman();
    let commands = commands(headings);
    let ended = run_alone(&[before, "\n", &commands, after].concat(), &podman);
    let printed = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.status, 0, "{printed}");
    let mut lines = ended.stdout.lines();
    for line in commands.lines() {
        if let Some((_, says)) = line.split_once("# prints ") {
            assert!(lines.any(|line| line == says), "{line}: {printed}");
        }
    }
    lines.map(str::to_owned).collect()
}

/// A folder for podman's images and containers, and for its configuration: as root in a container
/// it cannot raise limits, and may have no systemd, and no overlayfs.
fn podman() -> Folder {
    let folder = Folder::new();
    let at = folder.display();
    let containers = format!(
        "[containers]
        default_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]
        [engine]
        cgroup_manager = \"cgroupfs\"
        events_logger = \"file\"
        runtime = \"runc\"
        tmp_dir = \"{at}/tmp\"
        volume_path = \"{at}/volumes\"\n"
    );
    let storage = format!(
        "[storage]
        driver = \"vfs\"
        graphroot = \"{at}/graph\"
        runroot = \"{at}/run\"\n"
    );
    std::fs::write(folder.join("containers.conf"), containers).expect("writing");
    std::fs::write(folder.join("storage.conf"), storage).expect("writing");
    folder
}

mod needs_root {
    use super::*;

    mod needs_oci_runtimes {
        use super::*;

        #[test]
        #[ignore = "needs root and oci runtimes"]
        fn the_commands_for_bundles_work() {
            let _ = work(&["Bundles"], "cargo static --quiet", "");
        }

        mod needs_podman {
            use super::*;

            #[test]
            #[ignore = "needs root and oci runtimes and podman"]
            fn the_commands_for_podman_work_and_the_image_is_small() {
                let rest = work(
                    &[
                        "The image",
                        "Two containers",
                        "With a volume",
                        "With the filter",
                    ],
                    "trap 'podman rm --all --force >/dev/null' EXIT",
                    "podman image inspect --format='{{.Size}}' rawshm",
                );
                let size = rest.last().expect("the size");
                println!("the image has {size} bytes");
                assert!(
                    size.parse::<u32>().is_ok_and(|size| size <= 60_000),
                    "{size}"
                );
            }
        }
    }

    mod needs_bwrap {
        use super::*;

        #[test]
        #[ignore = "needs root and bwrap"]
        fn the_commands_for_bubblewrap_work() {
            let _ = work(&["bubblewrap"], "cargo static --quiet", "");
        }
    }
}
