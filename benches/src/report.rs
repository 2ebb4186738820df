//! The results of a run: printed, and written as text, JSON and plots.

use std::fmt::Write as _;
use std::fs;

use serde::Serialize;

use crate::sampling::Outcome;
use crate::settings::Settings;
use crate::table::{Budget, Measured, Table};
use crate::{plot, text};

/// What is in `results.json`.
#[derive(Serialize)]
struct Results<'a> {
    machine: &'a str,
    quick: bool,
    processes: usize,
    left_out: &'a [String],
    budgets: Vec<Judged<'a>>,
    tables: &'a [Table],
}

#[derive(Serialize)]
struct Judged<'a> {
    #[serde(flatten)]
    budget: &'a Budget,
    verdict: &'static str,
}

pub fn write(settings: &Settings, mut all: Measured) -> Outcome {
    // run.sh has said on stderr what it could not build.
    if let Ok(list) = fs::read_to_string(settings.programs.join("left-out")) {
        all.left_out.splice(0..0, list.lines().map(String::from));
    }
    let mut text = head(settings, &all);
    for table in &all.tables {
        text += "\n";
        text += &text::of_table(table);
        let plot = settings.results.join(&table.id).with_extension("svg");
        fs::write(plot, plot::svg(table))?;
    }
    print!("{text}");
    fs::write(settings.results.join("results.md"), text)?;
    let judge = |budget| Judged {
        budget,
        verdict: Budget::verdict(budget),
    };
    let results = Results {
        machine: &settings.machine,
        quick: settings.quick,
        processes: settings.processes(),
        left_out: &all.left_out,
        budgets: all.budgets.iter().map(judge).collect(),
        tables: &all.tables,
    };
    let json = serde_json::to_string_pretty(&results)?;
    Ok(fs::write(settings.results.join("results.json"), json)?)
}

fn head(settings: &Settings, all: &Measured) -> String {
    // In two lines, as they are long.
    let machine = settings.machine.replace(", rustc", ",\nrustc");
    let mut text = format!(
        "{machine}\n\nEach table was taken in {} processes, spread over the run.\n\n",
        settings.processes()
    );
    if !all.left_out.is_empty() {
        text += "Left out:\n\n";
        for what in &all.left_out {
            let _ = writeln!(text, "- {what}");
        }
        text += "\n";
    }
    text + &text::of_budgets(&all.budgets)
}
