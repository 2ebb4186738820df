//! Tables as bar charts, in SVG.

use std::fmt::Write as _;

use crate::table::{Figure, Table};
use crate::text::number;

const LABELS: f64 = 300.0;
const BARS: f64 = 420.0;
const FIGURES: f64 = 90.0;
const BAR: f64 = 16.0;
const GAP: f64 = 8.0;
const TOP: f64 = 34.0;

/// Each can be told from a white page, and from a black one.
const OURS: [&str; 3] = ["#cf5a20", "#dd8355", "#e6a483"];
const PEERS: [&str; 3] = ["#6f7f90", "#8b9aa9", "#a7b3bf"];

/// The page shows through, light or dark.
const STYLE: &str = "text { fill: #24292f } \
    @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }";

/// Draws the plotted columns of a table: a group of bars for each row, with lengths in proportion
/// to the figures. Where a group has several, each says which it is.
pub fn svg(table: &Table) -> String {
    let places: Vec<usize> = table
        .plotted
        .iter()
        .filter_map(|key| table.place(key))
        .collect();
    let titles = places.iter().map(|at| table.columns[*at].title.as_str());
    // Lengths are medians.
    let titles: Vec<&str> = titles
        .map(|title| title.trim_end_matches(" (worst)"))
        .collect();
    let figures = |row: &crate::table::Row| -> Vec<Option<f64>> {
        let median = |figure: Option<Figure>| figure.map(|one| one.median);
        places.iter().map(|at| median(row.figures[*at])).collect()
    };
    let largest = table
        .rows
        .iter()
        .flat_map(figures)
        .flatten()
        .fold(f64::MIN_POSITIVE, f64::max);
    let mut body = String::new();
    let mut y = TOP;
    for row in &table.rows {
        let colours = if row.ours { OURS } else { PEERS };
        let name = escaped(&row.name);
        let middle = y + BAR * 0.75;
        let _ = writeln!(
            body,
            r#"<text x="{}" y="{middle}" text-anchor="end">{name}</text>"#,
            LABELS - GAP
        );
        for (index, figure) in figures(row).into_iter().enumerate() {
            let Some(figure) = figure else { continue };
            let (width, base) = (figure / largest * BARS, y + BAR * 0.75);
            let colour = colours[index % colours.len()];
            let mut shown = number(figure, table.columns[places[index]].decimals);
            if let [_, _, ..] = titles[..] {
                let (short, _) = titles[index].split_once(',').unwrap_or((titles[index], ""));
                let _ = write!(shown, " {}", escaped(short));
            }
            let _ = writeln!(
                body,
                r#"<rect x="{LABELS}" y="{y}" width="{width:.1}" height="{BAR}" fill="{colour}"/>"#
            );
            let _ = writeln!(
                body,
                r#"<text x="{:.1}" y="{base}">{shown}</text>"#,
                LABELS + width + 4.0
            );
            y += BAR;
        }
        y += GAP;
    }
    let title = escaped(&format!("{}: {}", table.title, titles.join(" · ")));
    let width = LABELS + BARS + FIGURES;
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y}"
    width="{width}" height="{y}" font-family="sans-serif" font-size="12">
<style>{STYLE}</style>
<text x="{GAP}" y="20" font-size="14" font-weight="bold">{title}</text>
{body}</svg>
"#
    )
}

/// A text of Markdown, without its quotes of code.
fn escaped(text: &str) -> String {
    let plain = text.replace('`', "");
    plain.replace('&', "&amp;").replace('<', "&lt;")
}
