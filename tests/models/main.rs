//! The protocols in a model checker: what `creation.pml` and `snapshot.pml` say is true in every
//! order of their steps, also with a process killed before any of them; without any one of their
//! guards it is not; and what they say is what the sources and the golden traces have, in the order
//! of those.

mod calls;
mod needs_spin {
    mod order;
    mod runs;
}
mod sources;

use std::path::PathBuf;

use rawshm_tests::repository;

/// A model, as text.
struct Model {
    name: &'static str,
    text: String,
    calls: &'static [(&'static str, &'static str)],
}

impl Model {
    fn of(name: &'static str) -> Self {
        let text = std::fs::read_to_string(Self::file(name)).expect("a model");
        let calls = match name {
            "creation" => calls::CREATION,
            _ => calls::SNAPSHOT,
        };
        Self { name, text, calls }
    }

    fn file(name: &str) -> PathBuf {
        repository().join(format!("tests/models/{name}.pml"))
    }

    /// The guards of the model, each of which can be removed.
    fn guards(&self) -> Vec<&str> {
        let (_, list) = self.text.split_once("mtype:guard = {").expect("guards");
        let (list, _) = list.split_once('}').expect("their end");
        let lines = list.lines().filter(|line| !line.contains("/*"));
        let words = lines.flat_map(|line| line.split([',', ' ']));
        words.filter(|word| !word.is_empty()).collect()
    }

    /// The lines after a title in the head of the model, up to the next one.
    fn listed(&self, title: &str) -> impl Iterator<Item = &str> {
        let (_, rest) = self.text.split_once(title).expect(title);
        let lines = rest.lines().enumerate();
        lines
            .take_while(|(number, line)| *number == 0 || line.starts_with(" *   "))
            .map(|(_, line)| line.trim_start_matches(" *"))
    }

    /// The operations that are modelled.
    fn operations(&self) -> Vec<&str> {
        let lines = self.listed("The operations: ");
        lines.flat_map(str::split_whitespace).collect()
    }

    /// The definitions of each way in which the whole model is checked.
    fn ways(&self) -> Vec<&str> {
        let lines = self.listed("Checked with: ");
        lines.flat_map(str::split_whitespace).collect()
    }

    /// The claims about time, and the guards that each needs.
    fn claims(&self) -> Vec<(&str, Vec<&str>)> {
        let lines = self.listed("without which each fails:").skip(1);
        lines
            .map(|line| {
                let (claim, guards) = line.trim().split_once(": ").expect("CLAIM: GUARDS");
                (claim, guards.split_whitespace().collect())
            })
            .collect()
    }
}

/// Both models.
fn models() -> [Model; 2] {
    [Model::of("creation"), Model::of("snapshot")]
}
