//! Tables of figures, as text and as JSON.

use std::fmt::Write as _;

/// The same figures for several things.
pub struct Table {
    /// The name of its plot, and its name in the JSON.
    pub id: &'static str,
    pub title: String,
    /// How to read it.
    pub about: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// The keys of the columns that are plotted.
    pub plotted: Vec<&'static str>,
    /// The noise of its ratios.
    pub noise: f64,
}

pub struct Column {
    pub key: &'static str,
    pub title: &'static str,
    pub decimals: usize,
}

pub struct Row {
    pub name: String,
    /// Whether it belongs to this project.
    pub ours: bool,
    pub figures: Vec<Option<f64>>,
}

/// What was promised, and what was measured.
pub struct Budget {
    pub what: String,
    pub measured: f64,
    pub at_most: f64,
    /// By how much `measured` may be wrong.
    pub noise: f64,
    pub decimals: usize,
}

impl Budget {
    fn verdict(&self) -> &'static str {
        if self.measured <= self.at_most {
            "met"
        } else if self.measured <= self.at_most + self.noise {
            "within noise"
        } else {
            "missed"
        }
    }
}

pub const fn column(key: &'static str, title: &'static str, decimals: usize) -> Column {
    Column {
        key,
        title,
        decimals,
    }
}

impl Table {
    /// The figure in the row of this name and the column of this key.
    pub fn figure(&self, row: &str, key: &str) -> Option<f64> {
        let row = self.rows.iter().find(|one| one.name == row)?;
        *row.figures.get(self.place(key)?)?
    }

    pub fn place(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|one| one.key == key)
    }

    pub fn markdown(&self) -> String {
        let mut text = format!("### {}\n\n{}\n\n| |", self.title, self.about);
        for column in &self.columns {
            let _ = write!(text, " {} |", column.title);
        }
        text += "\n|---|";
        text += &"---:|".repeat(self.columns.len());
        for row in &self.rows {
            let mark = if row.ours { "**" } else { "" };
            let _ = write!(text, "\n| {mark}{}{mark} |", row.name);
            for (figure, column) in row.figures.iter().zip(&self.columns) {
                let shown = figure.map_or("–".into(), |figure| number(figure, column.decimals));
                let _ = write!(text, " {shown} |");
            }
        }
        text + "\n"
    }

    pub fn json(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let figures = row
                .figures
                .iter()
                .zip(&self.columns)
                .map(|(figure, column)| {
                    let value = figure.map_or("null".into(), |figure| format!("{figure:.4}"));
                    format!("{}: {value}", quoted(column.key))
                });
            format!("{{\"name\": {}, {}}}", quoted(&row.name), joined(figures))
        });
        let columns = self.columns.iter();
        let columns = columns.map(|one| format!("{}: {}", quoted(one.key), quoted(one.title)));
        format!(
            "{{\"id\": {}, \"title\": {}, \"columns\": {{{}}}, \"rows\": [\n{}\n]}}",
            quoted(self.id),
            quoted(&self.title),
            joined(columns),
            rows.collect::<Vec<_>>().join(",\n")
        )
    }
}

pub fn budgets_markdown(budgets: &[Budget]) -> String {
    let mut text =
        "### Budgets\n\n| | measured | noise | at most | |\n|---|---:|---:|---:|---|\n".to_string();
    for budget in budgets {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            budget.what,
            number(budget.measured, budget.decimals),
            number(budget.noise, budget.decimals),
            number(budget.at_most, budget.decimals),
            budget.verdict()
        );
    }
    text
}

pub fn budgets_json(budgets: &[Budget]) -> String {
    let rows = budgets.iter().map(|one| {
        let what = quoted(&one.what);
        let (measured, noise, at_most) = (one.measured, one.noise, one.at_most);
        let verdict = one.verdict();
        format!(
            "{{\"what\": {what}, \"measured\": {measured:.4}, \"noise\": {noise:.4}, \
             \"at_most\": {at_most}, \"verdict\": \"{verdict}\"}}"
        )
    });
    rows.collect::<Vec<_>>().join(",\n")
}

#[expect(clippy::cast_precision_loss, reason = "nothing here reaches 2^53")]
pub fn exact(count: u64) -> f64 {
    count as f64
}

/// A number with separated thousands: `1,234.5`.
pub fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut apart = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart + rest
}

pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}
