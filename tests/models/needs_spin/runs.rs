//! The runs of the model checker.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use rawshm_tests::run;

use crate::Model;

/// A folder for the checker's files.
struct Folder(PathBuf);

impl Folder {
    fn new(what: &str) -> Self {
        let name = format!("rawshm-models-{}-{what}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    /// Runs a program in the folder to a good end, and returns its output.
    fn run(&self, program: &str, arguments: &[&str]) -> String {
        let ended = run(Command::new(program).current_dir(&self.0).args(arguments));
        assert_eq!(ended.status, 0, "{program} {arguments:?}: {ended:?}");
        ended.stdout
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What the checker found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    states: u64,
    errors: u64,
}

/// Checks a model with these definitions.
fn check(model: &Model, definitions: &[&str]) -> Found {
    let folder = Folder::new(&format!("{}{}", model.name, definitions.concat()));
    let file = Model::file(model.name);
    let mut arguments = vec!["-a"];
    arguments.extend(definitions);
    arguments.push(file.to_str().expect("text"));
    folder.run("spin", &arguments);
    // Optimised, it would take longer to compile than to run.
    let flags = "-w -O0 -DSAFETY -DCOLLAPSE -DMEMLIM=2000 -DVECTORSZ=2048 -o pan pan.c";
    folder.run("cc", &flags.split(' ').collect::<Vec<_>>());
    let output = folder.run("./pan", &["-m2000000", "-n"]);
    assert!(!output.contains("depth too small"), "{output}");
    let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok());
    let states = output.split(" states, stored").next();
    let states = number(states.and_then(|text| text.lines().last()));
    let errors = output.split("errors: ").nth(1);
    let errors = number(errors.and_then(|text| text.lines().next()));
    Found {
        states: states.unwrap_or_else(|| panic!("{output}")),
        errors: errors.unwrap_or_else(|| panic!("{output}")),
    }
}

/// Checks each model as it is, and without each of its guards.
fn checked(name: &'static str) {
    let model = Model::of(name);
    let ways = model.ways();
    let mut states = 0;
    for way in &ways {
        let found = check(&model, &[way]);
        assert_eq!(found.errors, 0, "{name} {way}");
        states += found.states;
    }
    let guards = model.guards();
    for guard in &guards {
        let removed = format!("-DREMOVED={guard}");
        let is_caught = |way: &&str| check(&model, &[*way, &removed]).errors > 0;
        assert!(ways.iter().any(is_caught), "{name}: {guard} is not needed");
    }
    // Not with a macro, whose output libtest captures.
    let _ = writeln!(
        std::io::stdout(),
        "checked: model {name}: {states} states, 0 errors; {count} guards removed, {count} caught",
        count = guards.len()
    );
}

#[test]
#[ignore = "needs spin"]
fn an_object_gets_and_loses_its_name_whole_and_leaves_no_other() {
    checked("creation");
}

#[test]
#[ignore = "needs spin"]
fn a_snapshot_has_one_writer_and_no_reader_that_nothing_wakes() {
    checked("snapshot");
}
