//! `nbfix baseline write`.

use std::path::PathBuf;
use std::sync::Mutex;

use std::collections::BTreeMap;
use std::sync::PoisonError;

use nbfix_lint::{Linted, lint};
use nbfix_rules::unreadable;
use nbfix_semantic::{Semantic, Sources};

use super::{crash_message, left_alone, open};
use crate::arguments::{BaselineArguments, BaselineCommand, BaselineWriteArguments};
use crate::baseline::{Baselines, Entries};
use crate::config::seen_from_here;
use crate::inputs::{Input, shown};
use crate::outcome::{Exit, Outcome, count};
use crate::project::Projects;
use crate::runner::{Frame, Run};
use crate::terminal::Terminal;

/// Writes down what is found, so that `check` tells only what is new.
pub(crate) fn baseline(arguments: &BaselineArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    match &arguments.command {
        BaselineCommand::Write(arguments) => write(arguments, terminal),
    }
}

fn write(arguments: &BaselineWriteArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let projects = Projects::new(&arguments.rules, None)?;
    let run = Run {
        files: &arguments.files,
        projects: &projects,
        telling: &arguments.telling,
        terminal,
        frame: Frame::PLAIN,
        persistent: true,
    };
    anyhow::ensure!(
        !arguments.files.is_stdin(),
        "a baseline is about files: what stands on stdin has no place in it"
    );
    let found = run.find()?;
    let baselines = Baselines::read(&found.inputs, arguments.baseline.as_deref(), false)?;
    let written: Mutex<BTreeMap<PathBuf, Vec<Entries>>> = Mutex::default();
    let tally = run.each_of(
        found,
        |input| {
            let mut outcome = Outcome::default();
            if let Some((path, entries)) = entries(input, &baselines, &mut outcome) {
                let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
                written.entry(path).or_default().push(entries);
            }
            outcome
        },
        |input, crash| left_alone(input, &crash),
    )?;
    let mut written = written.into_inner().unwrap_or_else(PoisonError::into_inner);
    for baseline in baselines.all() {
        let documents = written.remove(baseline.path()).unwrap_or_default();
        let done = baseline.write(documents)?;
        if !arguments.telling.quiet {
            let text = format!(
                "Wrote {} in {} to {}: {} new, {} dropped.\n",
                count(done.findings, "finding", "findings"),
                count(done.files, "file", "files"),
                shown(&seen_from_here(baseline.path())),
                done.added,
                done.dropped
            );
            terminal.print(text.as_bytes())?;
        }
    }
    Ok(match tally.trouble {
        true => Exit::Trouble,
        false => Exit::Clean,
    })
}

/// What the baseline of a document is to say about it; nothing if it cannot be read.
fn entries(
    input: &Input,
    baselines: &Baselines,
    outcome: &mut Outcome,
) -> Option<(PathBuf, Entries)> {
    let baseline = baselines.of(input)?;
    let rules = input.rules();
    let (notebook, linted) = match open(input, outcome)? {
        Ok(notebook) => {
            let folder = input.folder();
            let sources = Sources::parse(&notebook, input.origin(&folder));
            let linted = lint(&Semantic::new(&notebook, &sources), &rules);
            (Some(notebook), linted)
        }
        Err(error) => {
            let linted = Linted {
                findings: unreadable(&error, &rules),
                ..Linted::default()
            };
            (None, linted)
        }
    };
    for crash in &linted.crashes {
        outcome.messages.push(crash_message(input, crash));
        outcome.tally.trouble = true;
    }
    let entries = baseline.entries(input, notebook.as_ref(), &rules, &linted.findings);
    Some((baseline.path().to_owned(), entries))
}
