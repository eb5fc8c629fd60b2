//! `nbfix config`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::anyhow;
use nbfix_lint::Selected;
use serde_json::{Value, json};

use crate::arguments::{ConfigCommandArguments, FailArguments, TableFormat};
use crate::config::{FAIL_ON, Origin, Said, Word};
use crate::environment::Environment;
use crate::inputs::shown;
use crate::outcome::Exit;
use crate::project::{EXCLUDED, Project, Projects};
use crate::terminal::{HEADING, NAME, Terminal, visible};

/// A value in force.
struct Row {
    key: String,
    value: Value,
    origin: Origin,
}

/// Shows what is in force for a path, and who said it.
pub(crate) fn config(
    arguments: &ConfigCommandArguments,
    terminal: &Terminal,
) -> anyhow::Result<Exit> {
    let failing = FailArguments {
        fail_on: arguments.fail_on,
        exit_zero: false,
    };
    let projects = Projects::new(&arguments.rules, Some(&failing))?;
    let path = &arguments.path;
    let folder = match path.is_dir() {
        true => path.as_path(),
        false => path.parent().unwrap_or(Path::new("")),
    };
    let project = projects.of(folder);
    projects.check()?;
    let project = project.ok_or_else(|| anyhow!("the configuration cannot be used"))?;
    let rows = rows(arguments, &project)?;
    let rules = project.rules_for(path);
    let text = match arguments.output_format {
        TableFormat::Json => json_text(path, &project, &rows, rules.rules())?,
        TableFormat::Text => text(path, &project, &rows, rules.rules(), terminal),
        TableFormat::Markdown => markdown(&rows),
    };
    terminal.print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn rows(arguments: &ConfigCommandArguments, project: &Project) -> anyhow::Result<Vec<Row>> {
    let config = &project.config;
    let environment = Environment::read()?;
    let mut rows = Vec::new();
    let mut row = |key: &str, value: Value, origin: Origin| {
        let key = key.to_owned();
        rows.push(Row { key, value, origin });
    };
    let typed = |texts: &[String], option: &'static str| {
        let origin = Origin::CommandLine(option);
        let texts = texts.iter();
        let words = texts.map(|text| Said::new(text.clone(), origin.clone()));
        words.collect::<Vec<Word>>()
    };
    let rules = &arguments.rules;
    // A stronger source selects in place of the weaker ones; the others add up.
    let select = typed(&rules.select, "--select");
    let (weakest, select) = match (&environment.select, &config.select) {
        _ if !select.is_empty() => (2, Some((select.as_slice(), select[0].origin.clone()))),
        (Some(said), _) => (1, Some((said.value.as_slice(), said.origin.clone()))),
        (_, said) => {
            let said = said.as_ref();
            (
                0,
                said.map(|said| (said.value.as_slice(), said.origin.clone())),
            )
        }
    };
    match select {
        Some((words, origin)) => row("select", names(words), origin),
        None => row("select", json!("the default rules"), Origin::Default),
    }
    let more = [
        config.extend_select.clone(),
        environment.extend_select,
        typed(&rules.extend_select, "--extend-select"),
    ];
    for words in more.iter().skip(weakest).filter(|it| !it.is_empty()) {
        row("extend-select", names(words), words[0].origin.clone());
    }
    let ignored = config.ignore.as_ref().map(|said| said.value.clone());
    let ignored = [
        ignored.unwrap_or_default(),
        environment.ignore,
        typed(&rules.ignore, "--ignore"),
    ];
    for words in ignored.iter().filter(|it| !it.is_empty()) {
        row("ignore", names(words), words[0].origin.clone());
    }
    for (pattern, words) in &config.per_file_ignores {
        let key = format!("per-file-ignores.{:?}", pattern.value);
        row(&key, names(words), pattern.origin.clone());
    }
    for (rule, level) in &config.levels {
        let key = format!("levels.{}", rule.value);
        let level = level.map_or("off", |level| level.as_str());
        row(&key, json!(level), rule.origin.clone());
    }
    let mut words = FAIL_ON.iter();
    let word = words.find(|(_, level)| *level == project.fail_on.value);
    let word = word.map_or("", |(word, _)| *word);
    row("fail-on", json!(word), project.fail_on.origin.clone());
    match &config.exclude {
        Some(said) => row("exclude", names(&said.value), said.origin.clone()),
        None => row("exclude", json!(EXCLUDED), Origin::Default),
    }
    if let [first, ..] = config.extend_exclude.as_slice() {
        row(
            "extend-exclude",
            names(&config.extend_exclude),
            first.origin.clone(),
        );
    }
    let forced = config.force_exclude.clone().unwrap_or(Said::default(false));
    row("force-exclude", json!(forced.value), forced.origin);
    for said in &config.rules {
        row(
            "rules.paths",
            json!(shown(&said.value)),
            said.origin.clone(),
        );
    }
    for path in &rules.pages.rules {
        row(
            "rules.paths",
            json!(shown(path)),
            Origin::CommandLine("--rules"),
        );
    }
    if let Some(said) = &config.baseline {
        row("baseline", json!(shown(&said.value)), said.origin.clone());
    }
    let mut told = Vec::new();
    // Of a value that two files say the later one, this file's own, is in force.
    for (key, origin) in config.settings_from.iter().rev() {
        if !told.contains(&key) {
            told.push(key);
            let path: Vec<&str> = key.splitn(2, '.').collect();
            let value = path
                .iter()
                .try_fold(None, |within: Option<&toml::Value>, part| {
                    let found = match within {
                        None => config.settings.get(*part),
                        Some(table) => table.get(*part),
                    };
                    found.map(Some)
                });
            let value = serde_json::to_value(value.flatten())?;
            row(key, value, origin.clone());
        }
    }
    Ok(rows)
}

fn names(words: &[Word]) -> Value {
    words.iter().map(|word| json!(word.value.trim())).collect()
}

/// A value as people read it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        value => value.to_string(),
    }
}

fn text(
    path: &Path,
    project: &Project,
    rows: &[Row],
    rules: &[Selected],
    terminal: &Terminal,
) -> String {
    let mut out = String::new();
    let file = match &project.config.path {
        Some(file) => shown(file),
        None => "no configuration file".to_owned(),
    };
    let _ = writeln!(out, "For {}: {}\n", visible(&shown(path)), visible(&file));
    let width = |text: fn(&Row) -> String| rows.iter().map(|row| text(row).len()).max();
    let keys = width(|row| row.key.clone()).unwrap_or(0);
    for row in rows {
        let key = terminal.paint(NAME, format!("{:keys$}", row.key));
        let value = visible(&plain(&row.value));
        let origin = visible(&row.origin.to_string());
        let _ = writeln!(out, "{key}  {value}  ({origin})");
    }
    let _ = writeln!(out, "\n{}", terminal.paint(HEADING, "Rules that run"));
    for selected in rules {
        let level = selected.level.as_str();
        let _ = write!(out, "  {} ({level}", selected.rule.name);
        if let Some(said) = project.levels.get(selected.rule.name) {
            let _ = write!(out, ", {}", visible(&said.origin.to_string()));
        }
        out.push_str(")\n");
    }
    out
}

fn markdown(rows: &[Row]) -> String {
    let mut out = "| key | value | from |\n|---|---|---|\n".to_owned();
    for row in rows {
        let value = plain(&row.value).replace('|', "\\|");
        let _ = writeln!(out, "| `{}` | {value} | {} |", row.key, row.origin);
    }
    out
}

fn json_text(
    path: &Path,
    project: &Project,
    rows: &[Row],
    rules: &[Selected],
) -> anyhow::Result<String> {
    let values = rows.iter().map(|row| {
        let from = match &row.origin {
            Origin::Default => json!({"kind": "default"}),
            Origin::File(spot) => {
                json!({"kind": "file", "path": shown(&spot.file.path), "line": spot.line()})
            }
            Origin::Environment(name) => json!({"kind": "environment", "name": name}),
            Origin::CommandLine(name) => json!({"kind": "command-line", "name": name}),
        };
        json!({"key": row.key, "value": row.value, "from": from})
    });
    let rules = rules.iter();
    let rules = rules.map(|it| json!({"name": it.rule.name, "level": it.level.as_str()}));
    let all = json!({
        "path": shown(path),
        "file": project.config.path.as_deref().map(shown),
        "values": values.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}
