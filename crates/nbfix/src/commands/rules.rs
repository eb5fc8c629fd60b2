//! `nbfix rules`.

use std::fmt::Write as _;

use nbfix_rules::group_name;
use serde_json::{Value, json};

use crate::arguments::{RulesArguments, TableFormat};
use crate::inputs::shown;
use crate::outcome::Exit;
use crate::rulebook::{Entry, Rulebook};
use crate::terminal::{HEADING, NAME, Terminal};

const COLUMNS: [&str; 6] = ["name", "group", "level", "default", "fix", "summary"];

/// Lists the rules.
pub(crate) fn rules(arguments: &RulesArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let book = Rulebook::here(&arguments.pages)?;
    let entries: Vec<&Entry> = book.entries().collect();
    let text = match arguments.output_format {
        TableFormat::Text => text(&entries, terminal),
        TableFormat::Markdown => markdown(&entries),
        TableFormat::Json => json(&entries)?,
    };
    terminal.print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn row(entry: &Entry) -> [&'static str; 6] {
    let rule = entry.rule;
    [
        rule.name,
        group_name(rule.group),
        rule.level().as_str(),
        if rule.default { "on" } else { "off" },
        rule.fix.map_or("-", |fix| fix.safety.as_str()),
        rule.summary,
    ]
}

fn text(entries: &[&Entry], terminal: &Terminal) -> String {
    let rows: Vec<[&str; 6]> = entries.iter().map(|entry| row(entry)).collect();
    let widest = |column: usize| {
        let cells = std::iter::once(&COLUMNS).chain(&rows);
        cells.map(|row| row[column].len()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..COLUMNS.len()).map(widest).collect();
    let mut out = String::new();
    for (index, row) in std::iter::once(&COLUMNS).chain(&rows).enumerate() {
        for (column, cell) in row.iter().enumerate() {
            let last = column + 1 == row.len();
            let width = if last { 0 } else { widths[column] };
            let cell = format!("{cell:width$}");
            let cell = match (index, column) {
                (0, _) => terminal.paint(HEADING, cell),
                (_, 0) => terminal.paint(NAME, cell),
                _ => cell,
            };
            let _ = write!(out, "{cell}{}", if last { "\n" } else { "  " });
        }
    }
    out
}

fn markdown(entries: &[&Entry]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "| {} |", COLUMNS.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(COLUMNS.len()));
    for entry in entries {
        let [name, rest @ .., summary] = row(entry);
        let summary = summary.replace('|', "\\|");
        let _ = writeln!(out, "| `{name}` | {} | {summary} |", rest.join(" | "));
    }
    out
}

/// The pages as they are written, and what follows from them.
fn json(entries: &[&Entry]) -> anyhow::Result<String> {
    let pages: anyhow::Result<Vec<Value>> = entries.iter().map(|entry| page_json(entry)).collect();
    Ok(serde_json::to_string_pretty(&pages?)? + "\n")
}

fn page_json(entry: &Entry) -> anyhow::Result<Value> {
    let rule = entry.rule;
    let mut page: Value = toml::from_str(rule.page)?;
    page["name"] = json!(rule.name);
    page["level"] = json!(rule.level().as_str());
    page["default"] = json!(rule.default);
    page["page"] = json!(entry.path.as_deref().map(shown));
    // What a program asks for is there, even if it is nothing.
    page["help"] = page["help"].take();
    page["fix"] = page["fix"].take();
    if rule.fix.is_some() {
        page["fix"]["caution"] = page["fix"]["caution"].take();
    }
    Ok(page)
}
