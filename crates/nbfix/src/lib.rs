//! `nbfix`: finds what breaks a Jupyter notebook on somebody else's machine, and mends it.
//!
//! The one crate that reads, writes, prints and exits. What a notebook is, what is wrong with it and how findings
//! look is decided elsewhere; this crate finds the files, hands them over, and tells the outcome.

mod app_folder;
mod arguments;
mod baseline;
mod beside;
mod bless;
mod changed;
mod commands;
mod config;
mod environment;
mod excerpt;
mod function_apps;
mod inputs;
mod interrupt;
mod journal;
mod outcome;
mod patterns;
mod progress;
mod project;
mod reports;
mod rewrite;
mod rulebook;
mod runner;
mod schema;
mod selection;
mod site;
mod statistics;
mod terminal;
mod write;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use outcome::Exit;
use rulebook::BadPages;
use runner::Interrupted;
use terminal::{Terminal, is_broken_pipe};

/// Does what the command line says, and gives the code to exit with.
pub fn main() -> ExitCode {
    runner::quiet_panics();
    let arguments = Arguments::parse();
    let terminal = Terminal::new(arguments.color);
    let done = match &arguments.command {
        Command::Check(arguments) => commands::check(arguments, &terminal),
        Command::Fix(arguments) => commands::fix(arguments, &terminal),
        Command::Undo(arguments) => commands::undo(arguments, &terminal),
        Command::Diff(arguments) => commands::diff(arguments, &terminal),
        Command::Allow(arguments) => commands::allow(arguments, &terminal),
        Command::Baseline(arguments) => commands::baseline(arguments, &terminal),
        Command::Explain(arguments) => commands::explain(arguments, &terminal),
        Command::Functions(arguments) => commands::functions(arguments, &terminal),
        Command::Rules(arguments) => commands::rules(arguments, &terminal),
        Command::Match(arguments) => commands::search(arguments, &terminal),
        Command::NewRule(arguments) => commands::new_rule(arguments, &terminal),
        Command::Test(arguments) => commands::test(arguments, &terminal),
        Command::Config(arguments) => commands::config(arguments, &terminal),
        Command::Schema(arguments) => commands::schema(arguments, &terminal),
        Command::Docs(arguments) => commands::docs(arguments, &terminal),
        Command::Completions(arguments) => commands::completions(arguments, &terminal),
        Command::Man(arguments) => commands::man(arguments, &terminal),
    };
    match done {
        Ok(exit) => exit.code(),
        // Whoever reads has seen enough, as in `nbfix check | head`.
        Err(error) if is_broken_pipe(&error) => Exit::Clean.code(),
        Err(error) => {
            match error.downcast_ref::<BadPages>() {
                Some(BadPages(pages)) => pages.iter().for_each(|page| terminal.error(page)),
                None => terminal.error(&format!("{error:#}")),
            }
            match error.downcast_ref::<Interrupted>() {
                Some(_) => Exit::Interrupted.code(),
                None => Exit::Trouble.code(),
            }
        }
    }
}
