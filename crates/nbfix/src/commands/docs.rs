//! `nbfix docs`.

use std::fs;

use anyhow::Context;

use crate::arguments::DocsArguments;
use crate::inputs::shown;
use crate::outcome::{Exit, count};
use crate::rulebook::Rulebook;
use crate::site;
use crate::terminal::Terminal;

/// Writes the pages as a site.
pub(crate) fn docs(arguments: &DocsArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let book = Rulebook::here(&arguments.pages)?;
    let files = site::build(&book)?;
    for (name, text) in &files {
        let path = arguments.out.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| shown(folder))?;
        }
        fs::write(&path, text).with_context(|| shown(&path))?;
    }
    let text = format!(
        "{} in {}; begin with {}\n",
        count(files.len(), "file", "files"),
        shown(&arguments.out),
        shown(&arguments.out.join("index.html"))
    );
    terminal.print(text.as_bytes())?;
    Ok(Exit::Clean)
}
