//! The profiles for runtimes, in force: each program starts and works under its own, and does not
//! without any of the calls that the runtime makes.

use std::process::Command;

use rawshm_tests::{Ended, Folder, UniqueName, checked, repository, run, static_program};
use serde_json::{Value, json};

use crate::HIDE_CGROUPS;

/// A container of `examples/container/config.json`, in which a program runs.
struct Bundle {
    folder: Folder,
    program: String,
    config: Value,
}

impl Bundle {
    fn new(program: &str, profile: Value) -> Self {
        let folder = Folder::new();
        let root = folder.join("rootfs");
        for mounted_at in ["proc", "dev/shm"] {
            std::fs::create_dir_all(root.join(mounted_at)).expect("a folder");
        }
        std::fs::copy(static_program(program), root.join(program)).expect("copying");
        let config = repository().join("examples/container/config.json");
        let config = std::fs::read_to_string(config).expect("a file");
        let mut config: Value = serde_json::from_str(&config).expect("JSON");
        config["linux"]["seccomp"] = profile;
        let program = format!("/{program}");
        Self {
            folder,
            program,
            config,
        }
    }

    /// Runs the program in it.
    fn run(mut self, runtime: &str, arguments: &[&str]) -> Ended {
        let program = [self.program.as_str()];
        self.config["process"]["args"] = json!([&program, arguments].concat());
        std::fs::write(self.folder.join("config.json"), self.config.to_string()).expect("writing");
        let script = format!("{HIDE_CGROUPS}; exec \"$0\" run --bundle \"$1\" \"rawshm-$$\"");
        let mut unshare = Command::new("unshare");
        run(unshare
            .args(["-m", "sh", "-c", &script, runtime])
            .arg(&*self.folder))
    }
}

fn profile(runtime: &str, program: &str) -> Value {
    let file = format!("contract/oci/{runtime}/{program}.json");
    let text = std::fs::read_to_string(repository().join(file)).expect("generated");
    serde_json::from_str(&text).expect("JSON")
}

/// The calls that a runtime makes in each run.
fn in_each(runtime: &str) -> Vec<String> {
    let text = std::fs::read_to_string(repository().join("contract/runtimes.toml"));
    let mut runtimes: toml::Table = toml::from_str(&text.expect("the trial's result")).expect("it");
    let calls = runtimes.remove(runtime).expect("the runtime");
    calls["in_each"].clone().try_into().expect("names")
}

/// The programs in this order, the arguments of each, and what it prints.
const PROGRAMS: &[(&str, &[&str], &str)] = &[
    ("writer", &["1", "2", "3"], ""),
    ("reader", &["-u"], "&{1 2 3}\n"),
    ("creator", &["4", "5", "6"], ""),
    ("reader", &["-u"], "&{4 5 6}\n"),
    ("publish", &["-r", "1000", "-c", "2"], ""),
    ("watch", &["-c", "1"], "2\n"),
];

/// Each program, started again and again, since what a runtime calls differs from run to run.
fn start(runtime: &str) {
    let name = UniqueName::new();
    let object = name.argument();
    for _ in 0..5 {
        for (program, arguments, prints) in PROGRAMS {
            let arguments = [&["-n", &object], *arguments].concat();
            let ended = Bundle::new(program, profile(runtime, program)).run(runtime, &arguments);
            let ended = (ended.status, ended.stdout.as_str(), ended.stderr.as_str());
            assert_eq!(ended, (0, *prints, ""), "{runtime} {program}");
        }
        let _ = rawshm::unlink(&name);
    }
}

/// Removes each call that the runtime makes in any case, and one of the program's.
fn bite(runtime: &str) {
    let (name, mut kills) = (UniqueName::new(), 0);
    let object = name.argument();
    for program in ["writer", "reader"] {
        let run = |profile| Bundle::new(program, profile).run(runtime, &["-n", &object]);
        assert_eq!(run(profile(runtime, program)).status, 0);
        for call in in_each(runtime).into_iter().chain(["exit_group".into()]) {
            let mut profile = profile(runtime, program);
            let names = profile["syscalls"][0]["names"].as_array_mut();
            let names = names.expect("names");
            let before = names.len();
            names.retain(|one| *one != *call);
            assert_eq!(names.len(), before - 1, "{call}");
            let ended = run(profile);
            // runc may find out before it waits for the process.
            let killed =
                ended.status == 128 + libc::SIGSYS || ended.stderr.contains("runc run failed: ");
            assert!(
                killed,
                "{runtime} starts {program} without {call}: {ended:?}"
            );
            kills += 1;
        }
    }
    let mut earlier = Bundle::new("writer", profile(runtime, "writer"));
    earlier.config["process"]["noNewPrivileges"] = json!(false);
    assert_ne!(earlier.run(runtime, &["-n", &object]).status, 0);
    checked(&format!(
        "profiles of {runtime}: {kills} calls removed, {kills} kills"
    ));
}

mod needs_root {
    mod needs_oci_runtimes {
        use super::super::*;

        #[test]
        #[ignore = "needs root and oci runtimes"]
        fn crun_starts_each_program_under_its_profile_and_no_smaller_one() {
            start("crun");
            bite("crun");
        }

        #[test]
        #[ignore = "needs root and oci runtimes"]
        fn runc_starts_each_program_under_its_profile_and_no_smaller_one() {
            start("runc");
            bite("runc");
        }
    }
}
