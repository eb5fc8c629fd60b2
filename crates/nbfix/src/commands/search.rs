//! `nbfix match`: a pattern of the moment.

use std::fmt::Write as _;

use anyhow::anyhow;
use nbfix_ipynb::Notebook;
use nbfix_lint::{Linted, Rule, RuleSet, lint};
use nbfix_pattern::{Pattern, PatternError, Template};
use nbfix_report::{Difference, Document, Style, cell_diff, masked_findings, unified_diff};
use nbfix_semantic::{Semantic, Sources};

use super::diff::{from_here, secrets, tell_masked};
use super::{crash_message, end, left_alone, open};
use crate::arguments::{FailOn, MatchArguments, OutputFormat, PageArguments};
use crate::excerpt::excerpt;
use crate::inputs::Input;
use crate::journal::Journal;
use crate::outcome::{Exit, Message, Outcome, Tally, count};
use crate::project::Projects;
use crate::reports::render;
use crate::rewrite::rewrite;
use crate::runner::{Frame, Run};
use crate::terminal::Terminal;
use crate::write::replace;

/// The name that matches go by.
const NAME: &str = "match";

/// What is done with the matches.
enum Task {
    Show(OutputFormat),
    Diff { patch: bool, show_secrets: bool },
    Write(Journal),
}

/// Searches for a pattern, and rewrites what it matches.
pub(crate) fn search(arguments: &MatchArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let rules = RuleSet::new([rule(arguments)?]);
    // Of the configuration only what it excludes matters here.
    let projects = Projects::of_pages(&PageArguments {
        config: arguments.config.clone(),
        ..PageArguments::default()
    })?;
    let task = match (&arguments.replace, arguments.write) {
        (None, _) => Task::Show(arguments.output_format),
        (Some(_), false) => Task::Diff {
            patch: arguments.patch,
            show_secrets: arguments.show_secrets,
        },
        (Some(_), true) => Task::Write(Journal::of_this_run(arguments.journal.wanted())),
    };
    let json = matches!(task, Task::Show(OutputFormat::Json));
    let run = Run {
        files: &arguments.files,
        projects: &projects,
        telling: &arguments.telling,
        terminal,
        frame: if json { Frame::ARRAY } else { Frame::PLAIN },
        persistent: matches!(task, Task::Write(_)),
    };
    let style = &terminal.style;
    let tally = run.each(
        |input| search_one(input, &rules, &task, style),
        |input, crash| left_alone(input, &crash),
    )?;
    if !json && !arguments.telling.quiet && tally.summary.files > 0 {
        // Stdout is for the matches, or for whoever applies the diff.
        terminal.note(summary(&tally, &task).as_bytes());
    }
    if let Task::Write(journal) = task {
        end(journal, terminal);
    }
    tell_masked(&tally, terminal);
    Ok(match (tally.trouble, tally.summary.affected) {
        (true, _) => Exit::Trouble,
        (false, 0) => Exit::Findings,
        (false, _) => Exit::Clean,
    })
}

/// The pattern as a rule. What is wrong with it is shown in it.
fn rule(arguments: &MatchArguments) -> anyhow::Result<&'static Rule> {
    let pattern = &arguments.pattern;
    let parsed = Pattern::parse(pattern).map_err(|error| shown("pattern", pattern, &error))?;
    let mut fix = String::new();
    if let Some(template) = &arguments.replace {
        Template::parse(template, &parsed).map_err(|error| shown("template", template, &error))?;
        let _ = write!(
            fix,
            "[fix]\ntitle = 'Rewrite it'\nsafety = 'unsafe'\ncaution = 'None.'\nreplace = {}\n",
            quoted(template)
        );
    }
    let mut holes = parsed.holes();
    holes.retain(|hole| *hole != "_");
    holes.dedup();
    let says: Vec<String> = holes
        .iter()
        .map(|hole| format!("`${hole}` is `{{{hole}}}`"))
        .collect();
    let says = match says.is_empty() {
        true => "it matches".to_owned(),
        false => says.join(", "),
    };
    let page = format!(
        "summary = ''\nmessage = '{says}'\ngroup = 'tidy'\nwhy = ''\n\
         documents = ['notebook', 'script', 'cell-file']\n\
         [match]\npattern = {}\n{fix}\
         [[example]]\nname = 'before'\nbefore = ''\nafter = ''\n[[example]]\nname = 'clean'\nclean = ''\n",
        quoted(pattern)
    );
    let rule = Rule::from_page(NAME, &page).map_err(|error| anyhow!("{error}"))?;
    Ok(Box::leak(Box::new(rule)))
}

fn quoted(text: &str) -> toml::Value {
    toml::Value::String(text.to_owned())
}

fn shown(what: &str, text: &str, error: &PatternError) -> anyhow::Error {
    let at = error.offset.min(text.len());
    anyhow!("the {what}: {error}\n{}", excerpt(text, at..at))
}

fn search_one(input: &Input, rules: &RuleSet, task: &Task, style: &Style) -> Outcome {
    let mut outcome = Outcome::default();
    let notebook = match open(input, &mut outcome) {
        None => return outcome,
        Some(Ok(notebook)) => notebook,
        Some(Err(error)) => {
            let message = format!("{}: not searched: {error}", input.name);
            outcome.messages.push(Message::Warning(message));
            return outcome;
        }
    };
    let folder = input.folder();
    let sources = Sources::parse(&notebook, input.origin(&folder));
    let linted = lint(&Semantic::new(&notebook, &sources), rules);
    let findings = masked_findings(&linted.findings, &input.secrets());
    let document = Document {
        path: &input.name,
        notebook: Some(&notebook),
        bytes: notebook.bytes(),
        findings: &findings,
        crashes: &[],
        secrets: &input.secrets(),
    };
    outcome.tally.count(&document, FailOn::Never);
    for crash in &linted.crashes {
        outcome.messages.push(crash_message(input, crash));
        outcome.tally.trouble = true;
    }
    match task {
        Task::Show(format) => outcome.out = render(&document, format.as_report(), style),
        _ => rewritten(input, &notebook, &linted, task, style, &mut outcome),
    }
    outcome
}

fn rewritten(
    input: &Input,
    before: &Notebook,
    linted: &Linted,
    task: &Task,
    style: &Style,
    outcome: &mut Outcome,
) {
    let done = rewrite(before, &input.name, &linted.findings);
    for refused in &done.refused {
        let message = format!("{}: {refused}", input.name);
        outcome.messages.push(Message::Warning(message));
        // Whoever asks for all of it to be written is not served with less.
        outcome.tally.trouble |= matches!(task, Task::Write(_));
    }
    let after = &done.notebook;
    let out = &mut outcome.out;
    // Writing to memory does not fail.
    let difference = match task {
        Task::Diff {
            patch: true,
            show_secrets,
        } => {
            let detector = input.secrets();
            let secrets = secrets(*show_secrets, &detector);
            let path = input.path().map_or_else(|| input.name.clone(), from_here);
            unified_diff(out, &path, before.bytes(), after.bytes(), style, secrets)
                .unwrap_or_default()
        }
        Task::Diff { show_secrets, .. } => {
            let detector = input.secrets();
            let secrets = secrets(*show_secrets, &detector);
            cell_diff(out, &input.name, before, after, style, secrets).unwrap_or_default()
        }
        _ => Difference {
            differs: before.bytes() != after.bytes(),
            masked: 0,
        },
    };
    let differs = difference.differs;
    outcome.tally.masked = difference.masked;
    outcome.tally.changed = usize::from(differs);
    outcome.tally.applied = done.applied;
    let Task::Write(journal) = task else {
        return;
    };
    let Some(path) = input.path() else {
        outcome.out = after.bytes().to_vec();
        return;
    };
    if differs && let Err(error) = replace(path, before.bytes(), after.bytes(), journal) {
        outcome.trouble(format!("{}: not written: {error:#}", input.name));
        outcome.tally.changed = 0;
        outcome.tally.applied = 0;
    }
}

fn summary(tally: &Tally, task: &Task) -> String {
    let all = &tally.summary;
    let matches = count(all.errors + all.warnings + all.notes, "match", "matches");
    let files = count(all.files, "file", "files");
    match task {
        Task::Show(_) => format!("{matches} in {} of {files}.\n", all.affected),
        Task::Diff { .. } => {
            let changed = tally.changed_files();
            format!(
                "Would rewrite {} of {matches} in {changed}.\n",
                tally.applied
            )
        }
        Task::Write(_) => {
            let changed = tally.changed_files();
            format!("Rewrote {} of {matches} in {changed}.\n", tally.applied)
        }
    }
}
