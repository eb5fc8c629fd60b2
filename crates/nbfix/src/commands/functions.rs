//! `nbfix functions`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use memchr::memmem;
use nbfix_ipynb::Notebook;
use nbfix_rules::{AppIndex, FilePlace, app_indexes};
use nbfix_semantic::{Semantic, Sources};
use serde_json::{Value, json};

use crate::app_folder::{AppFolder, ENTRY, find};
use crate::arguments::{FunctionsArguments, IndexFormat};
use crate::inputs::shown;
use crate::outcome::{Exit, count};
use crate::terminal::Terminal;

/// One function app, and how its files are named.
struct Told {
    project: String,
    /// What stands before the paths below the project's root.
    prefix: String,
    /// Whether cells of a notebook hold the files.
    in_cells: bool,
    index: AppIndex,
}

impl Told {
    /// File and line, and the cell.
    fn place(&self, at: &FilePlace) -> String {
        let place = format!("{}:{}", self.file(at), at.line);
        match self.in_cells {
            true => format!("{place} (cell {})", at.cell.number()),
            false => place,
        }
    }

    fn file(&self, at: &FilePlace) -> String {
        format!("{}{}", self.prefix, at.file)
    }
}

/// Prints what the Functions worker would find.
pub(crate) fn functions(
    arguments: &FunctionsArguments,
    terminal: &Terminal,
) -> anyhow::Result<Exit> {
    let path = &arguments.path;
    let metadata = fs::metadata(path).with_context(|| shown(path))?;
    let mut found: Vec<Told> = Vec::new();
    if metadata.is_dir() {
        let roots = find(path);
        for root in &roots.apps {
            found.extend(on_disk(root)?);
        }
        for root in &roots.bare {
            terminal.warning(&format!(
                "{}: there is a host.json, but no {ENTRY} beside it",
                shown(root)
            ));
        }
        for notebook in &roots.notebooks {
            found.extend(in_notebook(notebook).unwrap_or_default());
        }
        let bare = !roots.bare.is_empty();
        if found.is_empty() {
            if !bare {
                terminal.warning(&format!(
                    "no function app found: no host.json beside a {ENTRY}"
                ));
            }
            if arguments.output_format == IndexFormat::Json {
                terminal.print(b"[]\n")?;
            }
            return Ok(if bare { Exit::Findings } else { Exit::Clean });
        }
    } else if path.extension().is_some_and(|it| it == "ipynb") {
        found = in_notebook(path)?;
        if found.is_empty() {
            terminal.warning(&format!("no cell writes a {ENTRY}"));
        }
    } else {
        let root = path.parent().map_or(PathBuf::from("."), Path::to_owned);
        let root = if root.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            root
        };
        anyhow::ensure!(
            root.join(ENTRY).is_file(),
            "{}: give a notebook, a {ENTRY}, or a folder",
            shown(path)
        );
        found.extend(on_disk(&root)?);
    }
    let text = match arguments.output_format {
        IndexFormat::Json => {
            let all: Vec<Value> = found.iter().map(as_json).collect();
            serde_json::to_string_pretty(&all)? + "\n"
        }
        IndexFormat::Text => found.iter().map(as_text).collect::<Vec<_>>().join("\n"),
    };
    terminal.print(text.as_bytes())?;
    let empty = found.iter().any(|told| told.index.functions.is_empty());
    Ok(if empty { Exit::Findings } else { Exit::Clean })
}

fn on_disk(root: &Path) -> anyhow::Result<Vec<Told>> {
    let project = AppFolder::read(root).with_context(|| shown(root))?;
    let name = if project.name.is_empty() {
        ".".to_owned()
    } else {
        project.name.clone()
    };
    let prefix = match name.as_str() {
        "." => String::new(),
        name => format!("{name}/"),
    };
    let indexes = indexes(&project.notebook, &name);
    // Below the root there may be other files of that name; the worker imports the one beside `host.json`.
    let own = indexes.into_iter().filter(|index| index.root.is_empty());
    Ok(own
        .map(|index| Told {
            project: name.clone(),
            prefix: prefix.clone(),
            in_cells: false,
            index,
        })
        .collect())
}

fn in_notebook(path: &Path) -> anyhow::Result<Vec<Told>> {
    let name = shown(path);
    let bytes = fs::read(path).with_context(|| name.clone())?;
    if memmem::find(&bytes, ENTRY.as_bytes()).is_none() {
        return Ok(Vec::new());
    }
    let notebook = Notebook::load(bytes).with_context(|| name.clone())?;
    let told = |index: AppIndex| Told {
        project: name.clone(),
        prefix: index.root.clone(),
        in_cells: true,
        index,
    };
    Ok(indexes(&notebook, &name).into_iter().map(told).collect())
}

fn indexes(notebook: &Notebook, name: &str) -> Vec<AppIndex> {
    let sources = Sources::parse(notebook, name);
    app_indexes(&Semantic::new(notebook, &sources))
}

fn as_json(told: &Told) -> Value {
    let functions = told.index.functions.iter().map(|function| {
        json!({
            "name": function.name,
            "trigger": function.trigger,
            "file": told.file(&function.at),
            "line": function.at.line,
        })
    });
    let error = told.index.error.as_ref().map(|error| {
        json!({
            "rule": error.rule,
            "message": error.message,
            "file": error.at.as_ref().map(|at| told.file(at)),
            "line": error.at.as_ref().map(|at| at.line),
        })
    });
    json!({
        "project": told.project,
        "functions": functions.collect::<Vec<_>>(),
        "error": error,
    })
}

fn as_text(told: &Told) -> String {
    let index = &told.index;
    let number = count(index.functions.len(), "function", "functions");
    let mut out = format!("{}: {number}\n", told.project);
    let width = |text: &dyn Fn(&nbfix_rules::IndexedFunction) -> usize| {
        index.functions.iter().map(text).max().unwrap_or(0)
    };
    let names = width(&|function| function.name.chars().count());
    let triggers = width(&|function| function.trigger.chars().count());
    // Writing to a text does not fail.
    for function in &index.functions {
        let place = told.place(&function.at);
        let _ = writeln!(
            out,
            "  {:names$}  {:triggers$}  {place}",
            function.name, function.trigger
        );
    }
    if let Some(error) = &index.error {
        let _ = writeln!(out, "  {}", error.message);
        if let Some(at) = &error.at {
            let _ = writeln!(out, "  at {}", told.place(at));
        }
        let _ = writeln!(out, "  `nbfix explain {}` tells more", error.rule);
    }
    for (at, why) in &index.doubts {
        let place = at.as_ref().map(|at| format!("{}: ", told.place(at)));
        let _ = writeln!(out, "  a guess: {}{why}", place.unwrap_or_default());
    }
    out
}
