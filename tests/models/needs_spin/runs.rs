//! The runs of the model checker.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use rawshm_tests::run;

use crate::Model;

/// A folder for the checker's files.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(what: &str) -> Self {
        let name = format!("rawshm-models-{}-{what}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).expect("a file");
    }

    /// Makes a checker of a model.
    pub(super) fn compile(&self, model: &str, definitions: &[&str], flags: &[&str]) {
        let mut arguments = vec!["-a"];
        arguments.extend(definitions);
        arguments.push(model);
        self.run("spin", &arguments);
        let common = [
            "-w",
            "-O1",
            "-DNOREDUCE",
            "-DMEMLIM=3000",
            "-DVECTORSZ=2048",
        ];
        self.run("cc", &[&common, flags, &["-o", "pan", "pan.c"]].concat());
    }

    /// Runs a program in the folder to a good end, and returns its output.
    pub(super) fn run(&self, program: &str, arguments: &[&str]) -> String {
        self.run_without(0, program, arguments)
    }

    /// The same, with a guard removed.
    fn run_without(&self, guard: usize, program: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(program);
        command.env("REMOVED", guard.to_string());
        let ended = run(command.current_dir(&self.0).args(arguments));
        assert_eq!(ended.status, 0, "{program} {arguments:?}: {ended:?}");
        ended.stdout
    }

    /// Checks what was compiled, without this guard: how many states there are, and errors.
    fn check(&self, guard: usize, arguments: &[&str]) -> (u64, u64) {
        let arguments = [&["-m4000000", "-n"], arguments].concat();
        let output = self.run_without(guard, "./pan", &arguments);
        assert!(!output.contains("depth too small"), "{output}");
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok());
        let states = output.split(" states, stored").next();
        let states = number(states.and_then(|text| text.lines().last()));
        let errors = output.split("errors: ").nth(1);
        let errors = number(errors.and_then(|text| text.lines().next()));
        let states = states.unwrap_or_else(|| panic!("{output}"));
        (states, errors.unwrap_or_else(|| panic!("{output}")))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Prints not with a macro, whose output libtest captures.
fn report(line: &str) {
    let _ = writeln!(std::io::stdout(), "checked: model {line}");
}

/// Checks what each model says of every state, also without each of its guards.
fn always(name: &'static str) {
    let model = Model::of(name);
    let guards = model.guards();
    let mut caught = vec![false; guards.len()];
    let mut all = 0;
    for way in model.ways() {
        let folder = Folder::new(&format!("{name}{way}"));
        let file = Model::file(name);
        folder.compile(file.to_str().expect("text"), &[way], &["-DSAFETY"]);
        let (states, errors) = folder.check(0, &[]);
        assert_eq!(errors, 0, "{name} {way}");
        all += states;
        for (number, caught) in caught
            .iter_mut()
            .enumerate()
            .filter(|(_, caught)| !**caught)
        {
            // The checker numbers them from the last one on.
            *caught = folder.check(guards.len() - number, &[]).1 > 0;
        }
    }
    for (guard, caught) in guards.iter().zip(caught) {
        assert!(caught, "{name}: {guard} is not needed");
    }
    let count = guards.len();
    report(&format!(
        "{name}: {all} states, 0 errors; {count} guards removed, {count} caught"
    ));
}

/// Checks what each model says becomes true in the end, also without the guards that this needs.
fn in_the_end(name: &'static str) {
    let model = Model::of(name);
    let guards = model.guards();
    let folder = Folder::new(&format!("{name}-in-the-end"));
    let file = Model::file(name);
    let definitions = ["-DLIVE", "-DTEMPORARY=2"];
    folder.compile(file.to_str().expect("text"), &definitions, &["-DNFAIR=3"]);
    for (claim, needs) in model.claims() {
        // Cycles, under weak fairness, and without the assertions.
        let options = ["-a", "-f", "-A", "-N", claim];
        let (states, errors) = folder.check(0, &options);
        assert_eq!(errors, 0, "{name}: {claim}");
        for need in &needs {
            let number = guards
                .iter()
                .position(|guard| guard == need)
                .expect("a guard");
            let (_, errors) = folder.check(guards.len() - number, &options);
            assert!(errors > 0, "{name}: {claim} does not need {need}");
        }
        let count = needs.len();
        report(&format!(
            "{name}: {claim}: {states} states; {count} guards removed, {count} caught"
        ));
    }
}

#[test]
#[ignore = "needs spin"]
fn an_object_gets_and_loses_its_name_whole_and_leaves_no_other() {
    always("creation");
}

#[test]
#[ignore = "needs spin"]
fn a_snapshot_has_one_writer_and_no_reader_that_nothing_wakes() {
    always("snapshot");
}

#[test]
#[ignore = "needs spin"]
fn a_name_that_was_left_goes() {
    in_the_end("creation");
}

#[test]
#[ignore = "needs spin"]
fn a_reader_that_waits_is_woken() {
    in_the_end("snapshot");
}
