//! Tables of figures, as one process takes them, and how those of several processes become one.

use serde::{Deserialize, Serialize};

use crate::sampling::median;

/// The same figures for several things.
#[derive(Clone, Serialize, Deserialize)]
pub struct Table {
    /// The name of its plot, and its name in the JSON.
    pub id: String,
    pub title: String,
    /// How to read it.
    pub about: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    /// The keys of the columns that are plotted.
    pub plotted: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Column {
    pub key: String,
    pub title: String,
    pub decimals: usize,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// The median of the processes is shown.
    Figure,
    /// Also the worst process, which has the largest figure.
    Ratio,
    /// A ratio of rawshm's time to that of something else: above 1, rawshm is behind.
    Verdict,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Row {
    pub name: String,
    /// Whether it belongs to this project.
    pub ours: bool,
    pub figures: Vec<Option<Figure>>,
    /// The noise of its ratios.
    pub noise: f64,
    /// Why rawshm is behind here, in case it is.
    pub why: String,
}

/// In one process, both are the same.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Figure {
    pub median: f64,
    pub worst: f64,
}

/// What was promised, and what was measured.
#[derive(Clone, Serialize, Deserialize)]
pub struct Budget {
    pub what: String,
    /// Where in the table that is.
    pub at: String,
    pub measured: Figure,
    pub at_most: f64,
    /// By how much `measured` may be wrong.
    pub noise: f64,
    pub decimals: usize,
}

/// What a process has measured.
#[derive(Default, Serialize, Deserialize)]
pub struct Measured {
    pub tables: Vec<Table>,
    pub budgets: Vec<Budget>,
    pub left_out: Vec<String>,
}

impl Measured {
    /// A table, and what is promised of it.
    pub fn of(table: Table, budgets: Vec<Budget>) -> Self {
        Self {
            tables: vec![table],
            budgets,
            left_out: Vec::new(),
        }
    }

    pub fn left_out(why: String) -> Self {
        Self {
            left_out: vec![why],
            ..Self::default()
        }
    }
}

fn of_kind(key: &str, title: &str, decimals: usize, kind: Kind) -> Column {
    Column {
        key: key.into(),
        title: title.into(),
        decimals,
        kind,
    }
}

pub fn column(key: &str, title: &str, decimals: usize) -> Column {
    of_kind(key, title, decimals, Kind::Figure)
}

pub fn ratio(key: &str, title: &str, decimals: usize) -> Column {
    of_kind(key, &format!("{title} (worst)"), decimals, Kind::Ratio)
}

pub fn verdict(key: &str, title: &str, decimals: usize) -> Column {
    of_kind(key, &format!("{title} (worst)"), decimals, Kind::Verdict)
}

impl Figure {
    pub fn of(value: f64) -> Self {
        let (median, worst) = (value, value);
        Self { median, worst }
    }

    /// Those of several processes.
    fn merged(all: &[Self]) -> Option<Self> {
        let worst = all.iter().map(|one| one.worst).max_by(f64::total_cmp)?;
        let median = median(all.iter().map(|one| one.median).collect());
        Some(Self { median, worst })
    }
}

impl Row {
    pub fn new(name: &str, ours: bool, figures: Vec<Option<f64>>, noise: f64) -> Self {
        Self {
            name: name.into(),
            ours,
            figures: figures.into_iter().map(|one| one.map(Figure::of)).collect(),
            noise,
            why: String::new(),
        }
    }

    pub fn because(self, why: &str) -> Self {
        let why = why.into();
        Self { why, ..self }
    }
}

impl Table {
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|one| one.name == name)
    }

    /// The figure in the row of this name and the column of this key.
    pub fn figure(&self, row: &str, key: &str) -> Option<f64> {
        let figure = *self.row(row)?.figures.get(self.place(key)?)?;
        Some(figure?.median)
    }

    pub fn place(&self, key: &str) -> Option<usize> {
        self.columns.iter().position(|one| one.key == key)
    }

    /// A budget for the figure in this place, with the noise of its row.
    pub fn budget(&self, what: &str, row: &str, key: &str, at_most: f64) -> Option<Budget> {
        let column = &self.columns[self.place(key)?];
        let is_ratio = column.kind != Kind::Figure;
        Some(Budget {
            what: what.into(),
            at: String::new(),
            measured: Figure::of(self.figure(row, key)?),
            at_most,
            noise: if is_ratio { self.row(row)?.noise } else { 0.0 },
            decimals: column.decimals,
        })
    }

    /// Adds what other processes have measured. They have the same rows.
    pub fn merge(&mut self, others: &[Self]) {
        for row in &mut self.rows {
            let same = others.iter().filter_map(|table| table.row(&row.name));
            let all: Vec<Row> = std::iter::once(row.clone()).chain(same.cloned()).collect();
            row.noise = median(all.iter().map(|one| one.noise).collect());
            for (place, figure) in row.figures.iter_mut().enumerate() {
                let taken: Vec<_> = all.iter().filter_map(|one| one.figures[place]).collect();
                *figure = Figure::merged(&taken);
            }
        }
    }
}

impl Budget {
    /// Adds what other processes have measured. The one that is worst, less its noise, counts. The
    /// median is of each process's worst place.
    pub fn merge(&mut self, others: &[Self]) {
        let same = others.iter().filter(|one| one.what == self.what).cloned();
        let all: Vec<Self> = std::iter::once(self.clone()).chain(same).collect();
        let over = |one: &Self| one.measured.worst - one.noise - one.at_most;
        let worst = all
            .iter()
            .max_by(|one, two| over(one).total_cmp(&over(two)));
        if let Some(worst) = worst.cloned() {
            *self = worst;
        }
        self.measured.median = median(all.iter().map(|one| one.measured.median).collect());
    }

    pub fn verdict(&self) -> &'static str {
        if self.measured.worst <= self.at_most {
            "met"
        } else if self.measured.worst <= self.at_most + self.noise {
            "within noise"
        } else {
            "missed"
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nothing here reaches 2^53")]
pub fn exact(count: u64) -> f64 {
    count as f64
}
