//! The protocols in a model checker: what `creation.pml` and `snapshot.pml` say is true in every
//! order of their steps, also with a process killed after any of them; without any one of their
//! guards it is not; and what they say is what the sources and the golden traces have.

mod needs_spin {
    mod runs;
}
mod sources;

use std::path::PathBuf;

use rawshm_tests::repository;

/// A model, as text.
struct Model {
    name: &'static str,
    text: String,
}

/// How the words of a call are found in a line of a golden trace.
struct Call<'a> {
    name: &'a str,
    words: Vec<&'a str>,
}

impl Model {
    fn of(name: &'static str) -> Self {
        let text = std::fs::read_to_string(Self::file(name)).expect("a model");
        Self { name, text }
    }

    fn file(name: &str) -> PathBuf {
        repository().join(format!("tests/models/{name}.pml"))
    }

    /// The guards of the model, each of which can be removed.
    fn guards(&self) -> Vec<&str> {
        let (_, list) = self.text.split_once("mtype:guard = {").expect("guards");
        let (list, _) = list.split_once('}').expect("their end");
        let words = list.split([',', ' ', '\n']);
        words
            .filter(|word| !word.is_empty() && *word != "none")
            .collect()
    }

    /// The words after each place where the text has this, up to the end of the paragraph.
    fn listed(&self, title: &str) -> Vec<&str> {
        let (_, rest) = self.text.split_once(title).expect(title);
        let lines = rest.lines().enumerate();
        lines
            .take_while(|(number, line)| *number == 0 || line.starts_with(" *   "))
            .flat_map(|(_, line)| line.trim_start_matches(" *").split_whitespace())
            .collect()
    }

    /// The definitions of each way in which the whole model is checked.
    fn ways(&self) -> Vec<&str> {
        self.listed("Checked with: ")
    }

    /// Words of the lines of traces that have no step.
    fn left_out(&self) -> Vec<&str> {
        let mut words = self.listed("No property depends on: ");
        if self.text.contains("In creation.pml: ") {
            words.extend(self.listed("In creation.pml: "));
        }
        words
    }

    fn calls(&self) -> Vec<Call<'_>> {
        let lines = self.text.lines();
        let calls = lines.filter_map(|line| line.strip_prefix(" * call "));
        calls
            .map(|line| {
                let mut words = line.split_whitespace();
                let name = words.next().expect("a name");
                Call {
                    name,
                    words: words.collect(),
                }
            })
            .collect()
    }
}

impl Call<'_> {
    fn is(&self, line: &str) -> bool {
        let is_of_it = self
            .words
            .first()
            .is_some_and(|call| line.starts_with(call));
        is_of_it && self.words.iter().all(|word| line.contains(word))
    }
}

/// Both models.
fn models() -> [Model; 2] {
    [Model::of("creation"), Model::of("snapshot")]
}
