//! Tables as text.

use std::fmt::Write as _;

use crate::table::{Budget, Column, Figure, Kind, Row, Table};

/// A table, and below it the lines on which rawshm is behind.
pub fn of_table(table: &Table) -> String {
    let mut text = format!("### {}\n\n{}\n\n| |", table.title, table.about);
    for column in &table.columns {
        let _ = write!(text, " {} |", column.title);
    }
    text += "\n|---|";
    text += &"---:|".repeat(table.columns.len());
    for row in &table.rows {
        let mark = if row.ours { "**" } else { "" };
        let _ = write!(text, "\n| {mark}{}{mark} |", row.name);
        for (figure, column) in row.figures.iter().zip(&table.columns) {
            let _ = write!(text, " {} |", shown(*figure, column));
        }
    }
    text + "\n" + &noise(table) + &behind(table)
}

fn shown(figure: Option<Figure>, column: &Column) -> String {
    let Some(figure) = figure else {
        return "–".into();
    };
    let [median, worst] = [figure.median, figure.worst].map(|one| number(one, column.decimals));
    if column.kind == Kind::Figure {
        median
    } else {
        format!("{median} ({worst})")
    }
}

/// How much the same thing, measured twice, differs from itself.
fn noise(table: &Table) -> String {
    let has_ratios = table.columns.iter().any(|one| one.kind != Kind::Figure);
    let [least, most] = [f64::min, f64::max].map(|choose| {
        let all = table.rows.iter().map(|row| row.noise);
        all.reduce(choose).unwrap_or(0.0)
    });
    let [least, most] = [least, most].map(|one| number(one, 3));
    match has_ratios {
        false => String::new(),
        true if least == most => format!("\nNoise of the ratios: {most}.\n"),
        true => format!("\nNoise of the ratios: {least} to {most}, by row.\n"),
    }
}

/// The rows in which rawshm takes longer than what it is compared with, by more than the noise,
/// grouped by the reason.
fn behind(table: &Table) -> String {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for row in &table.rows {
        let places = behind_in(table, row);
        if places.is_empty() {
            continue;
        }
        let line = format!("{}: {}", row.name, places.join(", "));
        match reasons.iter_mut().find(|(why, _)| *why == row.why) {
            Some((_, lines)) => lines.push(line),
            None => reasons.push((&row.why, vec![line])),
        }
    }
    let mut text = String::new();
    if !reasons.is_empty() {
        text += "\nWhere rawshm is behind, by the median:\n\n";
    }
    for (why, lines) in reasons {
        let why = if why.is_empty() { "not explained" } else { why };
        let _ = writeln!(
            text,
            "{}",
            wrapped(&format!("- {}. {why}.", lines.join("; ")))
        );
    }
    text
}

fn behind_in(table: &Table, row: &Row) -> Vec<String> {
    let verdicts = table.columns.iter().zip(&row.figures);
    let verdicts = verdicts.filter(|(column, _)| column.kind == Kind::Verdict);
    let behind = verdicts.filter_map(|(column, figure)| {
        let figure = (*figure)?;
        let title = column.title.trim_end_matches(" (worst)");
        let times = shown(Some(figure), column);
        (figure.median > 1.0 + row.noise).then(|| match title.split_once(',') {
            // The column says which way, as `out, × memcpy`.
            Some((way, _)) if !title.starts_with("rawshm") => format!("{way} {times}"),
            _ => times,
        })
    });
    behind.collect()
}

/// In lines of at most 100 characters, with the later ones indented.
fn wrapped(text: &str) -> String {
    let (mut all, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > 100 {
            all += &line;
            all += "\n";
            line = "  ".into();
        } else if !line.is_empty() {
            line += " ";
        }
        line += word;
    }
    all + &line
}

pub fn of_budgets(budgets: &[Budget]) -> String {
    let mut text = "### Budgets\n\n| | median | worst | noise | at most | |\n\
                    |---|---:|---:|---:|---:|---|\n"
        .to_string();
    for budget in budgets {
        let shown = |value| number(value, budget.decimals);
        let _ = writeln!(
            text,
            "| {}{} | {} | {} | {} | {} | {} |",
            budget.what,
            budget.at,
            shown(budget.measured.median),
            shown(budget.measured.worst),
            shown(budget.noise),
            shown(budget.at_most),
            budget.verdict()
        );
    }
    text
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
