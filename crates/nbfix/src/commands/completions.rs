//! `nbfix completions` and `nbfix man`: what shells and manuals want to know, from the same definitions as `--help`.

use std::fs;

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man;

use crate::arguments::{Arguments, CompletionsArguments, ManArguments};
use crate::outcome::Exit;
use crate::terminal::Terminal;

const NAME: &str = "nbfix";

/// Prints what completes commands and options in a shell.
pub(crate) fn completions(
    arguments: &CompletionsArguments,
    terminal: &Terminal,
) -> anyhow::Result<Exit> {
    let mut out = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), NAME, &mut out);
    terminal.print(&out)?;
    Ok(Exit::Clean)
}

/// Prints the manual page, or writes those of all commands.
pub(crate) fn man(arguments: &ManArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let Some(folder) = &arguments.out else {
        let mut out = Vec::new();
        Man::new(Arguments::command()).render(&mut out)?;
        terminal.print(&out)?;
        return Ok(Exit::Clean);
    };
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    clap_mangen::generate_to(Arguments::command(), folder)
        .with_context(|| folder.display().to_string())?;
    Ok(Exit::Clean)
}
