//! `nbfix rules`.

use std::fmt::Write as _;

use nbfix_lint::Rule;
use nbfix_rules::{all, group_name};
use serde_json::json;

use crate::arguments::{RulesArguments, TableFormat};
use crate::outcome::Exit;
use crate::terminal::{HEADING, NAME, Terminal};

const COLUMNS: [&str; 6] = ["name", "group", "level", "default", "fix", "summary"];

/// Lists the rules.
pub(crate) fn rules(arguments: &RulesArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let text = match arguments.output_format {
        TableFormat::Text => text(all(), terminal),
        TableFormat::Markdown => markdown(all()),
        TableFormat::Json => json(all())?,
    };
    terminal.print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn row(rule: &'static Rule) -> [&'static str; 6] {
    [
        rule.name,
        group_name(rule.group),
        rule.level().as_str(),
        if rule.default { "on" } else { "off" },
        rule.fix.map_or("-", |fix| fix.safety.as_str()),
        rule.summary,
    ]
}

fn text(rules: &'static [Rule], terminal: &Terminal) -> String {
    let rows: Vec<[&str; 6]> = rules.iter().map(row).collect();
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

fn markdown(rules: &'static [Rule]) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "| {} |", COLUMNS.join(" | "));
    let _ = writeln!(out, "|{}", "---|".repeat(COLUMNS.len()));
    for rule in rules {
        let [name, rest @ .., summary] = row(rule);
        let summary = summary.replace('|', "\\|");
        let _ = writeln!(out, "| `{name}` | {} | {summary} |", rest.join(" | "));
    }
    out
}

fn json(rules: &'static [Rule]) -> anyhow::Result<String> {
    let rules: Vec<serde_json::Value> = rules
        .iter()
        .map(|rule| {
            let fix = rule.fix.map(|fix| {
                json!({"title": fix.title, "safety": fix.safety.as_str(), "caution": fix.caution})
            });
            json!({
                "name": rule.name,
                "group": group_name(rule.group),
                "level": rule.level().as_str(),
                "default": rule.default,
                "fix": fix,
                "summary": rule.summary,
            })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&rules)? + "\n")
}
